"""Every key and menu entry that walks along the tape, in the real window, from wherever the focus is."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from app.panels.inspector import Inspector
from app.panels.layers import LayersPanel
from app.window.actions import COMMANDS
from app.window.main_window import MainWindow
from tests.e2e.hands import choose, press, tape_of, type_key, wait_for_steps

Key = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier
LENGTH = 11


def here(window: MainWindow) -> tuple[int, str, int]:
    record = window.document.record
    return tape_of(window.document).step, record.phase if record else "", record.index if record else -1


def test_home_and_end_stay_in_the_batch(keyboard: MainWindow) -> None:
    type_key(Key.Key_End)
    assert (tape_of(keyboard.document).step, keyboard.document.cursor) == (1, LENGTH)
    type_key(Key.Key_End)
    assert (tape_of(keyboard.document).step, keyboard.document.cursor) == (1, LENGTH)
    type_key(Key.Key_Home)
    assert (tape_of(keyboard.document).step, keyboard.document.cursor) == (1, 0)


def test_shift_and_an_arrow_cross_the_loss(keyboard: MainWindow) -> None:
    type_key(Key.Key_Right, times=2)
    type_key(Key.Key_Right, SHIFT)
    assert here(keyboard) == (1, "backward", 1)
    type_key(Key.Key_Left, SHIFT)
    assert here(keyboard) == (1, "forward", 1)


def test_l_runs_to_the_loss_and_t_to_the_selected_layer(keyboard: MainWindow) -> None:
    type_key(Key.Key_L)
    assert here(keyboard) == (1, "loss", 3)
    type_key(Key.Key_L)
    assert here(keyboard) == (2, "loss", 3)
    keyboard.network_view.cards[1].setFocus()
    type_key(Key.Key_Return)
    type_key(Key.Key_T)
    assert here(keyboard) == (2, "backward", 0)


@pytest.mark.parametrize("keys", [(Key.Key_I, Key.Key_O), (Key.Key_Down, Key.Key_Up)])
def test_into_a_record_through_it_and_out(keyboard: MainWindow, keys: tuple[Qt.Key, Qt.Key]) -> None:
    document = keyboard.document
    type_key(Key.Key_L)
    loss = keyboard.network_view.cards[-1]
    whole = loss.content
    type_key(keys[0])
    steps = document.walk.substeps
    for position, step in enumerate(steps):
        assert document.walk.position == position and step.formula in keyboard.tape_bar.text
        row = loss.content.bottom if step.backward else loss.content.top
        assert row.name == step.name
        if position < len(steps) - 1:
            type_key(Key.Key_Right)
    type_key(Key.Key_Left)
    assert document.walk.position == len(steps) - 2 and document.cursor == 4
    type_key(keys[1])
    assert not document.walk.substeps and loss.content == whole
    assert document.record and document.record.account in keyboard.tape_bar.text


def test_the_buttons_of_the_tool_bar_walk_through_sub_steps_too(keyboard: MainWindow) -> None:
    press(keyboard, "next_layer", 4)
    type_key(Key.Key_I)
    count = len(keyboard.document.walk.substeps)
    press(keyboard, "next_layer", count - 1)
    assert keyboard.document.walk.position == count - 1 and keyboard.document.cursor == 4
    press(keyboard, "back")
    assert keyboard.document.walk.position == count - 2
    press(keyboard, "next_layer", 2)
    assert keyboard.document.cursor == 5


def test_the_tape_bar_makes_room_for_the_sub_steps(keyboard: MainWindow) -> None:
    type_key(Key.Key_L)
    bar = keyboard.tape_bar
    QApplication.processEvents()
    height = bar.height()
    type_key(Key.Key_I)
    QApplication.processEvents()
    assert bar.height() > height and bar.substep_rect(0).bottom() < bar.height()
    type_key(Key.Key_O)
    QApplication.processEvents()
    assert bar.height() == height


def test_p_plays_over_batches_and_any_other_key_stops(keyboard: MainWindow, qtbot: QtBot) -> None:
    player, document = keyboard.tape_bar.player, keyboard.document
    player.speed = 200.0
    type_key(Key.Key_P)
    qtbot.waitUntil(lambda: tape_of(document).step >= 2)
    assert player.direction == 1
    type_key(Key.Key_Right)
    assert player.direction is None
    type_key(Key.Key_P, SHIFT)
    qtbot.waitUntil(lambda: document.cursor == 0 and tape_of(document).step == 1)
    qtbot.waitUntil(lambda: player.direction is None)
    type_key(Key.Key_P)
    type_key(Key.Key_P)
    assert player.direction is None


OTHERS = [
    command.name
    for command in COMMANDS
    if command.menu in ("Run", "Tape", "Network") and not command.name.startswith(("play", "watch"))
]


@pytest.mark.parametrize("command", OTHERS)
def test_every_command_of_the_menus_stops_the_playing(keyboard: MainWindow, command: str) -> None:
    type_key(Key.Key_L)
    player = keyboard.tape_bar.player
    player.forward()
    assert player.direction == 1
    keyboard.command[command].trigger()
    assert player.direction is None
    keyboard.run_control.pause_now()


def test_closing_the_window_ends_the_playing(keyboard: MainWindow) -> None:
    keyboard.tape_bar.player.forward()
    keyboard.close()
    assert keyboard.tape_bar.player.direction is None and not keyboard.tape_bar.player._timer.isActive()


def test_b_sets_a_breakpoint_where_run_and_next_epoch_stop(keyboard: MainWindow, qtbot: QtBot) -> None:
    document = keyboard.document
    type_key(Key.Key_Right, times=6)
    type_key(Key.Key_B)
    type_key(Key.Key_Space)
    assert not document.running and here(keyboard) == (2, "backward", 1)
    assert "Stopped at the breakpoint" in keyboard.tape_bar.text
    type_key(Key.Key_E)
    assert not document.running and here(keyboard) == (3, "backward", 1)
    type_key(Key.Key_B)
    type_key(Key.Key_Space)
    assert document.running
    wait_for_steps(qtbot, keyboard, document.steps_done + 3)
    type_key(Key.Key_Space)


def test_comma_full_stop_and_m_choose_what_the_cards_show(keyboard: MainWindow) -> None:
    document = keyboard.document
    type_key(Key.Key_Period, times=3)
    assert document.sample == 3 and keyboard.network_view.samples.words == "sample 3 of 0…9"
    type_key(Key.Key_Comma)
    assert document.sample == 2
    type_key(Key.Key_M)
    assert document.whole_batch
    type_key(Key.Key_M)
    assert not document.whole_batch and document.sample == 2


def test_every_command_of_the_tape_menu_is_there_and_off_without_a_tape(keyboard: MainWindow) -> None:
    commands = [command for command in COMMANDS if command.menu == "Tape"]
    assert len(commands) >= 15
    for command in commands:
        assert keyboard.command[command.name].isEnabled()
    choose(keyboard, "Tape", "Run to loss")
    assert here(keyboard) == (1, "loss", 3)
    keyboard.document.edit("no layers", layers=())
    for command in commands:
        assert not keyboard.command[command.name].isEnabled(), command.name


def test_no_key_stands_for_two_commands(keyboard: MainWindow) -> None:
    keys = [keys.toString() for action in keyboard.command.values() for keys in action.shortcuts()]
    assert len(keys) == len(set(keys)) and QKeySequence(",").toString() in keys


@pytest.mark.parametrize("keys", ["ioltpbm,.", "P B"])
def test_typing_these_letters_into_a_field_is_no_command(keyboard: MainWindow, keys: str) -> None:
    from PySide6.QtWidgets import QLineEdit

    line = keyboard.tool_bar.rate.field
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.clear()
    QTest.keyClicks(line, keys)
    assert line.text() == keys
    type_key(Key.Key_End, SHIFT)
    type_key(Key.Key_Left, SHIFT)
    document = keyboard.document
    assert (document.cursor, document.steps_done, document.sample) == (0, 0, 0)
    assert not document.whole_batch and keyboard.tape_bar.player.direction is None


def test_arrows_stay_with_the_lists_and_grids_that_need_them(keyboard: MainWindow) -> None:
    document = keyboard.document
    type_key(Key.Key_L)
    layers = keyboard.arrangement.panel(LayersPanel).list
    layers.setCurrentRow(0)
    layers.setFocus()
    type_key(Key.Key_Down)
    assert layers.currentRow() == 1 and not document.walk.substeps
    combo = keyboard.network_view.findChild(QComboBox) or keyboard.tape_bar.control.speed
    combo.setFocus()
    before = combo.currentIndex()
    type_key(Key.Key_Up if before else Key.Key_Down)
    assert combo.currentIndex() != before and not document.walk.substeps
    document.select_layer(0)
    matrix = keyboard.arrangement.panel(Inspector).weights.matrix
    matrix.setFocus()
    cursor = document.cursor
    type_key(Key.Key_Right)
    type_key(Key.Key_Right)
    type_key(Key.Key_Down)
    assert matrix.current_cell() is not None and document.cursor == cursor and not document.walk.substeps
