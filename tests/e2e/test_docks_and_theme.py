"""Docks that close, move and come back, both themes, and windows of all sizes: nothing lost, nothing cut off."""

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QScrollArea, QTabBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.panels.boundary import Boundary
from app.panels.curves import Curves
from app.panels.data import DataPanel
from app.panels.gradient_flow import GradientFlow
from app.panels.inspector import Inspector
from app.panels.layers import LayersPanel
from app.panels.predictions import Predictions
from app.panels.training import TrainingPanel
from app.plots.numbers import format_count, format_number
from app.theme import DARK, LIGHT, current_theme
from app.view import View
from app.window.main_window import MainWindow
from tests.e2e.hands import choose, click, click_row, menu_action, press, says, tool_button, wait_for_steps, write
from tests.in_view import bring_into_view

PANELS: tuple[type[View], ...] = (
    *(DataPanel, TrainingPanel, LayersPanel, Inspector),
    *(Curves, Boundary, Predictions, GradientFlow),
)
SIZES = ((1000, 600), (1024, 768), (1280, 800), (1600, 1000))


def close_button(window: MainWindow, kind: type[View]) -> QToolButton:
    dock = window.arrangement.docks[kind]
    buttons = [button for button in dock.header.findChildren(QToolButton) if "Close" in button.accessibleName()]
    assert len(buttons) == 1
    return buttons[0]


def picture(window: MainWindow) -> QImage:
    QApplication.processEvents()
    return window.grab().toImage()


@pytest.mark.parametrize("kind", PANELS, ids=lambda kind: kind.__name__)
def test_every_dock_closes_by_its_button_and_comes_back_by_the_menu(window: MainWindow, kind: type[View]) -> None:
    dock = window.arrangement.docks[kind]
    action = menu_action(window, "View", dock.view.title if kind is not Inspector else "Inspector")
    dock.raise_()
    QApplication.processEvents()
    assert action.isChecked()
    click(close_button(window, kind))
    assert not dock.isVisible() and not action.isChecked()
    press(window, "next_layer", 6)
    action.trigger()
    dock.raise_()
    QApplication.processEvents()
    assert dock.isVisible() and dock.view.isVisible() and action.isChecked()
    press(window, "next_layer")


@pytest.mark.parametrize("width", [1024, 1150, 1280])
def test_step_and_loss_are_told_at_every_width_and_the_accuracy_where_there_is_room(
    window: MainWindow, qtbot: QtBot, width: int
) -> None:
    window.resize(width, 700)
    press(window, "run")
    wait_for_steps(qtbot, window, 1000)
    press(window, "run")
    qtbot.waitUntil(lambda: not window.document.running)
    document, told = window.document, window.tool_bar.position.text
    assert f"step <b>{format_count(document.steps_done)}</b>" in told.text()
    assert f"loss <b>{format_number(document.history.losses[-1])}</b>" in told.text()
    assert ("acc" in told.text()) == (width > 1024)
    assert told.sizeHint().width() <= told.width()


def test_a_closed_panel_shows_the_present_when_it_comes_back(window: MainWindow) -> None:
    click(close_button(window, Curves))
    press(window, "next_batch", 3)
    curves = window.arrangement.panel(Curves)
    assert not curves.plot.names()
    choose(window, "View", "Loss and accuracy")
    assert "batch loss" in curves.plot.names()


def test_tabs_bring_their_panels_to_the_front(window: MainWindow) -> None:
    bar = next(bar for bar in window.findChildren(QTabBar) if bar.isVisible() and bar.tabText(0) == "Decision boundary")
    kinds = {"Decision boundary": Boundary, "Predictions": Predictions, "Gradient flow": GradientFlow}
    assert sorted(bar.tabText(index) for index in range(bar.count())) == sorted(kinds)
    press(window, "next_layer", 7)
    for index in range(bar.count()):
        QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())
        QApplication.processEvents()
        view = window.arrangement.panel(kinds[bar.tabText(index)])
        assert view.is_seen


def test_arrange_as_at_first_undoes_closing_floating_and_moving(window: MainWindow) -> None:
    docks = window.arrangement.docks
    at_first = {kind: window.dockWidgetArea(dock) for kind, dock in docks.items()}
    click(close_button(window, DataPanel))
    docks[Inspector].setFloating(True)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, docks[LayersPanel])
    window.tabifyDockWidget(docks[Curves], docks[TrainingPanel])
    QApplication.processEvents()
    choose(window, "View", "Arrange as at first")
    QApplication.processEvents()
    assert {kind: window.dockWidgetArea(dock) for kind, dock in docks.items()} == at_first
    assert not any(dock.isFloating() for dock in docks.values())
    assert docks[DataPanel].view.is_seen and docks[Boundary].view.is_seen
    assert docks[DataPanel].geometry().bottom() < docks[TrainingPanel].geometry().top()
    assert docks[TrainingPanel].geometry().bottom() < docks[LayersPanel].geometry().top()
    assert docks[Curves].geometry().right() < docks[Boundary].geometry().left()
    press(window, "next_layer")


@pytest.mark.parametrize("size", SIZES[1:])
def test_arrange_as_at_first_shares_the_room_out_as_at_first(window: MainWindow, size: tuple[int, int]) -> None:
    def sizes() -> dict[type[View], QSize]:
        QApplication.processEvents()
        return {
            kind: window.arrangement.docks[kind].size() for kind in PANELS if kind not in (Predictions, GradientFlow)
        }

    window.resize(*size)
    window.arrangement.share_out()
    at_first = sizes()
    choose(window, "View", "Arrange as at first")
    assert sizes() == at_first
    for kind in PANELS:
        window.arrangement.docks[kind].toggleViewAction().trigger()
    for kind in PANELS:
        window.arrangement.docks[kind].toggleViewAction().trigger()
    choose(window, "View", "Arrange as at first")
    assert sizes() == at_first


def test_the_theme_switches_in_the_middle_of_a_batch_and_back(window: MainWindow) -> None:
    press(window, "next_batch", 2)
    press(window, "next_layer", 6)
    cursor = window.document.cursor
    light = picture(window)
    choose(window, "View", "Dark colours")
    dark = picture(window)
    assert current_theme() is DARK and window.document.cursor == cursor
    assert dark.pixelColor(5, 5).lightness() < 80 and light.pixelColor(5, 5).lightness() > 200
    assert lightness_of_cards(window) < 80
    press(window, "next_layer")
    press(window, "back")
    choose(window, "View", "Light colours")
    assert current_theme() is LIGHT and lightness_of_cards(window) > 200
    assert picture(window) == light


def lightness_of_cards(window: MainWindow) -> int:
    """The lightness of the ground of a card, which paints itself."""
    image = window.network_view.cards[2].grab().toImage()
    return image.pixelColor(12, image.height() - 9).lightness()


def test_the_theme_switches_while_a_training_runs(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "run")
    wait_for_steps(qtbot, window, 10)
    choose(window, "View", "Dark colours")
    wait_for_steps(qtbot, window, window.document.steps_done + 10)
    choose(window, "View", "System colours")
    press(window, "run")
    assert not window.document.running


@pytest.mark.parametrize("size", SIZES)
def test_nothing_in_the_left_panels_is_wider_than_its_room(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    click_row(window.arrangement.panel(LayersPanel).list, 0)
    QApplication.processEvents()
    for kind in (DataPanel, TrainingPanel, LayersPanel):
        scroll = window.arrangement.panel(kind).findChild(QScrollArea)
        assert isinstance(scroll, QScrollArea)
        content = scroll.widget()
        assert content is not None
        assert content.width() <= scroll.viewport().width(), kind
        room = content.rect()
        for widget in content.findChildren(QWidget):
            if widget.isVisibleTo(content) and widget.parentWidget() is content:
                assert room.contains(QRect(widget.pos(), widget.size())), (kind, widget)


@pytest.mark.parametrize("size", SIZES)
def test_options_that_are_unfolded_come_into_sight(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    window.arrangement.share_out()
    form = window.arrangement.panel(TrainingPanel).forms["optimizer"]
    bring_into_view(form.more.button)
    click(form.more.button)
    QApplication.processEvents()
    first = next(field for field in form.fields.values() if field.option.advanced)
    for seen in (form.more.button, first):
        assert seen.visibleRegion().boundingRect() == seen.rect()


@pytest.mark.parametrize("size", SIZES)
def test_all_docks_and_the_tool_bar_stay_inside_the_window(window: MainWindow, size: tuple[int, int]) -> None:
    press(window, "next_batch", 3)
    window.resize(*size)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    room = window.rect()
    for kind in (DataPanel, TrainingPanel, LayersPanel, Inspector, Curves, Boundary):
        assert room.contains(window.arrangement.docks[kind].geometry()), kind
    assert room.contains(window.network_view.rect().translated(window.network_view.mapTo(window, QPoint(0, 0))))
    for name in ("run", "batch_start", "back", "next_layer", "next_batch", "next_epoch", "undo", "redo"):
        button = tool_button(window, name)
        assert button.isVisible() and window.tool_bar.rect().contains(button.geometry()), name
    assert window.tool_bar.rate.isVisible()
    assert says(window.tool_bar, "step <b>3</b>")


@pytest.mark.parametrize("size", SIZES)
def test_cards_are_seen_from_top_to_bottom_also_when_a_large_window_was_made_smaller(
    window: MainWindow, size: tuple[int, int]
) -> None:
    press(window, "next_layer", 6)
    window.resize(1600, 1000)
    QApplication.processEvents()
    window.resize(*size)
    QApplication.processEvents()
    for card in window.network_view.cards:
        seen = card.visibleRegion().boundingRect()
        assert seen.isEmpty() or (seen.top(), seen.bottom()) == (0, card.height() - 1)
    assert any(not card.visibleRegion().isEmpty() for card in window.network_view.cards if card.content.active)
    assert not window.tape_bar.visibleRegion().isEmpty()
    for kind in (Curves, Boundary):
        assert window.rect().contains(window.arrangement.docks[kind].geometry())


@pytest.mark.parametrize("size", SIZES)
def test_labels_on_the_left_are_not_cut(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    QApplication.processEvents()
    for kind in (DataPanel, TrainingPanel, LayersPanel):
        for label in window.arrangement.panel(kind).findChildren(QLabel):
            if label.isVisible() and not label.wordWrap():
                assert label.width() >= label.fontMetrics().horizontalAdvance(label.text()), label.text()
            elif label.isVisible():
                assert label.height() >= label.heightForWidth(label.width()), label.text()


def test_titles_have_the_height_of_their_row(window: MainWindow) -> None:
    for dock in window.arrangement.docks.values():
        if dock.view.is_seen:
            assert dock.header.height() == 32
            title, content = dock.titleBarWidget(), dock.widget()
            assert title and content and content.geometry().top() >= title.geometry().bottom()


def test_an_error_under_a_field_is_not_cut_either(window: MainWindow) -> None:
    window.resize(1000, 600)
    field = window.arrangement.panel(TrainingPanel).numbers["seed"]
    assert isinstance(field.field, QLineEdit)
    write(field.field, "abc")
    QApplication.processEvents()
    QApplication.processEvents()
    assert not field.error.visibleRegion().isEmpty()
    assert field.error.visibleRegion().boundingRect().height() >= field.error.heightForWidth(field.error.width())


def test_closing_the_window_while_it_trains_leaves_nothing_behind(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "run")
    wait_for_steps(qtbot, window, 5)
    choose(window, "File", "Quit")
    assert not window.isVisible()


def test_closing_the_window_while_data_is_loaded_leaves_nothing_behind(window: MainWindow) -> None:
    click(window.arrangement.panel(DataPanel).tiles["digits"])
    window.close()
    assert not window.isVisible()
