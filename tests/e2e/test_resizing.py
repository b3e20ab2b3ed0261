"""Somebody drags the edge of the window: panels are laid out at once, or while a network trains, at the end of it."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.panels.boundary import Boundary
from app.panels.curves import Curves
from app.panels.gradient_flow import GradientFlow
from app.panels.predictions import Predictions
from app.window.main_window import MainWindow
from app.window.still import Still
from app.window.stretched import Stretched


def frames(window: MainWindow) -> list[Still]:
    return [frame for frame in window.findChildren(Still) if frame.isVisible()]


def drag(window: MainWindow) -> list[list[QSize]]:
    """Give the window three sizes one after the other; returns the sizes of what its frames hold after each."""
    found = []
    for width in (1270, 1240, 1200):
        window.resize(width, width * 5 // 8)
        QApplication.processEvents()
        found.append([frame.content.size() for frame in frames(window)])
    return found


def test_while_a_network_trains_the_panels_are_laid_out_once_the_edge_stands_still(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.command["run"].trigger()
    qtbot.waitUntil(lambda: window.document.steps_done > 0)
    first, second, third = drag(window)
    assert first == second == third != [frame.size() for frame in frames(window)]
    qtbot.waitUntil(lambda: not window.findChildren(Stretched))
    assert len(frames(window)) > 8 and all(frame.content.size() == frame.size() for frame in frames(window))
    window.command["run"].trigger()
    qtbot.waitUntil(lambda: not window.document.running)


def test_otherwise_they_are_laid_out_at_every_size(window: MainWindow) -> None:
    first, second, third = drag(window)
    assert first != second != third == [frame.size() for frame in frames(window)]
    assert not window.findChildren(Stretched)


def test_a_panel_that_is_closed_meanwhile_comes_back_with_its_content(window: MainWindow, qtbot: QtBot) -> None:
    dock = window.arrangement.docks[Curves]
    window.command["run"].trigger()
    qtbot.waitUntil(lambda: window.document.steps_done > 0)
    drag(window)
    assert dock.findChildren(Stretched)
    dock.close()
    drag(window)
    qtbot.waitUntil(lambda: not window.findChildren(Stretched))
    dock.toggleViewAction().trigger()
    assert not dock.findChildren(Stretched)
    window.command["run"].trigger()
    qtbot.waitUntil(lambda: not window.document.running)


def test_no_picture_is_made_of_a_panel_behind_the_tab_of_another(window: MainWindow, qtbot: QtBot) -> None:
    window.command["run"].trigger()
    qtbot.waitUntil(lambda: window.document.steps_done > 0)
    drag(window)
    docks = window.arrangement.docks
    assert docks[Boundary].findChildren(Stretched)
    assert not docks[Predictions].findChildren(Stretched) and not docks[GradientFlow].findChildren(Stretched)
    window.command["run"].trigger()
    qtbot.waitUntil(lambda: not window.document.running)
