"""The interface behind which a training runs, in slices between two frames or in a process of its own."""

from typing import Any

from PySide6.QtCore import QObject, Signal

from app.engine.protocol import Run
from core.datasets.base import Dataset
from core.norms import NormRange

ADVICE = "If that happens again, start Chainrule with --single-process: it then trains in the window's own process."
"""For whoever cannot start a process."""


class Engine(QObject):
    """Runs one training at a time; all signals come from the thread of the window."""

    frame = Signal(object)
    """A `Frame`; the losses are complete over all frames."""

    stopped = Signal(object)
    """A `Stopped`; from then on the weights belong to the window again."""

    slow = Signal(float)
    """For how many seconds the current step has been running, once that is long; 0 when it is over."""

    waits = Signal()
    """`pause_now` has to wait noticeably long."""

    def waiting(self) -> int:
        """Reports that have arrived and were not shown yet."""
        return 0

    def load(self, data: Dataset) -> None:
        """The data that the next runs train on."""
        raise NotImplementedError

    def start(self, run: Run) -> None:
        """Begin to train; the weights are the engine's until `stopped`."""
        raise NotImplementedError

    def pause(self) -> None:
        """Ask for a stop after the current step; `stopped` will be sent."""
        raise NotImplementedError

    def pause_now(self) -> None:
        """Stop after the current step; on return `stopped` has been sent."""
        raise NotImplementedError

    def change_optimizer(self, spec: dict[str, Any]) -> None:
        """Change options of the running optimizer."""
        raise NotImplementedError

    def watch(self, norms: tuple[NormRange, ...]) -> None:
        """End the run at a step whose gradient leaves one of these ranges, instead of those it began with."""
        raise NotImplementedError

    def close(self) -> None:
        """End for good, without another signal."""
        raise NotImplementedError
