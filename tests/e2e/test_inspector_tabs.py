"""Activations stands in for Weights where a layer has none, unless the person has chosen otherwise."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.panels.inspector import Inspector
from app.view import View
from app.window.main_window import MainWindow
from tests.e2e.consistency import open_tab
from tests.e2e.hands import LEFT, press, says, type_key

DENSE, TANH, NEXT_DENSE = 1, 2, 3  # cards; the first one is the input


def select(window: MainWindow, card: int) -> None:
    """Click the head of a card."""
    QTest.mouseClick(window.network_view.cards[card], LEFT, pos=QPoint(12, 8))


def shown(window: MainWindow) -> View:
    inspector = window.arrangement.panel(Inspector)
    return next(page for page in inspector.pages if page.isVisible())


def test_activations_stand_in_for_weights_where_there_are_none(window: MainWindow) -> None:
    inspector = window.arrangement.panel(Inspector)
    assert shown(window) is inspector.weights
    for card, page in (
        (TANH, inspector.activations),
        (DENSE, inspector.weights),
        (0, inspector.activations),
        (TANH, inspector.activations),
        (NEXT_DENSE, inspector.weights),
    ):
        select(window, card)
        assert shown(window) is page


def test_they_do_so_along_the_tape(window: MainWindow) -> None:
    document, inspector = window.document, window.arrangement.panel(Inspector)
    assert document.tape and document.network
    for record in document.tape.records:
        press(window, "next_layer")
        layers = document.network.layers
        has_weights = record.index < len(layers) and bool(layers[record.index].params)
        assert shown(window) is (inspector.weights if has_weights else inspector.activations)


def test_a_tab_that_was_chosen_stays(window: MainWindow) -> None:
    inspector = window.arrangement.panel(Inspector)
    bar = inspector.tabs.tabBar()
    select(window, TANH)
    QTest.mouseClick(bar, LEFT, pos=bar.tabRect(inspector.tabs.indexOf(inspector.activations)).center())
    select(window, DENSE)
    assert shown(window) is inspector.activations
    open_tab(inspector, inspector.gradients)
    for card in (TANH, DENSE):
        select(window, card)
        assert shown(window) is inspector.gradients


def test_weights_can_be_opened_where_there_are_none_and_say_so(window: MainWindow) -> None:
    inspector = window.arrangement.panel(Inspector)
    select(window, TANH)
    open_tab(inspector, inspector.weights)
    assert says(inspector, "has no weights", "under Activations")
    select(window, DENSE)
    assert shown(window) is inspector.weights


def test_the_keyboard_chooses_a_tab_too(keyboard: MainWindow) -> None:
    inspector = keyboard.arrangement.panel(Inspector)
    select(keyboard, TANH)
    inspector.tabs.tabBar().setFocus()
    type_key(Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert shown(keyboard) is inspector.gradients
    select(keyboard, DENSE)
    assert shown(keyboard) is inspector.gradients


def test_an_answer_stays_in_front(window: MainWindow) -> None:
    inspector = window.arrangement.panel(Inspector)
    press(window, "next_batch")
    select(window, TANH)
    values = inspector.activations.values
    bar = int(values.distribution().counts.argmax())
    low, high = values.distribution().edges[bar : bar + 2]
    point = values.rect().center()
    point.setX(round(values._x_of((low + high) / 2)))
    QTest.mouseClick(values, LEFT, pos=point)
    assert shown(window) is inspector.explain
    select(window, DENSE)
    assert shown(window) is inspector.explain


def test_the_keyboard_finds_back_to_the_weights(keyboard: MainWindow) -> None:
    matrix = keyboard.arrangement.panel(Inspector).weights.matrix
    matrix.setFocus()
    press(keyboard, "next_layer", 2)
    assert not matrix.isVisible()
    press(keyboard, "next_layer")
    assert matrix.hasFocus()
