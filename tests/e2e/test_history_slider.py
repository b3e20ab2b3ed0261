"""A person trains, drags the slider under the curves, goes on from there or comes back, and changes options on the
way."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QSlider, QStyle, QStyleOptionSlider
from pytestqt.qtbot import QtBot

from app.dialogs.run_until import KINDS, RunUntilDialog
from app.dialogs.settings import SettingsDialog
from app.document.document import Document
from app.panels.boundary import Boundary
from app.panels.curves import Curves
from app.panels.diagnostics import Diagnostics
from app.settings_store import _store, load_settings
from app.window.main_window import MainWindow
from core.types import Arrays
from core.words import count
from tests.app.documents import with_memory
from tests.e2e.conftest import Opener
from tests.e2e.hands import LEFT, choose, click, press, same_bits, says, wait_for_steps, write


@pytest.fixture
def trained(open_window: Opener, qtbot: QtBot) -> MainWindow:
    """Dense, BatchNorm, Dropout, Dense on XOR after 60 steps, of which every fifth is kept."""
    document = with_memory()
    window = open_window(document)
    for _ in range(12):
        run_to(window, qtbot, document.steps_done + 5)
    return window


def run_to(window: MainWindow, qtbot: QtBot, step: int) -> None:
    window.run_control.run_to_step(step)
    qtbot.waitUntil(lambda: not window.document.running)
    assert window.document.steps_done == step


def slider(window: MainWindow) -> QSlider:
    return window.arrangement.panel(Curves).travel.slider


def handle(window: MainWindow) -> QPoint:
    """The middle of the slider's handle."""
    option = QStyleOptionSlider()
    slider(window).initStyleOption(option)
    style = slider(window).style()
    rect = style.subControlRect(
        QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider(window)
    )
    return rect.center()


def drag(window: MainWindow, share: float) -> None:
    """Take the handle with the mouse to a share of the slider's length, and let it go."""
    start, width = handle(window), slider(window).width()
    end = QPoint(round(share * width), start.y())
    QTest.mousePress(slider(window), LEFT, pos=start)
    for part in (0.3, 0.7, 1.0):
        QTest.mouseMove(slider(window), start + (end - start) * part)
        QApplication.processEvents()
    QTest.mouseRelease(slider(window), LEFT, pos=end)
    QApplication.processEvents()


def weights_after(document: Document, steps: int) -> Arrays:
    trainer = document.experiment.trainer(document.data)
    for _ in range(steps):
        trainer.train_step()
    return trainer.network.state_dict()


def test_dragging_the_slider_shows_an_earlier_moment_everywhere(trained: MainWindow) -> None:
    document, curves = trained.document, trained.arrangement.panel(Curves)
    boundary = trained.arrangement.panel(Boundary)
    before = boundary.grab().toImage()
    drag(trained, 0.4)
    step = document.steps_done
    assert step in document.course.snapshots.steps and 15 <= step <= 30
    assert same_bits(document.weights(), weights_after(document, step))
    assert says(trained, f"step {step} of 60") and says(trained, "An earlier moment")
    assert curves.plot.canvas.marker.value() == step
    assert boundary.grab().toImage() != before
    assert says(trained, f"step <b>{step}</b>")
    assert slider(trained).value() == step  # the handle stands where the moment is
    click(curves.travel.back)
    assert document.steps_done == 60 and not document.in_past
    assert slider(trained).value() == 60 and not curves.travel.past.isVisible()
    assert boundary.grab().toImage() == before


def test_every_kept_step_and_only_those_can_be_reached_by_keys(trained: MainWindow) -> None:
    document, kept = trained.document, trained.document.course.snapshots.steps
    slider(trained).setFocus()
    visited = []
    QTest.keyClick(slider(trained), Qt.Key.Key_Home)
    for _ in range(len(kept) + 1):
        QApplication.processEvents()
        visited.append(document.steps_done)
        QTest.keyClick(slider(trained), Qt.Key.Key_Right)
    assert sorted(set(visited)) == sorted({*kept, 60}) and visited[0] == 0
    QApplication.processEvents()
    assert not document.in_past
    QTest.keyClick(slider(trained), Qt.Key.Key_Left)
    QApplication.processEvents()
    assert document.steps_done == max(step for step in kept if step < 60)


def test_resume_goes_on_from_there_and_undo_brings_the_newest_moment_back(trained: MainWindow, qtbot: QtBot) -> None:
    document, curves = trained.document, trained.arrangement.panel(Curves)
    newest, losses = weights_after(document, 60), list(document.history.losses)
    kept = document.course.snapshots.steps
    drag(trained, 0.5)
    step = document.steps_done
    click(curves.travel.resume)
    assert document.running
    wait_for_steps(qtbot, trained, step + 30)
    press(trained, "run")
    qtbot.waitUntil(lambda: not document.running)
    assert same_bits(document.weights(), weights_after(document, document.steps_done))
    shared = min(60, document.steps_done)
    assert list(document.history.losses)[:shared] == losses[:shared]
    (chip,) = curves.legend.chips
    assert chip.isVisible() and chip.name.text() == f"1 · left at step {count(step)}"
    assert chip.run.name in curves.plot.names()
    choose(trained, "Edit", f"Undo going on from step {step}")
    assert document.steps_done == 60 and list(document.history.losses) == losses
    assert same_bits(document.weights(), newest)
    assert document.course.snapshots.steps == kept
    drag(trained, 0.8)
    assert document.in_past and step < document.steps_done < 60  # in the part that was left for a while
    assert same_bits(document.weights(), weights_after(document, document.steps_done))


def test_next_layer_in_the_past_walks_on_from_there(trained: MainWindow) -> None:
    document = trained.document
    drag(trained, 0.5)
    step = document.steps_done
    press(trained, "next_batch", 2)
    assert document.steps_done == step + 2 and document.in_past
    assert same_bits(document.weights(), weights_after(document, step + 2))
    assert len(document.history.losses) == 60 and document.course.past_runs == []
    press(trained, "run")
    press(trained, "run")
    assert not document.in_past


def test_the_learning_rate_changes_without_a_pause_and_leaves_a_mark(window: MainWindow, qtbot: QtBot) -> None:
    document, curves = window.document, window.arrangement.panel(Curves)
    pauses: list[bool] = []
    document.running_changed.connect(lambda: pauses.append(document.running))
    press(window, "run")
    wait_for_steps(qtbot, window, 30)
    line, reported = window.tool_bar.rate.field, len(document.history.losses)
    assert isinstance(line, QLineEdit)
    write(line, "0.005")
    qtbot.waitUntil(lambda: bool(document.course.marks))
    assert pauses == [True]
    (mark,) = document.course.marks
    assert mark[1] == "learning rate 0.03 → 0.005" and mark[0] >= reported > 0
    wait_for_steps(qtbot, window, mark[0] + 50)
    assert pauses == [True]
    press(window, "run")
    qtbot.waitUntil(lambda: not document.running)
    assert document.trainer and document.trainer.learning_rate == 0.005
    assert "learning rate 0.03 → 0.005" in curves.plot.readout_at(mark[0])
    choose(window, "Edit", "Undo change of the learning rate")
    assert document.trainer.learning_rate == 0.03


def test_run_until_by_its_dialog(window: MainWindow, qtbot: QtBot) -> None:
    document = window.document
    choose(window, "Run", "Run until…")
    dialog = window.dialogs.open_dialog
    assert isinstance(dialog, RunUntilDialog) and dialog.isVisible()
    dialog.kind.setCurrentText(KINDS["step"])
    QTest.keyClicks(dialog.value, "45")
    QTest.mouseClick(dialog.run, LEFT)
    qtbot.waitUntil(lambda: document.steps_done == 45 and not document.running)
    assert len(document.history.losses) == 45 and same_bits(document.weights(), weights_after(document, 45))
    assert window.dialogs.open_dialog is None


@pytest.mark.parametrize("kind,text", [("loss", "0.5"), ("accuracy", "80")])
def test_run_until_a_loss_or_an_accuracy_is_reached(window: MainWindow, qtbot: QtBot, kind: str, text: str) -> None:
    document = window.document
    choose(window, "Run", "Run until…")
    dialog = window.dialogs.open_dialog
    assert isinstance(dialog, RunUntilDialog)
    dialog.kind.setCurrentText(KINDS[kind])
    QTest.keyClicks(dialog.value, text)
    QTest.keyClick(dialog.value, Qt.Key.Key_Return)
    assert document.running
    qtbot.waitUntil(lambda: not document.running)
    assert says(window, "the run is over, as wanted")
    if kind == "loss":
        assert document.history.losses[document.steps_done - 1] <= 0.5
    else:
        assert max(found.accuracy or 0.0 for found in document.history.evaluations["test"].values()) >= 0.8


def test_settings_take_effect_and_are_kept(window: MainWindow, open_window: Opener) -> None:
    try:
        choose(window, "Edit", "Settings…")
        dialog = window.dialogs.open_dialog
        assert isinstance(dialog, SettingsDialog)
        for name, text in (("evaluation_time", "20"), ("history_memory", "64"), ("blas_threads", "2")):
            field = dialog.fields[name].field
            assert isinstance(field, QLineEdit)
            field.setFocus()
            field.selectAll()
            QTest.keyClicks(field, text)
        click(dialog.save)
        assert window.run_control.evaluation_share == pytest.approx(0.2)
        assert window.document.course.snapshots.budget == 64 * 10**6
        assert says(window, "takes effect at the next start")
        assert load_settings() == window.dialogs.settings
        window.document.reset()
        assert window.document.course.snapshots.budget == 64 * 10**6
        other = open_window(with_memory())
        assert other.run_control.evaluation_share == pytest.approx(0.2)
        assert other.document.course.snapshots.budget == 64 * 10**6
    finally:
        _store().clear()


def test_diagnostics_are_closed_at_first_and_opened_from_the_view_menu(window: MainWindow, qtbot: QtBot) -> None:
    panel = window.arrangement.panel(Diagnostics)
    assert not panel.isVisible() and not panel.measuring
    choose(window, "View", "Diagnostics")
    assert panel.isVisible() and panel.measuring
    press(window, "run")
    qtbot.waitUntil(lambda: panel.values["Steps/s"].text() not in ("0", "–"))
    press(window, "run")
    choose(window, "View", "Diagnostics")
    assert not panel.measuring
    choose(window, "View", "Diagnostics")
    choose(window, "View", "Arrange as at first")
    assert not panel.isVisible()


def test_curves_are_exported_from_the_file_menu(
    trained: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), "Table (CSV) (*.csv)"))
    choose(trained, "File", "Export curves…")
    assert says(trained, "The curves were exported to", "mine.csv")
    assert len(path.read_text(encoding="utf-8").splitlines()) >= 61
