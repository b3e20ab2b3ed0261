"""What a training is called, in the title of the window and among the past runs: by what it trains on."""

from pytestqt.qtbot import QtBot

from app.panels.data import DataPanel
from app.window.main_window import MainWindow
from tests.e2e.hands import choose, click, press, wait_for_data


def names(window: MainWindow) -> list[str]:
    return [run.name for run in window.document.course.past_runs]


def test_a_run_that_was_reset_keeps_its_name(window: MainWindow) -> None:
    press(window, "next_batch", 3)
    choose(window, "Network", "Reset")
    assert names(window) == ["1 · xor"]


def test_a_training_on_other_data_is_not_called_after_the_old_one(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "next_batch", 3)
    tiles = window.arrangement.panel(DataPanel).tiles
    wait_for_data(qtbot, window, lambda: click(tiles["moons"]))
    assert window.windowTitle() == "Moons — Chainrule"
    press(window, "next_batch", 3)
    press(window, "undo")
    assert window.windowTitle() == "xor — Chainrule" and names(window) == ["2 · Moons"]
