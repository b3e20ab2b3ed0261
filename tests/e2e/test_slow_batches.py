"""After a pause a batch that takes long is left until somebody asks for it; nothing is lost meanwhile."""

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.document.shown import NOT_RECORDED
from app.panels.boundary import Boundary
from app.panels.inspector import Inspector
from app.panels.layers import LayersPanel
from app.plots.numbers import format_number
from app.window import idle_evaluation, run_control
from app.window.main_window import MainWindow
from core.trainer import Trainer
from tests.e2e.hands import click_cell, press, same_bits, says, tape_of, tool_button, twin, wait_for_steps


@pytest.fixture(autouse=True)
def every_batch_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_control, "SLOW_BATCH", 0.0)
    monkeypatch.setattr(idle_evaluation, "_HOPELESS", 1e9)  # but not its evaluation, whatever else the machine does


def run_and_pause(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train for a while; in the pause nothing is recorded."""
    document = window.document
    press(window, "run")
    wait_for_steps(qtbot, window, document.steps_done + 20)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "record_step", _never)
        press(window, "run")
        qtbot.waitUntil(lambda: not document.running)
    assert document.tape is None and document.batch_waits


def _never(trainer: Trainer) -> None:
    raise AssertionError("a batch was recorded that nobody asked for")


def as_trained_plainly(window: MainWindow) -> bool:
    document, other = window.document, twin(window.document)
    losses = [other.train_step() for _ in range(document.steps_done)]
    return same_bits(document.weights(), other.network.state_dict()) and list(document.history.losses) == losses


def test_the_pause_says_how_to_see_the_batch(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_and_pause(window, qtbot, monkeypatch)
    document = window.document
    assert as_trained_plainly(window) and len(document.history.losses) == document.steps_done > 0
    inspector = window.arrangement.panel(Inspector)
    inspector.tabs.setCurrentWidget(inspector.activations)
    qtbot.waitUntil(lambda: inspector.activations.values.message() == NOT_RECORDED)
    for part in (window.network_view, window.status_line):
        assert says(part, NOT_RECORDED)
    assert not says(window.arrangement.panel(LayersPanel), NOT_RECORDED), "nothing is wrong with the layers"
    enabled = {
        name for name in ("run", "next_layer", "next_batch", "next_epoch") if tool_button(window, name).isEnabled()
    }
    assert len(enabled) == 4
    assert not tool_button(window, "back").isEnabled() and not tool_button(window, "batch_start").isEnabled()
    window.export_weights(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as saved:
        assert same_bits(dict(saved), document.weights())


@pytest.mark.parametrize(("name", "cursor"), [("next_layer", 1), ("next_batch", None)])
def test_a_step_records_the_batch(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, name: str, cursor: int | None
) -> None:
    run_and_pause(window, qtbot, monkeypatch)
    document, steps = window.document, window.document.steps_done
    press(window, name)
    tape = tape_of(document)
    assert tape.step == steps + 1 and document.cursor == (cursor or len(tape)) and not document.problem
    assert not says(window, NOT_RECORDED) and tool_button(window, "back").isEnabled()
    press(window, "next_batch")
    assert as_trained_plainly(window)


def test_weights_are_seen_while_their_batch_waits(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_and_pause(window, qtbot, monkeypatch)
    document, inspector = window.document, window.arrangement.panel(Inspector)
    boundary, matrix = window.arrangement.panel(Boundary), inspector.weights.matrix
    document.select_layer(0)
    inspector.tabs.setCurrentWidget(inspector.weights)
    qtbot.waitUntil(lambda: matrix.isVisible() and not boundary.plane.message())
    weight = document.weights()["0.weight"]
    assert matrix.numbers_shown() == [[format_number(float(value)) for value in row] for row in weight]
    click_cell(matrix, 1, 0)
    assert document.questions.current is None and says(window, "explained by the batch", NOT_RECORDED)
    inspector.weights.choose("Gradient")
    qtbot.waitUntil(lambda: says(inspector, NOT_RECORDED))


def test_a_run_goes_on_from_there(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        run_and_pause(window, qtbot, monkeypatch)
    assert as_trained_plainly(window)


def test_an_edit_keeps_weights_and_waits_on(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    run_and_pause(window, qtbot, monkeypatch)
    document, steps, weights = window.document, window.document.steps_done, window.document.weights()
    document.edit("batch size", batch_size=20)
    assert document.batch_waits and document.steps_done == steps and same_bits(document.weights(), weights)
    document.undo()
    assert document.batch_waits and as_trained_plainly(window)
    press(window, "next_batch")
    assert document.steps_done == steps + 1 and as_trained_plainly(window)


def test_its_accuracy_is_found_all_the_same(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    run_and_pause(window, qtbot, monkeypatch)
    document = window.document
    qtbot.waitUntil(lambda: document.steps_done in document.history.evaluations["test"])
    found = document.history.evaluations["test"][document.steps_done]
    other = twin(document)
    for _ in range(document.steps_done):
        other.train_step()
    assert document.batch_waits and found.accuracy == other.evaluate("test").accuracy


def test_one_can_travel_and_come_back(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    run_and_pause(window, qtbot, monkeypatch)
    document, steps, weights = window.document, window.document.steps_done, window.document.weights()
    document.travel(0)
    assert document.in_past and document.tape is not None
    document.back_to_now()
    assert document.batch_waits and document.steps_done == steps and same_bits(document.weights(), weights)
    press(window, "next_batch")
    assert as_trained_plainly(window)


def test_where_the_run_was_to_end_its_batch_is_done(window: MainWindow, qtbot: QtBot) -> None:
    document = window.document
    press(window, "next_epoch")
    qtbot.waitUntil(lambda: not document.running)
    assert document.trainer and document.steps_done == document.trainer.batches_per_epoch
    assert document.cursor == len(tape_of(document)) and as_trained_plainly(window)
