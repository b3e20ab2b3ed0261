"""In a low window the names of past runs give way, so that the network keeps the room it needs."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.panels.curves import Curves
from app.window.main_window import MainWindow
from tests.e2e.hands import click, press


def with_past_runs(window: MainWindow, count: int) -> Curves:
    for _ in range(count):
        press(window, "next_batch", 3)
        window.command["reset"].trigger()
    press(window, "next_batch", 3)
    curves = window.arrangement.panel(Curves)
    assert len(curves.legend.chips) == count
    return curves


def settle(window: MainWindow, height: int) -> None:
    window.resize(1280, height)
    for _ in range(3):
        QApplication.processEvents()


def test_past_runs_take_no_room_from_the_network(window: MainWindow) -> None:
    center = window.centralWidget()
    assert center
    with_past_runs(window, 5)
    settle(window, 640)
    assert center.height() >= center.minimumSizeHint().height()


@pytest.mark.parametrize("width", [1000, 1280])
def test_the_ways_out_of_the_past_can_be_read_and_pressed(window: MainWindow, width: int) -> None:
    curves = with_past_runs(window, 1)
    window.resize(width, 600)
    window.document.travel(1)
    for _ in range(3):
        QApplication.processEvents()
    for button in (curves.travel.resume, curves.travel.back):
        assert button.visibleRegion().boundingRect() == button.rect(), button.text()
        assert button.fontMetrics().horizontalAdvance(button.text()) < button.width()
    assert window.arrangement.docks[Curves].width() >= window.arrangement.docks[Curves].minimumSizeHint().width()
    click(curves.travel.back)
    assert not window.document.in_past


def test_their_names_come_back_with_the_room(window: MainWindow) -> None:
    curves = with_past_runs(window, 5)
    settle(window, 600)
    assert curves.legend.height() == 0
    dock = window.arrangement.docks[Curves]
    assert "named in a higher panel" in dock.header.note.text()
    settle(window, 900)
    window.resizeDocks([dock], [300], Qt.Orientation.Vertical)
    settle(window, 900)
    assert curves.legend.height() == 2 * curves.legend.chips[0].height()
    assert "higher" not in dock.header.note.text()


@pytest.mark.parametrize("crowded", [False, True])
def test_in_the_lowest_window_the_tape_covers_no_card(window: MainWindow, crowded: bool) -> None:
    with_past_runs(window, 1)
    window.document.travel(1)
    if crowded:
        window.command["step_into"].trigger()
        window.banner.show_note("The curves were exported to xor.csv.")
    window.resize(1000, 600)
    for _ in range(3):
        QApplication.processEvents()
    assert window.network_view.geometry().bottom() < window.tape_bar.y()
    seen = [card for card in window.network_view.cards if not card.visibleRegion().isEmpty()]
    assert seen and all(card.visibleRegion().boundingRect().height() == card.height() for card in seen)
