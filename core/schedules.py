"""Schedules: the learning rate as a function of the step, and of nothing else."""

import dataclasses
import math
from typing import ClassVar

from core.options import Configurable, from_spec, option
from core.types import Spec


class Schedule(Configurable):
    """A function of the step; subclasses are frozen dataclasses of options."""

    def rate(self, base: float, step: int) -> float:
        """The learning rate of update number `step` (0 is the first), where `base` is the one that was chosen."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class ConstantRate(Schedule):
    """The learning rate stays as chosen.

    Formula:  η(t) = η₀
    Source:   `torch.optim.lr_scheduler.ConstantLR` with a factor of 1
    """

    kind: ClassVar[str] = "constant"
    title: ClassVar[str] = "Constant"

    def rate(self, base: float, step: int) -> float:
        return base


@dataclasses.dataclass(frozen=True)
class StepRate(Schedule):
    """Every step_size steps the learning rate is multiplied by gamma.

    Formula:  η(t) = η₀ · gamma^⌊t / step_size⌋
    Source:   `torch.optim.lr_scheduler.StepLR`
    """

    kind: ClassVar[str] = "step"
    title: ClassVar[str] = "Step"

    step_size: int = option(1000, minimum=1, label="Steps a stage", help="How long the rate stays the same.")
    gamma: float = option(0.1, above=0, maximum=1, help="What the rate is multiplied by.")

    def rate(self, base: float, step: int) -> float:
        return base * self.gamma ** (step // self.step_size)


@dataclasses.dataclass(frozen=True)
class ExponentialRate(Schedule):
    """With every step the learning rate is multiplied by gamma.

    Formula:  η(t) = η₀ · gammaᵗ
    Source:   `torch.optim.lr_scheduler.ExponentialLR`
    """

    kind: ClassVar[str] = "exponential"
    title: ClassVar[str] = "Exponential"

    gamma: float = option(0.999, above=0, maximum=1, help="What the rate is multiplied by after every step.")

    def rate(self, base: float, step: int) -> float:
        return base * self.gamma**step


@dataclasses.dataclass(frozen=True)
class CosineRate(Schedule):
    """The learning rate falls along half a cosine wave to eta_min at step T = total_steps, and stays there.

    Formula:  η(t) = eta_min + ½ (η₀ − eta_min) (1 + cos(π · min(t, T) / T))
    Source:   Loshchilov and Hutter 2017; `torch.optim.lr_scheduler.CosineAnnealingLR`, which rises again after T
    """

    kind: ClassVar[str] = "cosine"
    title: ClassVar[str] = "Cosine"

    total_steps: int = option(10_000, minimum=1, help="The step at which the rate reaches eta_min.")
    eta_min: float = option(0.0, minimum=0, maximum=1e6, label="Final rate", help="The learning rate at the end.")

    def rate(self, base: float, step: int) -> float:
        return _along_cosine(base, self.eta_min, min(step, self.total_steps) / self.total_steps)


@dataclasses.dataclass(frozen=True)
class WarmUpRate(Schedule):
    """The learning rate rises in a straight line from start_factor · η₀ to η₀ at step T = warmup_steps, then stays.

    Formula:  η(t) = η₀ · (start_factor + (1 − start_factor) · min(t, T) / T)
    Source:   Goyal et al. 2017; `torch.optim.lr_scheduler.LinearLR`
    """

    kind: ClassVar[str] = "warmup"
    title: ClassVar[str] = "Warm-up"

    warmup_steps: int = option(500, minimum=1, label="Warm-up steps", help="When the full rate is reached.")
    start_factor: float = option(0.1, above=0, maximum=1, help="Share of the rate that the first step uses.")

    def rate(self, base: float, step: int) -> float:
        return base * (self.start_factor + (1 - self.start_factor) * min(step, self.warmup_steps) / self.warmup_steps)


@dataclasses.dataclass(frozen=True)
class OneCycleRate(Schedule):
    """The learning rate rises from a small one to η₀, the chosen one, and falls to nearly 0, on half cosine waves.

    The peak lies at step p = pct_start · total_steps − 1, the end at step e = total_steps − 1; then it stays.

    Formula:  η(t) = a + ½ (b − a) (1 − cos(π s)), rising: a = η₀ / div_factor, b = η₀, s = t / p;
              falling: a = η₀, b = η₀ / (div_factor · final_div_factor), s = (min(t, e) − p) / (e − p)
    Source:   Smith and Topin 2018; `torch.optim.lr_scheduler.OneCycleLR`, momentum left alone
    """

    kind: ClassVar[str] = "one_cycle"
    title: ClassVar[str] = "One cycle"

    total_steps: int = option(10_000, minimum=1, help="How many steps the cycle has.")
    pct_start: float = option(0.3, minimum=0, below=1, label="Rising share", help="Share of the steps that rise.")
    div_factor: float = option(25.0, minimum=1, maximum=1e9, advanced=True, help="First rate = peak / this value.")
    final_div_factor: float = option(
        1e4, minimum=1, maximum=1e9, advanced=True, help="Last rate = first rate / this value."
    )

    def rate(self, base: float, step: int) -> float:
        peak, end = self.pct_start * self.total_steps - 1, self.total_steps - 1
        first = base / self.div_factor
        if step < peak:
            return _along_cosine(first, base, step / peak)
        return _along_cosine(base, first / self.final_div_factor, (min(step, end) - peak) / (end - peak))


def _along_cosine(start: float, end: float, share: float) -> float:
    """From `start` (share 0) to `end` (share 1) along half a cosine wave."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


SCHEDULES: dict[str, type[Schedule]] = {
    schedule.kind: schedule
    for schedule in (ConstantRate, StepRate, ExponentialRate, CosineRate, WarmUpRate, OneCycleRate)
}
"""In the order in which a person meets them in the window."""


def schedule_from_spec(spec: Spec) -> Schedule:
    """Rebuild a schedule from its `spec()`."""
    return from_spec(SCHEDULES, spec, "schedule")
