"""Sentences across the top of the window: what is no longer true is gone."""

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from app.window.main_window import MainWindow
from app.window.run_control import OTHER_WEIGHTS
from tests.e2e.hands import choose, press, says, wait_for_steps

DIVERGES = {"loss": {"kind": "mse"}, "optimizer": {"kind": "sgd", "learning_rate": 1e6}}


def run(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "run")
    wait_for_steps(qtbot, window, window.document.steps_done + 5)


def diverge(window: MainWindow, qtbot: QtBot) -> None:
    window.document.edit("too fast", **DIVERGES)
    press(window, "run")
    qtbot.waitUntil(lambda: not window.document.running)
    assert says(window.banner, "not finite")


def interrupt(window: MainWindow, qtbot: QtBot) -> None:
    run(window, qtbot)
    choose(window, "Network", "New weights")
    qtbot.waitUntil(window.banner.isVisible)
    assert not window.document.running and says(window.banner, OTHER_WEIGHTS)


def undo(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "undo")


def edit(window: MainWindow, qtbot: QtBot) -> None:
    window.document.edit("mended", optimizer={"kind": "sgd", "learning_rate": 1e-3})


def reset(window: MainWindow, qtbot: QtBot) -> None:
    choose(window, "Network", "Reset")


@pytest.mark.parametrize("message", [diverge, interrupt])
@pytest.mark.parametrize("mend", [undo, edit, reset])
def test_a_change_takes_away_what_was_said_before_it(
    window: MainWindow,
    qtbot: QtBot,
    message: Callable[[MainWindow, QtBot], None],
    mend: Callable[[MainWindow, QtBot], None],
) -> None:
    message(window, qtbot)
    mend(window, qtbot)
    assert not window.banner.isVisible()


def test_a_run_takes_away_what_was_said_before_it(window: MainWindow, qtbot: QtBot) -> None:
    interrupt(window, qtbot)
    run(window, qtbot)
    assert not window.banner.isVisible()
