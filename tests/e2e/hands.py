"""What a person does with the window, with mouse and keyboard, and what a person reads on it."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.network_view.card import Card
from app.plots.grid_view import GridView
from app.window.main_window import MainWindow
from core.tape import Tape
from core.trainer import Trainer
from core.types import Array, Arrays
from tests.in_view import bring_into_view

LEFT = Qt.MouseButton.LeftButton


def tool_button(window: MainWindow, name: str) -> QToolButton:
    """The button of a command on the tool bar."""
    button = window.tool_bar.findChild(QToolButton, name)
    assert isinstance(button, QToolButton)
    return button


def click(button: QAbstractButton) -> None:
    """Press a button with the mouse; it has to be there to be pressed."""
    assert button.isVisible() and not button.visibleRegion().isEmpty(), f"{button.text()} cannot be seen"
    assert button.isEnabled(), f"{button.text()} cannot be pressed"
    QTest.mouseClick(button, LEFT)


def press(window: MainWindow, name: str, times: int = 1) -> None:
    """Press a button of the tool bar."""
    for _ in range(times):
        click(tool_button(window, name))


def type_key(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, times: int = 1) -> None:
    """Press a key wherever the focus is."""
    for _ in range(times):
        focus = QApplication.focusWidget()
        assert focus is not None
        QTest.keyClick(focus, key, modifier)


def click_cell(view: GridView, row: int, column: int) -> None:
    """Click a cell of a grid."""
    QApplication.processEvents()  # places are known once they are painted
    place = view.viewport.cell_rect(row, column).center().toPoint()
    assert view.visibleRegion().contains(place), f"row {row}, column {column} cannot be seen"
    QTest.mouseClick(view, LEFT, pos=place)


def click_entry(card: Card, rect: QRectF, entry: tuple[int, ...]) -> None:
    """Click the place of a card's picture where the pointer finds an entry."""
    picture = (card.content.top if rect == card.top_rect() else card.content.bottom).picture
    assert picture is not None
    for y in range(int(rect.top()), int(rect.bottom())):
        for x in range(int(rect.left()), int(rect.right())):
            if picture.entry_at(QPointF(x, y), rect) == entry:
                QTest.mouseClick(card, LEFT, pos=QPoint(x, y))
                return
    raise AssertionError(f"the pointer does not find {entry}")


def click_link(text: QLabel, href: str) -> None:
    """Click a link of a text where the pointer finds it."""
    bring_into_view(text)
    found: list[str] = []
    hovered = text.linkHovered.connect(found.append)
    seen = text.visibleRegion().boundingRect()
    for y in range(seen.top(), seen.bottom(), 4):
        for x in range(seen.left(), seen.right(), 4):
            QTest.mouseMove(text, QPoint(x, y))
            if found and found[-1] == href:
                QObject.disconnect(hovered)
                QTest.mouseClick(text, LEFT, pos=QPoint(x, y))
                return
    raise AssertionError(f"the pointer does not find the link {href} of {text.text()}")


def click_row(view: QListWidget, row: int) -> None:
    """Click an entry of a list."""
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualItemRect(view.item(row)).center())


def write(line: QLineEdit, text: str) -> None:
    """Click into a field, replace what stands there, press Enter."""
    bring_into_view(line)
    QTest.mouseClick(line, LEFT)
    QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(line, Qt.Key.Key_Delete)
    if text.isascii():
        QTest.keyClicks(line, text)
    else:
        line.insert(text)  # as pasted; Qt's test keyboard has ASCII keys only
    QTest.keyClick(line, Qt.Key.Key_Return)


def choose_in(combo: QComboBox, text: str) -> None:
    """Choose an entry of a list that folds out, as its keyboard does."""
    bring_into_view(combo)
    index = combo.findText(text)
    assert index >= 0, f"there is no {text!r}"
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


def menu_action(window: MainWindow, *path: str) -> QAction:
    """The entry of the menus at that path, such as ("View", "Dark colours")."""
    entries = window.menuBar().actions()
    for depth, name in enumerate(path):
        found = [entry for entry in entries if entry.text() == name]
        assert found, f"{name!r} is not in the menu, which has {[entry.text() for entry in entries]}"
        action = found[0]
        if depth < len(path) - 1:
            menu = action.menu()
            assert isinstance(menu, QMenu)
            entries = menu.actions()
    return action


def choose(window: MainWindow, *path: str) -> None:
    """Choose an entry of the menus."""
    action = menu_action(window, *path)
    assert action.isEnabled()
    action.trigger()


def choose_from_popup(button: QToolButton, text: str) -> None:
    """Press a button that folds out a menu, and click an entry of it."""

    def click_entry() -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        action = next(entry for entry in menu.actions() if entry.text() == text)
        QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())

    # The menu has an event loop of its own, in which the click has to take place.
    QTimer.singleShot(0, click_entry)
    click(button)


def readable_labels(window: QWidget) -> list[str]:
    """All texts of labels of which something can be seen."""
    labels = window.findChildren(QLabel)
    return [label.text() for label in labels if label.isVisible() and not label.visibleRegion().isEmpty()]


def says(window: QWidget, *parts: str) -> bool:
    """Whether some sentence that can be read holds all these parts."""
    QApplication.processEvents()
    return any(all(part in text for part in parts) for text in readable_labels(window))


def wait_for_steps(qtbot: QtBot, window: MainWindow, steps: int) -> None:
    """Let a run go on until so many steps are done."""
    qtbot.waitUntil(lambda: window.document.steps_done >= steps)


def wait_for_data(qtbot: QtBot, window: MainWindow, act: Callable[[], None]) -> None:
    """Do something that loads data, and wait until it is there."""
    with qtbot.waitSignal(window.opener.loader.loaded):
        act()


def pressed_at(widget: QWidget, x: float, y: float) -> None:
    """Click a place of a widget."""
    QTest.mouseClick(widget, LEFT, pos=QPoint(round(x), round(y)))


def tape_of(document: Document) -> Tape:
    """The tape, which is there because the layers fit."""
    assert document.tape is not None
    return document.tape


def twin(document: Document) -> Trainer:
    """A trainer of the same experiment, at step 0, that the window knows nothing of."""
    return document.experiment.trainer(document.data)


def same_bits(first: Arrays, second: Arrays) -> bool:
    """Whether both hold the same names with the same types and bytes."""
    return first.keys() == second.keys() and all(same_array(first[name], second[name]) for name in first)


def same_array(first: Array | None, second: Array | None) -> bool:
    """Whether both are absent, or have the same type, shape and bytes."""
    if first is None or second is None:
        return first is second
    return bool(first.dtype == second.dtype and first.shape == second.shape and np.array_equal(first, second))
