"""How much training closing the window would lose: that of the network that is open, and of no other one."""

import numpy as np
import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

import app.window.run_control
from app.document.document import Document
from app.engine.in_process import InProcessEngine
from app.engine.protocol import Frame
from app.window.closing import ClosingQuestion
from app.window.run_control import RunControl
from tests.app.documents import xor_document


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(app.window.run_control, "time", clock)
    return clock


class Stake:
    """A document that was trained for ten minutes."""

    def __init__(self, qtbot: QtBot, clock: Clock) -> None:
        self.document: Document = xor_document()
        self.engine = InProcessEngine()
        self.control = RunControl(self.document, self.engine)
        self.control.load()
        self.document.next_batch()
        self.control.run()
        clock.now += 600
        self.control.pause_now()
        window = QMainWindow()
        qtbot.addWidget(window)
        self.question = ClosingQuestion(window, self.document, self.control)

    @property
    def minutes(self) -> float:
        return self.control.seconds_at_stake / 60


def test_after_a_reset_a_single_batch_is_no_ten_minutes_and_undo_brings_them_back(qtbot: QtBot, clock: Clock) -> None:
    stake = Stake(qtbot, clock)
    assert stake.minutes == 10 and stake.question.is_due
    stake.document.reset()
    stake.document.next_batch()
    assert stake.minutes == 0 and not stake.question.is_due
    stake.document.undo()
    assert stake.minutes == 10 and stake.question.is_due


def test_another_network_has_minutes_of_its_own(qtbot: QtBot, clock: Clock) -> None:
    stake = Stake(qtbot, clock)
    stake.document.edit("seed", seed=9)
    stake.document.next_batch()
    stake.control.run()
    clock.now += 120
    assert stake.minutes == 2
    stake.control.pause_now()
    stake.control.secure()
    assert stake.minutes == 0
    stake.document.undo()
    assert stake.minutes == 10, "only the weights that were open were exported"


def test_what_a_run_did_after_the_weights_that_are_shown_is_not_exported_with_them(qtbot: QtBot, clock: Clock) -> None:
    """Those of a slow training are shown when it is paused, and not before."""
    stake = Stake(qtbot, clock)
    stake.control.run()
    clock.now += 300
    state = stake.document.course.snapshots.nearest(stake.document.steps_done)
    assert state
    stake.engine.frame.emit(Frame(stake.document.steps_done + 1, np.array([0.5]), {}, None, samples_per_second=1))
    stake.engine.frame.emit(Frame(stake.document.steps_done + 2, np.array([0.5]), {}, state, samples_per_second=1))
    stake.control.secure()
    assert stake.minutes == 5


def test_what_a_run_did_before_the_weights_that_are_shown_is_exported_with_them(qtbot: QtBot, clock: Clock) -> None:
    stake = Stake(qtbot, clock)
    stake.control.run()
    clock.now += 300
    with qtbot.waitSignal(stake.engine.frame):
        pass
    clock.now += 60
    stake.control.secure()
    assert stake.minutes == 1


def test_earlier_weights_are_not_the_training_that_followed(qtbot: QtBot, clock: Clock) -> None:
    stake = Stake(qtbot, clock)
    stake.document.next_batch()
    while stake.document.steps_done == len(stake.document.history.losses):
        stake.document.back()
    stake.control.secure()
    assert stake.minutes == 10
    stake.document.next_batch()
    stake.control.secure()
    assert stake.minutes == 0
