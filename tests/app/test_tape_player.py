"""Playing the tape by a clock, and the buttons and the menu below the tape."""

import math

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QMenu
from pytestqt.qtbot import QtBot

from app.document.breakpoints import gradient_norm
from app.document.document import Document
from app.network_view.breakpoint_menu import WatchDialog
from app.network_view.tape_bar import TapeBar
from app.plots.numbers import format_number
from core.norms import WHOLE, NormRange
from tests.app.documents import tape_of, xor_document

LEFT = Qt.MouseButton.LeftButton
LENGTH = 11


@pytest.fixture
def document() -> Document:
    return xor_document()


@pytest.fixture
def bar(document: Document, qtbot: QtBot) -> TapeBar:
    bar = TapeBar(document)
    qtbot.addWidget(bar)
    bar.resize(900, bar.sizeHint().height())
    bar.show()
    return bar


def tick(bar: TapeBar, times: int = 1) -> None:
    """What the clock does, without waiting for it."""
    for _ in range(times):
        bar.player._timer.timeout.emit()


def test_the_clock_plays_until_it_is_stopped(document: Document, bar: TapeBar, qtbot: QtBot) -> None:
    bar.player.speed = 100.0
    QTest.mouseClick(bar.control.forward, LEFT)
    qtbot.waitUntil(lambda: document.cursor >= 3)
    QTest.mouseClick(bar.control.pause, LEFT)
    stopped_at = document.cursor
    assert bar.player.direction is None and not bar.player._timer.isActive()
    tick(bar)
    assert document.cursor == stopped_at


def test_playing_goes_on_over_batches_and_back(document: Document, bar: TapeBar) -> None:
    QTest.mouseClick(bar.control.forward, LEFT)
    tick(bar, 2 * LENGTH + 3)
    assert (tape_of(document).step, document.cursor) == (3, 3) and bar.player.direction == 1
    assert len(document.history.losses) == 2
    QTest.mouseClick(bar.control.backward, LEFT)
    tick(bar, 5)
    assert (tape_of(document).step, document.cursor) == (2, LENGTH - 2)
    tick(bar, 2 * LENGTH)
    assert (tape_of(document).step, document.cursor) == (1, 0)
    tick(bar)
    assert bar.player.direction is None, "there is nothing before the first record"


@pytest.mark.parametrize("speed", [0.5, 1, 2, 5, 10])
def test_the_speed_can_be_chosen_while_it_plays(bar: TapeBar, speed: float) -> None:
    bar.player.forward()
    combo = bar.control.speed
    combo.setCurrentText(f"{speed:g} /s")
    combo.activated.emit(combo.currentIndex())
    assert bar.player._timer.interval() == round(1000 / speed) and bar.player.direction == 1


def test_the_same_button_again_stops(bar: TapeBar) -> None:
    for button in (bar.control.forward, bar.control.backward):
        QTest.mouseClick(button, LEFT)
        assert bar.player.direction is not None and bar.control.pause.isEnabled()
        QTest.mouseClick(button, LEFT)
        assert bar.player.direction is None and not bar.control.pause.isEnabled()


@pytest.mark.parametrize(
    "command",
    ["next_layer", "back", "next_batch", "batch_start", "reset", "begin_run", "walk.step_into", "edit", "hide"],
)
def test_any_other_command_stops_it(document: Document, bar: TapeBar, command: str) -> None:
    document.go_to(4)
    bar.player.forward()
    tick(bar, 3)
    if command == "edit":
        document.edit("batch size", batch_size=5)
    elif command == "hide":
        bar.hide()
    else:
        owner: object = document.walk if "." in command else document
        getattr(owner, command.rpartition(".")[2])()
    assert bar.player.direction is None and not bar.player._timer.isActive()


def test_choosing_a_sample_or_a_layer_goes_on(document: Document, bar: TapeBar) -> None:
    bar.player.forward()
    tick(bar)
    document.select_sample(3)
    document.select_layer(2)
    assert bar.player.direction == 1


def test_a_breakpoint_stops_it_and_it_goes_on_from_there(document: Document, bar: TapeBar) -> None:
    document.walk.breakpoints.toggle(tape_of(document).records[4])
    bar.player.forward()
    tick(bar, 9)
    assert document.cursor == 5 and bar.player.direction is None
    assert bar.text.startswith("5 of 11 · Stopped at the breakpoint: backward of layer 3, Dense. · tape ")
    bar.player.forward()
    tick(bar, 2)
    assert document.cursor == 7 and bar.player.direction == 1 and "Stopped" not in bar.text


def test_a_step_that_cannot_be_computed_stops_it(qtbot: QtBot) -> None:
    document = xor_document(optimizer={"kind": "sgd", "learning_rate": 1e6, "momentum": 0.9}, loss={"kind": "mse"})
    bar = TapeBar(document)
    qtbot.addWidget(bar)
    sentences: list[str] = []
    document.failed.connect(sentences.append)
    bar.player.forward()
    tick(bar, 4000)
    assert bar.player.direction is None
    assert "not finite" in "".join([*sentences, document.walk.note]) or tape_of(document).refused


def test_without_a_tape_nothing_plays(document: Document, bar: TapeBar) -> None:
    bar.player.forward()
    document.edit("No layers", layers=())
    assert bar.player.direction is None and not bar.control.forward.isEnabled()
    document.undo()
    assert bar.control.forward.isEnabled()


def test_a_narrow_bar_leaves_the_room_to_the_text(bar: TapeBar) -> None:
    bar.resize(300, bar.height())
    assert not bar.control.isVisible()
    bar.resize(900, bar.height())
    assert bar.control.isVisible()
    assert bar.rect().contains(bar.control.geometry())


# The menu


def entries(menu: QMenu) -> dict[str, bool]:
    return {action.text(): action.isEnabled() for action in menu.actions() if action.text()}


def choose(bar: TapeBar, text: str) -> None:
    bar.control.menu.aboutToShow.emit()
    next(action for action in bar.control.menu.actions() if action.text() == text).trigger()


def test_the_menu_lists_sets_and_removes(document: Document, bar: TapeBar) -> None:
    menu = bar.control.menu
    menu.aboutToShow.emit()
    assert entries(menu) == {
        "Stop at this record": False,
        "Watch the norm of a gradient…": True,
        "values that are not finite (always)": False,
        "Remove all breakpoints": False,
    }
    document.go_to(2)
    choose(bar, "Stop at this record")
    document.walk.breakpoints.add(NormRange("0.weight", 0.5, 2.0))
    menu.aboutToShow.emit()
    assert list(entries(menu))[2:4] == [
        "forward of layer 2, Tanh",
        "norm of the gradient of the weight of layer 1 outside 0.5 to 2",
    ]
    assert menu.actions()[0].isChecked() and bar.control.breakpoints.accessibleDescription() == "2 set"
    choose(bar, "forward of layer 2, Tanh")
    assert document.walk.breakpoints.items == (NormRange("0.weight", 0.5, 2.0),)
    choose(bar, "Remove all breakpoints")
    assert not document.walk.breakpoints.items


@pytest.fixture
def dialog(document: Document, bar: TapeBar) -> WatchDialog:
    choose(bar, "Watch the norm of a gradient…")
    found = bar.control.menu.dialog
    assert found is not None
    return found


def ok(dialog: WatchDialog) -> None:
    QTest.mouseClick(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok), LEFT)


def test_the_dialog_watches_a_gradient(document: Document, bar: TapeBar, dialog: WatchDialog) -> None:
    tape = tape_of(document)
    assert dialog.now.text() == f"{format_number(gradient_norm(tape, WHOLE))} in this batch"
    names = [dialog.parameter.itemText(index) for index in range(dialog.parameter.count())]
    titles = ["1 · Dense.weight", "1 · Dense.bias", "3 · Dense.weight", "3 · Dense.bias"]
    assert names == ["all parameters together", *titles]
    dialog.parameter.setCurrentText("3 · Dense.weight")
    assert dialog.now.text() == f"{format_number(gradient_norm(tape, '2.weight'))} in this batch"
    dialog.low.setText("0.01")
    dialog.high.setText("inf")
    ok(dialog)
    assert document.walk.breakpoints.items == (NormRange("2.weight", 0.01, math.inf),)
    assert bar.control.menu.dialog is None


@pytest.mark.parametrize(("low", "high", "words"), [("a", "1", "numbers"), ("", "1", "range"), ("2", "1", "range")])
def test_the_dialog_says_what_is_wrong(
    document: Document, dialog: WatchDialog, low: str, high: str, words: str, qtbot: QtBot
) -> None:
    dialog.low.setText(low)
    dialog.high.setText(high)
    ok(dialog)
    assert dialog.isVisible() and dialog.error.isVisible() and words in dialog.error.text()
    assert not document.walk.breakpoints.items
    dialog.reject()


# Ahead


def test_the_next_batch_is_recorded_when_one_looks_at_the_end_of_this_one(
    document: Document, bar: TapeBar, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 0.0)
    tape = tape_of(document)
    document.next_batch()
    qtbot.waitUntil(lambda: document.tapes is not None and document.tapes.kept == 2)
    assert tape_of(document) is tape and document.cursor == LENGTH


def test_whoever_walks_on_is_not_made_to_wait(document: Document, bar: TapeBar) -> None:
    document.next_batch()
    assert bar.ahead._timer.isActive()
    document.next_layer()
    assert not bar.ahead._timer.isActive()
    document.next_batch()
    bar.hide()
    assert not bar.ahead._timer.isActive()
