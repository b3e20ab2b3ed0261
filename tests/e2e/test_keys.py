"""The window without a mouse: keys that step, keys that must not while one types, names for what is read out."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.network_view.card import Card
from app.panels.data import DataPanel
from app.panels.layers import LayersPanel
from app.panels.training import TrainingPanel
from app.window.main_window import MainWindow
from tests.e2e.hands import choose_in, click, press, tape_of, tool_button, wait_for_steps
from tests.in_view import bring_into_view

Key = Qt.Key


@pytest.fixture
def keyboard(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """The window with the focus where it is at first."""
    with qtbot.waitActive(window):
        window.activateWindow()
    return window


def type_key(key: Qt.Key, *, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key wherever the focus is."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key, modifier)


def rate_line(window: MainWindow) -> QLineEdit:
    line = window.tool_bar.rate.field
    assert isinstance(line, QLineEdit)
    return line


def test_the_keys_work_at_once_because_the_tape_has_the_focus(keyboard: MainWindow) -> None:
    assert QApplication.focusWidget() is keyboard.tape_bar


def test_arrows_home_n_and_e_step(keyboard: MainWindow, qtbot: QtBot) -> None:
    document = keyboard.document
    for cursor in range(1, 5):
        type_key(Key.Key_Right)
        assert document.cursor == cursor
    type_key(Key.Key_Left)
    assert document.cursor == 3
    type_key(Key.Key_N)
    assert document.cursor == len(tape_of(document)) == 11 and document.steps_done == 1
    type_key(Key.Key_Home)
    assert document.cursor == 0
    type_key(Key.Key_E)
    qtbot.waitUntil(lambda: not document.running)
    assert document.epochs_done == 1 and document.steps_done == 20
    type_key(Key.Key_Right)
    assert (tape_of(document).step, document.cursor) == (21, 1)
    type_key(Key.Key_Left)
    type_key(Key.Key_Left)
    assert document.steps_done <= 20


def test_back_and_next_by_key_cross_from_batch_to_batch_like_the_buttons(keyboard: MainWindow) -> None:
    document = keyboard.document
    type_key(Key.Key_N)
    type_key(Key.Key_N)
    for _ in range(2 * 11):
        type_key(Key.Key_Left)
    assert (document.cursor, tape_of(document).step) == (0, 1)
    for _ in range(12):
        type_key(Key.Key_Right)
    assert (document.cursor, tape_of(document).step) == (1, 2)


def test_space_runs_and_pauses_from_the_tape_and_from_a_card(keyboard: MainWindow, qtbot: QtBot) -> None:
    for widget in (keyboard.tape_bar, keyboard.network_view.cards[1]):
        widget.setFocus()
        type_key(Key.Key_Space)
        assert keyboard.document.running
        wait_for_steps(qtbot, keyboard, keyboard.document.steps_done + 3)
        type_key(Key.Key_Space)
        assert not keyboard.document.running


def test_space_presses_the_button_that_has_the_focus(keyboard: MainWindow) -> None:
    panel = keyboard.arrangement.panel(LayersPanel)
    panel.list.setCurrentRow(1)
    panel.remove_button.setFocus(Qt.FocusReason.TabFocusReason)
    type_key(Key.Key_Space)
    assert not keyboard.document.running
    assert [spec["kind"] for spec in keyboard.document.experiment.layers] == ["dense", "dense"]


def test_space_opens_the_list_that_has_the_focus(keyboard: MainWindow) -> None:
    combo = keyboard.arrangement.panel(TrainingPanel).forms["optimizer"].kind
    combo.setFocus(Qt.FocusReason.TabFocusReason)
    type_key(Key.Key_Space)
    assert not keyboard.document.running and combo.view().isVisible()
    combo.hidePopup()


@pytest.mark.parametrize("keys", ["n", "e", " ", "ne ne"])
def test_typing_into_a_field_is_no_command(keyboard: MainWindow, keys: str) -> None:
    line = rate_line(keyboard)
    line.setFocus()
    line.clear()
    QTest.keyClicks(line, keys)
    assert line.text() == keys
    for key in (Key.Key_Left, Key.Key_Right, Key.Key_Home, Key.Key_End):
        QTest.keyClick(line, key)
    document = keyboard.document
    assert not document.running and (document.cursor, document.steps_done) == (0, 0)


def test_undo_in_a_field_takes_back_typing_and_not_the_last_edit(keyboard: MainWindow) -> None:
    keyboard.new_weights()
    line = rate_line(keyboard)
    line.setFocus()
    QTest.keyClicks(line, "7")
    QTest.keyClick(line, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert line.text() == "0.03" and keyboard.document.experiment.seed == 2


def test_control_z_elsewhere_takes_back_the_last_edit(keyboard: MainWindow) -> None:
    keyboard.new_weights()
    type_key(Key.Key_Z, modifier=Qt.KeyboardModifier.ControlModifier)
    assert keyboard.document.experiment.seed == 1


def test_arrows_in_a_list_move_in_the_list(keyboard: MainWindow) -> None:
    view = keyboard.arrangement.panel(LayersPanel).list
    view.setFocus()
    view.setCurrentRow(0)
    type_key(Key.Key_Down)
    assert view.currentRow() == 1 and keyboard.document.selected_layer == 1
    assert keyboard.document.cursor == 0


def focus_chain(window: MainWindow) -> list[QWidget]:
    """Where Tab goes, from the tape on, until it comes round."""
    window.tape_bar.setFocus()
    chain: list[QWidget] = []
    for _ in range(300):
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus in chain:
            break
        chain.append(focus)
        QTest.keyClick(focus, Key.Key_Tab)
    return chain


def test_tab_reaches_the_tape_all_cards_the_tool_bar_and_the_panels(keyboard: MainWindow) -> None:
    chain = focus_chain(keyboard)
    assert keyboard.tape_bar in chain and rate_line(keyboard) in chain
    assert [widget for widget in chain if isinstance(widget, Card)] == keyboard.network_view.cards
    for name in ("run", "next_layer", "next_batch", "next_epoch"):
        assert tool_button(keyboard, name) in chain, name
    assert keyboard.arrangement.panel(LayersPanel).list in chain
    assert keyboard.arrangement.panel(LayersPanel).add_button in chain
    tiles = keyboard.arrangement.panel(DataPanel).tiles.values()
    assert any(tile in chain for tile in tiles)
    assert all(not widget.visibleRegion().isEmpty() or widget.window() is keyboard for widget in chain)


def test_tab_goes_from_the_layers_on_to_the_options_of_the_selected_one(keyboard: MainWindow) -> None:
    panel = keyboard.arrangement.panel(LayersPanel)
    for kind in ("dense", "leaky_relu", "dense"):  # the last has its form already
        panel.add(kind)
        assert panel.form is not None
        chain = focus_chain(keyboard)
        at = chain.index(panel.list)
        fields = [field.field for field in panel.form.fields.values()]
        assert fields and chain[at + 1 : at + 1 + len(fields)] == fields, kind


def test_tab_keeps_its_order_when_another_optimizer_has_other_options(keyboard: MainWindow) -> None:
    form = keyboard.arrangement.panel(TrainingPanel).forms["optimizer"]
    for kind in ("SGD", "Adam"):
        choose_in(form.kind, kind)
        QApplication.processEvents()  # the new fields take their places
    bring_into_view(form.more.button)
    click(form.more.button)
    chain = focus_chain(keyboard)
    at = chain.index(form.kind)
    stops = [form.kind, *(form.fields[name].field for name in ("learning_rate", "weight_decay")), form.more.button]
    stops += [form.fields[name].field for name in ("beta1", "beta2", "eps")]
    assert chain[at : at + len(stops)] == stops
    assert chain[chain.index(rate_line(keyboard)) - 1] is tool_button(keyboard, "next_epoch")


def test_everything_that_can_be_pressed_or_filled_has_a_name(keyboard: MainWindow) -> None:
    press(keyboard, "next_layer", 2)
    nameless = []
    for kind in (QAbstractButton, QComboBox, QLineEdit):
        for widget in keyboard.findChildren(kind):
            inner = widget.objectName().startswith("qt_") or isinstance(widget.parentWidget(), QComboBox)
            scrolls = widget.objectName() in ("ScrollLeftButton", "ScrollRightButton")
            if widget.isVisible() and not inner and not scrolls and not _name(widget):
                nameless.append(f"{widget!r} in {widget.parentWidget()!r}")
    assert not nameless


def _name(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName() or text


def test_a_card_is_chosen_with_enter(keyboard: MainWindow) -> None:
    keyboard.network_view.cards[3].setFocus()
    type_key(Key.Key_Return)
    assert keyboard.document.selected_layer == 2
