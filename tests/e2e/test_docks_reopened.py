"""Panels that were closed come back as high as they were, and where they can be seen."""

from itertools import permutations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.panels.boundary import Boundary
from app.panels.data import DataPanel
from app.panels.layers import LayersPanel
from app.panels.predictions import Predictions
from app.panels.training import TrainingPanel
from app.view import View
from app.window.main_window import MainWindow
from tests.e2e.hands import choose, press

LEFT: tuple[type[View], ...] = (DataPanel, TrainingPanel, LayersPanel)
ORDERS = [(closed, opened) for number in (1, 2, 3) for closed in permutations(LEFT, number) for opened in (1, -1)]


def heights(window: MainWindow) -> list[int]:
    return [window.arrangement.docks[kind].height() for kind in LEFT]


@pytest.mark.parametrize("own", [False, True])
def test_panels_closed_and_opened_in_any_order_are_as_high_as_they_were(
    window: MainWindow, qtbot: QtBot, own: bool
) -> None:
    docks = window.arrangement.docks
    if own:
        window.resizeDocks([docks[kind] for kind in LEFT], [200, 160, 320], Qt.Orientation.Vertical)
        qtbot.waitUntil(lambda: heights(window)[0] == 200)
    before = heights(window)
    for closed, order in ORDERS:
        for kind in closed:
            choose(window, "View", kind.title)
            qtbot.waitUntil(lambda: not docks[kind].isVisible())  # noqa: B023 (waited for at once)
        press(window, "next_layer")
        for kind in closed[::order]:
            choose(window, "View", kind.title)
        qtbot.waitUntil(lambda: heights(window) == before)


def test_a_panel_that_is_brought_back_is_in_front(window: MainWindow, qtbot: QtBot) -> None:
    panel = window.arrangement.panel(Predictions)
    assert window.arrangement.panel(Boundary).is_seen and not panel.is_seen
    choose(window, "View", "Predictions")
    choose(window, "View", "Predictions")
    qtbot.waitUntil(lambda: panel.is_seen)
