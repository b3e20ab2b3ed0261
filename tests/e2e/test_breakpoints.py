"""What a person sets to stop at ends a training in the child process too, and the window shows the step it is about."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from app.dialogs.run_until import RunUntilDialog
from app.document.breakpoints import gradient_norm
from app.document.document import Document
from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.panels.curves import Curves
from app.window.main_window import MainWindow
from core.norms import WHOLE
from core.tape import Tape
from tests.e2e.conftest import Opener
from tests.e2e.hands import choose, press, same_bits, tape_of, twin, type_key, wait_for_steps, write

Key = Qt.Key
FIRST = 40


@pytest.fixture
def window(open_window: Opener, qtbot: QtBot) -> MainWindow:
    """The window on XOR with the keyboard; its trainings run in another process."""
    experiment = load_preset("xor")
    window = open_window(Document(experiment, experiment.source().load()), ProcessEngine(threads=1))
    with qtbot.waitActive(window):
        window.activateWindow()
    return window


def leaving(document: Document) -> tuple[float, Tape]:
    """A little more than the largest norm of the first steps of plain training, and the step that goes beyond it."""
    trainer = twin(document)
    high = float(f"{1.01 * max(gradient_norm(trainer.record_step(), WHOLE) for _ in range(FIRST)):.6f}")
    while gradient_norm(tape := trainer.record_step(), WHOLE) <= high:
        pass
    return high, tape


def watch(qtbot: QtBot, window: MainWindow, high: float) -> None:
    """Watch the whole gradient, by the dialog."""
    choose(window, "Tape", "Watch the norm of a gradient…")
    dialog = window.tape_bar.control.menu.dialog
    assert dialog is not None
    dialog.high.setText(str(high))
    button = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.document.walk.breakpoints.items
    with qtbot.waitActive(window):
        window.activateWindow()


def assert_shows(window: MainWindow, tape: Tape, high: float) -> None:
    """Demand that the window stands behind the gradient that left the range, and says so."""
    document = window.document
    assert not document.running and tape_of(document).step == tape.step and document.steps_done == tape.step - 1
    assert document.record and (document.record.phase, document.record.index) == ("backward", 0)
    sentence = f"the norm of the whole gradient is {gradient_norm(tape, WHOLE):.3g}, outside 0 to {high:g}."
    assert document.walk.note == f"Stopped in step {tape.step}: {sentence}"
    assert document.walk.note in window.tape_bar.text
    for mine, theirs in zip(tape_of(document).records, tape.records, strict=True):
        assert mine.tensors.keys() == theirs.tensors.keys()
        assert all(np.array_equal(mine.tensors[name], array) for name, array in theirs.tensors.items())


def test_run_stops_where_a_gradient_leaves_its_range_and_can_be_walked_over(window: MainWindow, qtbot: QtBot) -> None:
    document = window.document
    high, tape = leaving(document)
    watch(qtbot, window, high)
    type_key(Key.Key_Space)
    assert document.running
    qtbot.waitUntil(lambda: not document.running)
    assert_shows(window, tape, high)
    assert window.banner.isVisible() and window.banner.text.text() == document.walk.note
    assert len(document.history.losses) == tape.step - 1
    # Back over the step to its start, forward to its end, and on.
    cursor = document.cursor
    type_key(Key.Key_Left, times=cursor)
    assert document.cursor == 0 and tape_of(document).step == tape.step
    type_key(Key.Key_N)
    assert document.cursor == cursor and document.walk.note
    type_key(Key.Key_N)
    assert document.cursor == len(tape) and document.steps_done == tape.step
    other = twin(document)
    losses = [other.train_step() for _ in range(tape.step)]
    assert list(document.history.losses) == losses and same_bits(document.weights(), other.network.state_dict())
    choose(window, "Tape", "Remove all breakpoints")
    press(window, "run")
    wait_for_steps(qtbot, window, tape.step + 30)
    press(window, "run")
    qtbot.waitUntil(lambda: not document.running)
    while other.steps < document.steps_done:
        other.train_step()
    assert same_bits(document.weights(), other.network.state_dict())


@pytest.mark.parametrize("way", ["next_epoch", "run_until"])
def test_next_epoch_and_run_until_stop_as_well(window: MainWindow, qtbot: QtBot, way: str) -> None:
    document = window.document
    high, tape = leaving(document)
    watch(qtbot, window, high)
    for _ in range(20):
        if way == "next_epoch":
            type_key(Key.Key_E)
        else:
            choose(window, "Run", "Run until…")
            dialog = window.dialogs.open_dialog
            assert isinstance(dialog, RunUntilDialog)
            dialog.kind.setCurrentIndex(dialog.kind.findData("more_steps"))
            write(dialog.value, "1000")
        qtbot.waitUntil(lambda: not document.running)
        if document.walk.note:
            break
        assert way == "next_epoch" and document.cursor == len(tape_of(document))
    assert_shows(window, tape, high)


def test_n_stops_at_a_breakpoint_of_the_next_batch_and_then_at_its_end(window: MainWindow) -> None:
    document = window.document
    type_key(Key.Key_Right, times=6)
    type_key(Key.Key_B)
    places = []
    for _ in range(4):
        type_key(Key.Key_N)
        places.append((tape_of(document).step, document.cursor))
    assert places == [(1, 11), (2, 6), (2, 11), (3, 6)]
    assert "Stopped at the breakpoint: backward of layer 2, Tanh." in window.tape_bar.text
    type_key(Key.Key_B)
    press(window, "next_batch", 2)
    assert (tape_of(document).step, document.cursor) == (4, 11)


def test_a_breakpoint_set_while_it_trains_stops_it(window: MainWindow, qtbot: QtBot) -> None:
    document, bar = window.document, window.tape_bar
    type_key(Key.Key_Space)
    wait_for_steps(qtbot, window, 30)
    place = bar.segment_rect(5).center().toPoint()
    QTest.mouseClick(bar, Qt.MouseButton.RightButton, pos=place)
    qtbot.waitUntil(lambda: not document.running)
    assert document.cursor == 6 and "Stopped at the breakpoint" in bar.text
    other = twin(document)
    assert list(document.history.losses) == [other.train_step() for _ in range(document.steps_done)]


def test_the_mark_of_another_learning_rate_stands_where_it_took_effect(window: MainWindow, qtbot: QtBot) -> None:
    document = window.document
    press(window, "run")
    wait_for_steps(qtbot, window, 30)
    write(window.tool_bar.rate.field, "0.005")  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: bool(document.course.marks))
    ((step, words),) = document.course.marks
    assert document.running and words == "learning rate 0.03 → 0.005"
    wait_for_steps(qtbot, window, step + 30)
    press(window, "run")
    qtbot.waitUntil(lambda: not document.running)
    other = document.history.experiments[0][1].trainer(document.data)
    losses = [other.train_step() for _ in range(step)]
    other.set_optimizer_options({"learning_rate": 0.005})
    losses += [other.train_step() for _ in range(document.steps_done - step)]
    assert list(document.history.losses) == losses and same_bits(document.weights(), other.network.state_dict())
    assert words in window.arrangement.panel(Curves).plot.readout_at(step)
