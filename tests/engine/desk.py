"""A document, its run control and an engine, with what tests do with them."""

import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from threadpoolctl import threadpool_limits

from app.document.document import Document
from app.engine.engine import Engine
from app.engine.protocol import Frame, Stopped, Until
from app.engine.state_block import StateBlock
from app.window.run_control import RunControl
from core.experiment import Experiment
from core.trainer import Trainer
from core.types import Arrays

SECONDS = 60
"""How long anything may take on a machine that is busy with other things."""

SHARED_MEMORY = Path("/dev/shm")

KEPT = "are here, and a new process is ready: press Run to go on."
"""How every sentence ends that tells of a lost process."""

needs_stop = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process and let it go on")


class Desk:
    """Hears all that the engine reports: frames, the end of each run, and the sentences for the person."""

    def __init__(self, qtbot: QtBot, experiment: Experiment, engine: Engine) -> None:
        threadpool_limits(1)
        self.qtbot = qtbot
        self.engine = engine
        self.document = Document(experiment, experiment.source().load())
        self.control = RunControl(self.document, engine)
        self.frames: list[Frame] = []
        self.stops: list[Stopped] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.slow: list[float] = []
        engine.frame.connect(self.frames.append)
        engine.stopped.connect(self.stops.append)
        engine.slow.connect(self.slow.append)
        self.control.failed.connect(self.problems.append)
        self.control.noted.connect(self.notes.append)
        self.control.load()

    @property
    def trainer(self) -> Trainer:
        """The document's trainer, which is there because a step can be made."""
        assert self.document.trainer
        return self.document.trainer

    def wait(self, what: Any) -> None:
        """Let Qt run until a condition holds."""
        self.qtbot.waitUntil(what)

    def wait_for_end(self) -> None:
        """Let Qt run until the training is over."""
        self.wait(lambda: not self.document.running)

    def run(self, until: Until | None = None, *, frames: int = 1) -> None:
        """Start a run and wait for so many frames that carry a state of later steps."""
        self.control.run(until)
        self.wait_for_states(frames)

    def wait_for_states(self, count: int) -> None:
        """Wait for so many more frames that carry a state of later steps."""
        wanted = len(self.states()) + count
        self.wait(lambda: len(self.states()) >= wanted or not self.document.running)
        assert self.document.running, self.problems

    def states(self) -> list[dict[str, Any]]:
        """The states that frames have carried so far.

        Not of those between which only evaluating was done, as happens where the machine is busy with other things.
        """
        return [frame.state for frame in self.frames if frame.state is not None and len(frame.losses)]

    def train_to(self, step: int) -> None:
        """Train up to that step, and wait for it."""
        self.control.run_to_step(step)
        self.wait_for_end()

    def pause(self) -> None:
        """Press Pause and wait."""
        self.control.pause()
        self.wait_for_end()

    def twin(self) -> Trainer:
        """A plain trainer of the same experiment, trained as far as the document is."""
        trainer = self.document.experiment.trainer(self.document.data)
        for _ in range(self.document.steps_done):
            trainer.train_step()
        return trainer

    def assert_as_if_never_interrupted(self) -> None:
        """Demand the weights and the losses of plain training, bit for bit."""
        document, twin = self.document, self.document.experiment.trainer(self.document.data)
        losses = [twin.train_step() for _ in range(document.steps_done)]
        assert not document.running
        assert list(document.history.losses) == losses
        assert_same(document.weights(), twin.network.state_dict())


def child() -> BaseProcess:
    """The one child process there is."""
    (process,) = multiprocessing.active_children()
    return process


def note_blocks(patch: pytest.MonkeyPatch) -> list[Path]:
    """Where every block of shared memory lies that this process makes from now on: other programs make some too."""
    made: list[Path] = []
    for_state = StateBlock.for_state

    def noting(state: Mapping[str, Any]) -> StateBlock:
        block = for_state(state)
        made.append(SHARED_MEMORY / block.name.lstrip("/"))
        return block

    patch.setattr(StateBlock, "for_state", noting)
    return made


def still_there(blocks: list[Path]) -> list[Path]:
    """Those blocks of shared memory that were not removed yet."""
    return [block for block in blocks if block.exists()]


def assert_same(got: Arrays, wanted: Arrays) -> None:
    """Demand the same names and, bit for bit, the same values."""
    assert list(got) == list(wanted)
    for name, array in wanted.items():
        assert got[name].dtype == array.dtype and got[name].tobytes() == array.tobytes(), name


def assert_goes_on(desk: Desk) -> None:
    """Demand that what is there is what plain training gives, and that the next run continues it."""
    desk.assert_as_if_never_interrupted()
    problems = len(desk.problems)
    desk.train_to(desk.document.steps_done + 30)
    assert not desk.stops[-1].reason and len(desk.problems) == problems
    desk.assert_as_if_never_interrupted()


def comes_about(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition comes to hold within so many seconds in which Qt does nothing."""
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return holds
