"""How much training closing the window would lose: that of the network that is open, and of no other one."""

import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

import app.window.run_control
from app.document.document import Document
from app.engine.in_process import InProcessEngine
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
