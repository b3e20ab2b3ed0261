"""Sets with numbers as targets: functions simple enough to see at a glance whether a network has found them.

The noise is added to the targets, never to the inputs, so the curve a network should find is the function itself.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.datasets.base import Dataset
from core.datasets.sampled import SampledSource, train_count
from core.options import option
from core.types import Array

NOISE_HELP = "Standard deviation of the random error on the targets."


@dataclass(frozen=True)
class RegressionSource(SampledSource):
    """Inputs spread evenly over [-1, 1] along each axis, and a function of them as the target."""

    noise: float = option(0.0, minimum=0.0, maximum=0.5, help=NOISE_HELP)

    def load(self, folder: Path | None = None) -> Dataset:
        """Draw the inputs and compute the targets.

        Shapes:  x (N, features), float32; targets (N, 1), float32.
        """
        rng = np.random.default_rng(self.seed)
        # Rounded first, so that the targets belong to the inputs the network sees.
        x = rng.uniform(-1.0, 1.0, (self.points, self._features())).astype(np.float32)
        exact = self._target(x.astype(np.float64))
        target = (exact + self.noise * rng.standard_normal(exact.shape)).astype(np.float32)[:, None]
        cut = train_count(self.points, self.train_share)
        return Dataset(self.title, x[:cut], target[:cut], x[cut:], target[cut:])

    def _features(self) -> int:
        return 2

    def _target(self, x: Array) -> Array:
        """Targets (N,) for the inputs x (N, features), without noise."""
        raise NotImplementedError


@dataclass(frozen=True)
class Plane(RegressionSource):
    """An inclined plane, which a single linear unit can hit.

    Formula: t = (x₁ + x₂) / 2
    """

    kind = "plane"
    title = "Plane"

    def _target(self, x: Array) -> Array:
        result: Array = x.mean(axis=1)
        return result


@dataclass(frozen=True)
class Sine(RegressionSource):
    """Two periods of a sine over one input.

    Formula: t = sin(2π·x)
    """

    kind = "sine"
    title = "Sine"

    noise: float = option(0.05, minimum=0.0, maximum=0.5, help=NOISE_HELP)

    def _features(self) -> int:
        return 1

    def _target(self, x: Array) -> Array:
        result: Array = np.sin(math.tau * x[:, 0])
        return result


@dataclass(frozen=True)
class TwoBumps(RegressionSource):
    """A hill and a hollow over the plane.

    Formula: t = exp(−|x − a|² / 2σ²) − exp(−|x + a|² / 2σ²) with a = (0.4, 0.4), σ = 0.25
    """

    kind = "two_bumps"
    title = "Two bumps"

    def _target(self, x: Array) -> Array:
        hill = np.exp(-np.square(x - 0.4).sum(axis=1) / (2 * 0.25**2))
        hollow = np.exp(-np.square(x + 0.4).sum(axis=1) / (2 * 0.25**2))
        result: Array = hill - hollow
        return result
