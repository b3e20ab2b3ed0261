"""Evaluates a large test set while the window has nothing else to do, so that the accuracy is that of what is shown."""

import math
import time
from collections.abc import Generator

from PySide6.QtCore import QObject, QTimer

from app.document.document import Document

_BEARABLE = 0.05
"""Seconds that a piece of an evaluation may hold the window up; a network that takes longer is not evaluated here."""

_TRIES = 3
"""Pieces after which that is decided, by the quickest: something else may have held up the others."""

_HOPELESS = 0.25
"""Seconds of a single piece that decide it at once."""


class IdleEvaluation(QObject):
    """Begins after a pause and at the end of an epoch; any change ends it at once, and what it had so far is void."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._pieces: Generator[None, None, None] | None = None
        self._done, self._quickest = 0, math.inf  # pieces, and the seconds of the quickest
        self._run_ended = False
        self._paused_at = -1  # the step to which a run led
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)
        document.running_changed.connect(self._follow_running)
        document.position_changed.connect(self._follow)

    def close(self) -> None:
        """Evaluate no more."""
        self._document.running_changed.disconnect(self._follow_running)
        self._document.position_changed.disconnect(self._follow)
        self._stop()

    def _follow_running(self) -> None:
        self._run_ended = not self._document.running
        self._follow()

    def _follow(self) -> None:
        self._stop()
        if self._document.lacks_evaluation:
            self._timer.start()

    def _go_on(self) -> None:
        """One piece of the evaluation: in between the window can answer."""
        if self._pieces is None:
            if not self._is_due():
                self._stop()
                return
            self._pieces = self._document.evaluation()
        started = time.perf_counter()
        try:
            next(self._pieces)
        except StopIteration:
            self._stop()
            self._document.record_ahead()  # which had to wait
            return
        except MemoryError:
            self._stop()
            return
        took = time.perf_counter() - started
        self._done, self._quickest = self._done + 1, min(self._quickest, took)
        if took > _HOPELESS or (self._done == _TRIES and self._quickest > _BEARABLE):
            self._stop()

    def _is_due(self) -> bool:
        """Whether a run led to what is shown, or an epoch ends there, and nothing is known of it."""
        document = self._document
        if not document.lacks_evaluation or document.trainer is None:
            return False
        if self._run_ended:
            self._run_ended, self._paused_at = False, document.steps_done
        return document.steps_done == self._paused_at or document.steps_done % document.trainer.batches_per_epoch == 0

    def _stop(self) -> None:
        self._timer.stop()
        if self._pieces is not None:
            self._pieces.close()
        self._pieces, self._done, self._quickest = None, 0, math.inf
