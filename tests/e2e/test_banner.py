"""Sentences across the top of the window: a training that stops says why, and what is no longer true is gone."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.panels.data import DataPanel
from app.window.main_window import MainWindow
from app.window.run_control import OTHER_WEIGHTS
from tests.e2e.hands import choose, click, press, says, wait_for_steps, write

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


def tile(window: MainWindow) -> None:
    click(window.arrangement.panel(DataPanel).tiles["moons"])


def noise(window: MainWindow) -> None:
    line = window.arrangement.panel(DataPanel).form.fields["noise"].field
    assert isinstance(line, QLineEdit)
    write(line, "0.2")


def preset(window: MainWindow) -> None:
    choose(window, "File", "Open preset", "circles")


@pytest.mark.parametrize("change", [tile, noise, preset])
def test_other_data_and_another_experiment_say_why_the_training_is_paused(
    window: MainWindow, qtbot: QtBot, change: Callable[[MainWindow], None]
) -> None:
    run(window, qtbot)
    change(window)
    qtbot.waitUntil(window.banner.isVisible)
    assert says(window.banner, OTHER_WEIGHTS)
    assert not window.document.running and window.document.steps_done == 0


def test_what_had_to_change_is_said_before_why_the_training_is_paused(window: MainWindow, qtbot: QtBot) -> None:
    run(window, qtbot)
    click(window.arrangement.panel(DataPanel).tiles["blobs"])
    qtbot.waitUntil(lambda: says(window.banner, OTHER_WEIGHTS))
    assert says(window.banner, "were fitted to", f"brings the old ones back. {OTHER_WEIGHTS}")


def test_layers_that_do_not_fit_any_more_say_so_and_not_to_press_run(window: MainWindow, qtbot: QtBot) -> None:
    run(window, qtbot)
    document = window.document
    document.edit("flat", layers=({"kind": "conv2d", "filters": 2, "kernel_size": 3}, *document.experiment.layers))
    qtbot.waitUntil(window.banner.isVisible)
    assert not document.running and says(window.banner, "The training was paused. Layer 1, Conv2D, needs")
    assert not says(window.banner, "press Run")
    press(window, "undo")
    assert document.trainer is not None and not window.banner.isVisible()
