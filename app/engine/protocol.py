"""What the window and a running training tell each other. Plain values only; they also travel between processes.

The window grants frames one at a time (`Grant`), so a slow window never finds a queue, and every loss still arrives:
losses wait in the worker until the next frame takes all of them along.
"""

import dataclasses
from typing import Any

import numpy as np

from core.datasets.base import Dataset
from core.experiment import Experiment
from core.metrics import Evaluation
from core.norms import NormRange
from core.types import Array
from core.words import count, number

# From the window


@dataclasses.dataclass(frozen=True)
class Until:
    """When a run ends by itself; None means that this does not end it."""

    steps: int | None = None  # the step after which it ends, counted from the start of training
    loss: float | None = None  # a batch loss at or below this
    accuracy: float | None = None  # a test accuracy at or above this, 0 … 1
    norms: tuple[NormRange, ...] = ()  # a step whose gradient leaves one of these; that step is not made

    def reached(self, step: int, loss: float | None, accuracy: float | None) -> str:
        """That a batch loss or a test accuracy is as wanted after a step, as a sentence; empty when neither is."""
        if self.loss is not None and loss is not None and loss <= self.loss:
            return f"The loss of step {count(step)} is {number(loss)}: the run is over, as wanted."
        if self.accuracy is not None and accuracy is not None and accuracy >= self.accuracy:
            percent = f"{accuracy * 100:.2f} %"
            return f"The test accuracy after step {count(step)} is {percent}: the run is over, as wanted."
        return ""


@dataclasses.dataclass(frozen=True)
class Load:
    """Keep this data: the runs that follow train on it. Sent ahead of a run, because it can be large."""

    data: Dataset


@dataclasses.dataclass(frozen=True)
class Run:
    """The order to train on the data that was loaded last."""

    experiment: Experiment
    state: dict[str, Any]  # of the trainer; on its way to a worker: where it lies in the block
    until: Until = Until()
    evaluation_share: float = 0.02  # largest share of the time that evaluations may take
    block: str = ""  # name of the memory through which the states pass (see state_block)


@dataclasses.dataclass(frozen=True)
class Grant:
    """One more frame may be sent."""


@dataclasses.dataclass(frozen=True)
class ChangeOptimizer:
    """Options of the optimizer change from the next step on; its memory stays."""

    spec: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Watch:
    """From the next step on these norms end the run, instead of those of `Until`."""

    norms: tuple[NormRange, ...]


@dataclasses.dataclass(frozen=True)
class Pause:
    """Stop after the current step."""


@dataclasses.dataclass(frozen=True)
class Quit:
    """End the process."""


# From the worker


@dataclasses.dataclass(frozen=True)
class Ready:
    """The process is there: it could be started."""


@dataclasses.dataclass(frozen=True)
class Begun:
    """The run was taken up; from here on there is something to lose."""


@dataclasses.dataclass(frozen=True)
class Frame:
    """What a running training reports: all losses since the last frame, and now and then its whole state."""

    first_step: int  # number of the step of the first loss
    losses: Array  # (steps since the last frame,)
    evaluations: dict[str, dict[int, Evaluation]]  # part of the data → step → evaluation
    state: dict[str, Any] | None  # on its way from a worker: where it lies in the block
    samples_per_second: float
    changes: tuple[tuple[int, dict[str, Any]], ...] = ()
    """Step → what the optimizer was changed to after it, for every change since the last frame."""


@dataclasses.dataclass(frozen=True)
class Stopped:
    """The run is over and the weights are handed back: `frame.state` is always there."""

    frame: Frame
    reason: str = ""  # a sentence; empty when a person paused it
    is_problem: bool = False  # whether the reason is something that went wrong


@dataclasses.dataclass(frozen=True)
class Failed:
    """The worker is lost, and with it what it did since its last state: what happened, without a full stop."""

    what: str


def unmoved(state: dict[str, Any]) -> Frame:
    """A frame that hands back a state with which nothing was done."""
    return Frame(state["steps"] + 1, np.empty(0), {}, state, 0.0)
