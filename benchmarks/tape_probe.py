"""How fast the tape is: a batch recorded, the cursor moved by one record, a jump to anywhere."""

import random
import statistics
import time
from collections.abc import Callable

from PySide6.QtWidgets import QApplication

from app.document.document import Document
from app.window.main_window import MainWindow

_BATCHES = 5
_JUMPS = 60


def tape(application: QApplication, window: MainWindow) -> dict[str, float]:
    """Milliseconds to record a batch, and from a key to the painted window, with the panels that are open at first."""
    document = window.document
    document.next_batch()
    steps, jumps = [], []
    for _ in range(_BATCHES):
        document.next_layer()  # which begins a batch: recorded, not moved to
        assert document.tape
        for _ in range(len(document.tape) - 1):
            steps.append(_painted(application, window.command["next_layer"].trigger))
    rng, length = random.Random(0), len(document.tape or ())
    for _ in range(_JUMPS):
        place = rng.randrange(length + 1)
        jumps.append(_painted(application, lambda place=place: document.go_to(place)))  # type: ignore[misc]
    return {
        "record": _record(document),
        "cursor": statistics.median(steps),
        "cursor_max": max(steps),
        "jump": statistics.median(jumps),
        "jump_max": max(jumps),
    }


def _record(document: Document) -> float:
    trainer, times = document.experiment.trainer(document.data), []
    for _ in range(_BATCHES + 1):
        started = time.perf_counter()
        trainer.record_step()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[1:])


def _painted(application: QApplication, move: Callable[[], None]) -> float:
    """Milliseconds until everything that a move changed is painted."""
    application.processEvents()
    started = time.perf_counter()
    move()
    application.processEvents()
    return (time.perf_counter() - started) * 1000
