"""The curves hold what the history holds, at a cost that does not grow with what was drawn before."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from app.document.course import PastRun
from app.document.document import Document
from app.document.history import History
from app.panels import curves as panel
from app.panels.curve_lines import EvaluationCopy, run_color, run_series
from app.panels.curves import PROVENANCE, Curves
from app.panels.run_legend import Chip
from app.plots.curve_canvas import LEAST_HEIGHT
from app.plots.curve_data import PointSeries
from core.metrics import Evaluation
from tests.app.documents import with_memory
from tests.app.panel_documents import XOR_RECORDS, number_document, show, step, xor_document


def test_before_the_first_step_a_sentence_stands_there(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    step(document, XOR_RECORDS - 1)
    assert view.plot.names() == ()
    labels = [label.text() for label in view.plot.findChildren(QLabel) if label.isVisible()]
    assert panel.EMPTY in labels


def test_curves_equal_the_history(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    for _ in range(5):
        document.next_batch()
    assert view.plot.names() == ("batch loss", "train loss", "test loss", "train accuracy", "test accuracy")
    for number in range(1, 6):
        train, test = (document.history.evaluations[part][number] for part in ("train", "test"))
        assert view.plot.readout_at(number) == (
            f"step {number} · batch loss {document.history.losses[number - 1]:.4f} · train loss {train.loss:.4f} · "
            f"test loss {test.loss:.4f} · train accuracy {(train.accuracy or 0) * 100:.1f} % · "
            f"test accuracy {(test.accuracy or 0) * 100:.1f} %"
        )


def test_a_regression_has_no_accuracy(qtbot: QtBot) -> None:
    document = number_document()
    view = show(qtbot, Curves(document))
    document.next_batch()
    assert view.plot.names() == ("batch loss", "train loss", "test loss")


def test_the_line_stands_at_the_steps_done_at_the_cursor(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    marks: list[float | None] = []
    monkeypatch.setattr(view.plot, "set_marker", marks.append)
    document.next_batch()
    document.next_batch()
    document.back()
    assert [marks[0], marks[-2], marks[-1]] == [1, 2, 1]


def test_the_tool_tip_says_where_evaluations_come_from(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    document.next_batch()
    view.plot.step_pointed.emit(1.0)
    click, *rest = view.plot.hint.split("\n")
    assert click.startswith("Click") and rest == [PROVENANCE] * any(document.history.evaluations.values())
    document.history.add_evaluations("test", {1: Evaluation(0.5, 0.5, 3)})
    view.plot.step_pointed.emit(1.0)
    assert view.plot.hint.endswith(PROVENANCE)


def test_reset_clears_the_curves(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    document.next_batch()
    document.reset()
    assert view.plot.names() == ()


def test_a_restart_with_other_data_shows_only_the_new_course(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    for _ in range(3):
        document.next_batch()
    document.reset()
    document.edit("rate", optimizer={"kind": "adam", "learning_rate": 0.1})
    document.next_batch()
    document.next_batch()
    assert view.plot.readout_at(99).startswith(f"step 2 · batch loss {document.history.losses[1]:.4f}")


@pytest.mark.parametrize("kept", [0, 3, 5])
@pytest.mark.parametrize("new", [1, 4, 9])
def test_a_history_that_was_cut_and_went_on_differently_is_read_anew(kept: int, new: int) -> None:
    history, evaluations = History(), EvaluationCopy()
    history.evaluations["test"].update({s: Evaluation(1.0 + s, 0.5, 3) for s in range(1, 8)})
    evaluations.follow(history.evaluations["test"])
    history.truncate(kept)
    history.evaluations["test"].update({kept + 1 + i: Evaluation(-1.0 * i, 0.25, 3) for i in range(new)})
    steps, values, accuracies = evaluations.follow(history.evaluations["test"])
    found = history.evaluations["test"]
    assert steps.tolist() == list(found) == list(range(1, kept + new + 1))
    assert values.tolist() == [e.loss for e in found.values()]
    assert accuracies.tolist() == [e.accuracy for e in found.values()]


def test_evaluations_without_accuracy_are_not_numbers() -> None:
    steps, losses, accuracies = EvaluationCopy().follow({4: Evaluation(0.5, None, 10)})
    assert (steps.tolist(), losses.tolist()) == ([4.0], [0.5]) and np.isnan(accuracies).all()


# The learning rate


def test_the_learning_rate_is_shown_on_demand_with_the_mark_of_its_change(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    document.next_batch()
    document.edit("rate", optimizer={**document.experiment.optimizer, "learning_rate": 0.5})
    document.next_batch()
    assert "learning rate" not in view.plot.names()
    view.rate.click()
    assert view.plot.label_of("learning rate") == "learning rate 0 … 0.5"
    read = view.plot.readout_at(2)
    assert "learning rate 0.5000" in read
    assert "after step 1: learning rate 0.03 → 0.5" in view.plot.readout_at(1)
    view.rate.click()
    assert "learning rate" not in view.plot.names()


def test_log_and_linear_by_its_button(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    document.next_batch()
    assert view.plot.log() and view.log.isChecked()
    view.log.click()
    assert not view.plot.log()


# Past runs


def with_past_runs(count: int) -> Document:
    """A document that was trained and reset so many times, and then trained again."""
    document = with_memory()
    for _ in range(count):
        for _ in range(3):
            document.next_batch()
        document.reset()
    document.next_batch()
    return document


def chips(view: Curves) -> tuple[Chip, ...]:
    return view.legend.chips


def test_past_runs_are_pale_curves_below_with_names_in_a_legend(qtbot: QtBot) -> None:
    document = with_past_runs(2)
    view = show(qtbot, Curves(document))
    first, second = document.course.past_runs
    assert view.plot.names()[:2] == (first.name, second.name)
    for run in (first, second):
        curve = view.plot.curve(run.name)
        x, y = curve.series.polyline(0, 100, 100)
        expected = run.history.evaluations["test"]
        assert x.tolist() == list(expected) and y.tolist() == [found.loss for found in expected.values()]
        assert curve.style.pale and curve.item.zValue() < view.plot.curve("test loss").item.zValue()
    assert view.plot.curve(first.name).style.color != view.plot.curve(second.name).style.color
    assert [chip.name.text() for chip in chips(view)] == [first.name, second.name]
    assert all(chip.isVisible() for chip in chips(view))


def test_a_past_run_that_was_hardly_evaluated_is_seen_by_its_batch_losses() -> None:
    history = History()
    history.add_losses(1, [1.0] * 500)
    for at in (400, 450, 500):
        history.add_evaluations("test", {at: Evaluation(0.5, 0.5, 10)})
    assert run_series(PastRun(1, "1 · left at step 390", history, 390)) is history.losses
    for at in range(410, 450, 5):
        history.evaluations["test"][at] = Evaluation(0.5, 0.5, 10)
    assert isinstance(run_series(PastRun(1, "1 · left at step 390", history, 390)), PointSeries)


def test_a_picture_has_the_names_of_the_past_runs_that_are_shown_below_its_curves(qtbot: QtBot, tmp_path: Path) -> None:
    view = show(qtbot, Curves(with_past_runs(3)))
    first, hidden, last = view.document.course.past_runs
    QTest.mouseClick(chips(view)[1].name, Qt.MouseButton.LeftButton)
    view.export(tmp_path / "curves.svg")
    text = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert first.name in text and last.name in text and hidden.name not in text
    view.export(tmp_path / "curves.png")
    image = QImage(str(tmp_path / "curves.png"))
    height = 2 * view.plot.canvas.height()
    below = {image.pixelColor(x, y).name() for x in range(60) for y in range(height, image.height())}
    assert {run_color(first), run_color(last)} <= below and run_color(hidden) not in below
    assert not any(view.plot.curve(run.name).label.isVisible() for run in (first, last))


@pytest.mark.parametrize(("typed", "written"), [("lr-0.01", "lr-0.01.csv"), ("a.PNG", "a.PNG"), ("b", "b.csv")])
def test_a_name_with_a_point_gets_its_ending(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, written: str
) -> None:
    view = show(qtbot, Curves(with_past_runs(1)))
    chosen = (str(tmp_path / typed), "Table (CSV) (*.csv)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    view.ask_export()
    assert [path.name for path in tmp_path.iterdir()] == [written]


def test_a_past_run_is_hidden_shown_and_forgotten_by_its_chip(qtbot: QtBot) -> None:
    document = with_past_runs(2)
    view = show(qtbot, Curves(document))
    first, second = document.course.past_runs
    QTest.mouseClick(chips(view)[0].name, Qt.MouseButton.LeftButton)
    assert first.name not in view.plot.names() and second.name in view.plot.names()
    document.next_batch()
    assert first.name not in view.plot.names()  # it stays hidden
    QTest.mouseClick(chips(view)[0].name, Qt.MouseButton.LeftButton)
    assert first.name in view.plot.names()
    color = view.plot.curve(second.name).style.color
    QTest.mouseClick(chips(view)[0].cross, Qt.MouseButton.LeftButton)
    assert document.course.past_runs == [second]
    assert first.name not in view.plot.names() and [chip.run for chip in chips(view)] == [second]
    assert view.plot.curve(second.name).style.color == color
    QTest.mouseClick(chips(view)[0].cross, Qt.MouseButton.LeftButton)
    assert not view.legend.isVisible()


def test_the_run_that_is_pointed_at_comes_to_the_front_with_its_name_and_values(qtbot: QtBot) -> None:
    document = with_past_runs(1)
    view = show(qtbot, Curves(document))
    (run,) = document.course.past_runs
    assert run.name not in view.plot.readout_at(2)
    at = QPointF(3, 3)
    QApplication.sendEvent(chips(view)[0], QEnterEvent(at, at, at))
    curve = view.plot.curve(run.name)
    assert not curve.style.pale and curve.label.isVisible()
    assert run.name in view.plot.readout_at(2)
    QApplication.sendEvent(chips(view)[0], QEvent(QEvent.Type.Leave))
    assert view.plot.curve(run.name).style.pale


LONG = "digits-conv, loss cross entropy, learning rate 0.003, initializer he normal, epochs 5, other layers"


def with_long_names(count: int) -> Document:
    """The same with names as they are where much was changed between two runs."""
    document = with_past_runs(count)
    for run in document.course.past_runs:
        run.name = f"{run.number} · {LONG}"
    return document


@pytest.mark.parametrize("count", [1, 8])
def test_long_names_are_cut_rather_than_make_the_panel_wider(qtbot: QtBot, count: int) -> None:
    without = show(qtbot, Curves(with_past_runs(0)))
    view = show(qtbot, Curves(with_long_names(count)), 340)
    QApplication.processEvents()
    assert view.minimumSizeHint().width() == without.minimumSizeHint().width()
    for chip in chips(view):
        assert chip.geometry().right() < view.legend.width()
        assert chip.name.geometry().right() < chip.cross.geometry().left()
        assert chip.cross.width() >= chip.cross.sizeHint().width()
        assert chip.name.toolTip().startswith(chip.run.name)


@pytest.mark.parametrize("width", [220, 340, 800])
def test_many_names_take_two_rows_and_leave_the_rest_to_the_curves(qtbot: QtBot, width: int) -> None:
    view = show(qtbot, Curves(with_long_names(8)), width)
    QApplication.processEvents()
    row = chips(view)[0].height()
    assert view.legend.height() == 2 * row
    view.resize(width, view.minimumSizeHint().height())
    QApplication.processEvents()
    assert view.plot.canvas.height() >= LEAST_HEIGHT and view.legend.height() == 2 * row
    lowest = view.plot.canvas.mapTo(view, view.plot.canvas.rect().bottomLeft()).y()
    assert lowest < view.log.mapTo(view, view.log.rect().topLeft()).y()
    places = [chip.geometry() for chip in chips(view)]
    assert not any(one.intersects(other) for one in places for other in places if one is not other)


def test_the_run_just_left_is_in_view_and_the_others_are_reached_by_scrolling(qtbot: QtBot) -> None:
    document = with_long_names(8)
    view = show(qtbot, Curves(document), 340)
    qtbot.waitUntil(lambda: not chips(view)[-1].visibleRegion().isEmpty())
    assert chips(view)[0].visibleRegion().isEmpty()
    bar = view.legend.verticalScrollBar()
    QTest.keyClick(bar, Qt.Key.Key_Home)
    assert not chips(view)[0].visibleRegion().isEmpty()
    document.next_batch()
    QApplication.processEvents()
    assert bar.value() == 0  # only a further run moves the names


def test_the_keyboard_reaches_names_that_are_out_of_view(qtbot: QtBot) -> None:
    view = show(qtbot, Curves(with_long_names(8)), 340)
    qtbot.waitUntil(lambda: chips(view)[0].visibleRegion().isEmpty())
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    last, first = chips(view)[-1].name, chips(view)[0].name
    last.setFocus()
    while not first.hasFocus():
        focus = QApplication.focusWidget()
        assert focus is not None and view.legend.isAncestorOf(focus)
        QTest.keyClick(focus, Qt.Key.Key_Backtab)
    assert not first.visibleRegion().isEmpty()
    QTest.keyClick(first, Qt.Key.Key_Space)
    assert chips(view)[0].run.name not in view.plot.names()


# Files


def test_the_curves_are_exported_as_table_and_pictures(qtbot: QtBot, tmp_path: Path) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    for _ in range(3):
        document.next_batch()
    said: list[str] = []
    view.exported.connect(said.append)
    for name in ("curves.csv", "curves.png", "curves.svg"):
        view.export(tmp_path / name)
        assert said[-1] == f"The curves were exported to {tmp_path / name}."
    with (tmp_path / "curves.csv").open(newline="") as file:
        assert [float(row["batch_loss"]) for row in csv.DictReader(file)] == list(document.history.losses)
    assert not QImage(str(tmp_path / "curves.png")).isNull()


@pytest.mark.parametrize("name", ["curves.csv", "curves.png", "curves.svg", "curves.gif"])
def test_an_export_that_fails_is_told(qtbot: QtBot, tmp_path: Path, name: str) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    said: list[str] = []
    document.failed.connect(said.append)
    view.export(tmp_path / "curves.csv")
    assert said == [panel.NOTHING]
    document.next_batch()
    view.export((tmp_path if name.endswith("gif") else tmp_path / "missing") / name)
    assert len(said) == 2 and ("Choose another place." in said[1] or "choose one of these endings" in said[1])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words,ending", panel.KINDS.items())
def test_the_menu_of_the_panel_asks_for_one_kind_of_file(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, ending: str
) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    document.next_batch()
    asked: list[tuple[Any, ...]] = []

    def answer(*question: Any) -> tuple[str, str]:
        asked.append(question)
        return str(tmp_path / "mine"), question[3]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    menu = view.menu.menu()
    assert menu is not None
    next(action for action in menu.actions() if action.text() == f"{words}…").trigger()
    assert asked[0][3] == f"{words} (*.{ending})"
    assert [path.name for path in tmp_path.iterdir()] == [f"mine.{ending}"]
