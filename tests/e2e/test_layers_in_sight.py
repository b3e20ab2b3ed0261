"""The layer that is selected can be read in the Layers panel, however low that is."""

from PySide6.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from app.panels.layers import LayersPanel
from app.window.main_window import MainWindow
from tests.e2e.hands import press


def test_a_step_scrolls_to_the_layer_it_selects(window: MainWindow, qtbot: QtBot) -> None:
    panel = window.arrangement.panel(LayersPanel)
    for _ in range(5):
        panel.add("tanh")
    window.resize(1000, 600)
    for _ in range(2 * len(window.document.experiment.layers)):
        press(window, "next_layer")
        qtbot.waitUntil(lambda: _is_whole(panel.list))
    panel.list.setCurrentRow(7)
    qtbot.waitUntil(lambda: _is_whole(panel.list))


def test_the_selected_layer_stays_in_sight_when_the_window_gets_lower(window: MainWindow, qtbot: QtBot) -> None:
    panel = window.arrangement.panel(LayersPanel)
    for _ in range(3):
        panel.add("tanh")
    window.resize(1280, 1000)
    panel.list.setCurrentRow(5)
    qtbot.waitUntil(lambda: _is_whole(panel.list))
    window.resize(1000, 600)
    qtbot.waitUntil(lambda: panel.height() < 150 and _is_whole(panel.list))


def _is_whole(layers: QListWidget) -> bool:
    """Whether all of the selected row can be seen, if one is selected: the loss is none."""
    if layers.currentRow() < 0:
        return True
    seen = layers.viewport().visibleRegion().boundingRect()
    return seen.contains(layers.visualItemRect(layers.currentItem()))
