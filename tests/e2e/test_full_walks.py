"""A whole batch forward and back in the real window, record by record: all it shows is held against the tape."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.window.main_window import MainWindow
from core.tape import Tape
from tests.e2e.consistency import assert_window_shows, differences, look
from tests.e2e.hands import (
    LEFT,
    press,
    tape_of,
    tool_button,
    twin,
    type_key,
)

CONV_RECORDS = 29  # 10 forward, loss, 10 backward, 8 updates
XOR_RECORDS = 11

Step = Callable[[MainWindow], None]


def right(window: MainWindow) -> None:
    type_key(Qt.Key.Key_Right)


def left(window: MainWindow) -> None:
    type_key(Qt.Key.Key_Left)


def next_layer(window: MainWindow) -> None:
    press(window, "next_layer")


def back(window: MainWindow) -> None:
    press(window, "back")


def two_tapes(window: MainWindow) -> tuple[Tape, Tape]:
    """The first two batches, recorded by a trainer the window knows nothing of."""
    other = twin(window.document)
    return other.record_step(), other.record_step()


def walk_the_second_batch(window: MainWindow, forward: Step, backward: Step) -> None:
    """Forward, back to the start and before it, and forward again: what is shown is the tape's, and the same again."""
    document = window.document
    first, second = two_tapes(window)
    length = len(second)
    press(window, "next_batch")
    look(window)  # a label that never had a text is a line higher than one whose text is gone
    forward(window)
    backward(window)
    seen: dict[tuple[int, int], dict[str, object]] = {}

    def arrive(tape: Tape, cursor: int) -> None:
        place = (tape.step, cursor)
        if place not in seen:
            assert_window_shows(window, tape, cursor)
            seen[place] = look(window)
        else:
            assert document.cursor == cursor
            assert not differences(seen[place], look(window)), place

    arrive(second, 0)
    for cursor in range(1, length + 1):
        forward(window)
        arrive(second, cursor)
    for cursor in reversed(range(length)):
        backward(window)
        arrive(second, cursor)
    for cursor in (length - 1, length - 2):
        backward(window)
        arrive(first, cursor)
    forward(window)
    arrive(first, length - 1)
    forward(window)
    assert_window_shows(window, first, length)
    for cursor in range(1, length + 1):
        forward(window)
        arrive(second, cursor)


def test_a_batch_of_xor_forward_and_back_by_the_arrow_keys(keyboard: MainWindow) -> None:
    walk_the_second_batch(keyboard, right, left)
    assert len(tape_of(keyboard.document)) == XOR_RECORDS


def test_a_batch_of_mnist_conv_forward_and_back_by_the_buttons(conv: MainWindow) -> None:
    walk_the_second_batch(conv, next_layer, back)
    assert len(tape_of(conv.document)) == CONV_RECORDS and len(tape_of(conv.document).rows) == 64


def test_back_ends_at_the_start_of_the_first_batch(keyboard: MainWindow) -> None:
    tape, _ = two_tapes(keyboard)
    press(keyboard, "next_layer", 2)
    for cursor in (1, 0, 0):
        left(keyboard)
        assert_window_shows(keyboard, tape, cursor)
    assert not tool_button(keyboard, "back").isEnabled()


@pytest.mark.parametrize("preset", ["xor", "conv"])
def test_the_mouse_goes_anywhere_on_the_tape(request: pytest.FixtureRequest, preset: str) -> None:
    window: MainWindow = request.getfixturevalue("window" if preset == "xor" else preset)
    tape, _ = two_tapes(window)
    bar, length = window.tape_bar, len(tape)
    for number in (length - 1, 0, length // 2, length // 3):
        QTest.mouseClick(bar, LEFT, pos=bar.segment_rect(number).center().toPoint())
        assert_window_shows(window, tape, number + 1)
    height = round(bar.segment_rect(0).center().y())
    QTest.mousePress(bar, LEFT, pos=QPoint(round(bar.cursor_x(window.document.cursor)), height))
    for cursor in (length // 2, length - 1, length, 1, 0):
        QTest.mouseMove(bar, QPoint(round(bar.cursor_x(cursor)), height + 20))
        assert_window_shows(window, tape, cursor)
    QTest.mouseRelease(bar, LEFT, pos=QPoint(0, height))
    QTest.mouseMove(bar, bar.segment_rect(4).center().toPoint())
    assert_window_shows(window, tape, 0)
