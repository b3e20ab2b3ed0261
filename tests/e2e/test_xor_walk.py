"""XOR from the first Next layer to the last weight on disk: everything the window shows is what the step computes."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.panels.boundary import Boundary
from app.panels.curves import Curves
from app.panels.gradient_flow import GradientFlow
from app.panels.inspector import Inspector
from app.panels.training import TrainingPanel
from app.plots.numbers import format_number
from app.window.main_window import MainWindow
from core.tape import Tape
from core.types import Array
from tests.e2e.hands import (
    choose,
    click,
    menu_action,
    press,
    same_array,
    same_bits,
    says,
    tape_of,
    tool_button,
    twin,
    wait_for_steps,
    write,
)

RECORDS = 11  # 3 forward, loss, 3 backward, 4 updates


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def assert_cards_show(window: MainWindow, tape: Tape, cursor: int) -> None:
    """Every card shows the sample's tensors of the records that are done, and nothing of those that are not."""
    document = window.document
    sample, done = document.sample, {(r.phase, r.index): r.tensors for r in tape.records[:cursor]}
    for card in window.network_view.cards:
        index = card.index
        y, dy = None, None
        if index == -1:
            y = tape.x[sample]
        elif index == len(document.experiment.layers):
            if found := done.get(("loss", index)):
                p, dy = sigmoid(found["prediction"][sample]), found["dy"][sample]
                assert card.shown_y is not None
                np.testing.assert_allclose(card.shown_y[-1:], p, rtol=1e-6)
                y = card.shown_y
        else:
            if found := done.get(("forward", index)):
                y = found["y"][sample]
            if found := done.get(("backward", index)):
                dy = found["dy"][sample]
        assert same_array(card.shown_y, y), f"y of card {index} at {cursor}"
        assert same_array(card.shown_dy, dy), f"dy of card {index} at {cursor}"


def assert_inspector_shows(window: MainWindow, tape: Tape, cursor: int) -> None:
    """The tab Weights shows the weights at the cursor, and the histograms count the tensors that were reached."""
    document, inspector = window.document, window.arrangement.panel(Inspector)
    index = document.selected_layer
    updated = {r.name for r in tape.records[:cursor] if r.phase == "update"}
    name = f"{index}.weight"
    if name in tape.params_before:
        weight = (tape.params_after if name in updated else tape.params_before)[name]
        matrix = inspector.weights.matrix
        assert matrix.isVisible()
        for (row, column), value in np.ndenumerate(weight):
            matrix.show_cell(row, column)
            assert matrix.hover_text() == f"weight[{row}, {column}] = {format_number(value)}"
    else:
        assert inspector.activations.isVisible()


def assert_histograms_show(window: MainWindow, tape: Tape, cursor: int) -> None:
    document, tab = window.document, window.arrangement.panel(Inspector).activations
    index, layers = document.selected_layer, len(document.experiment.layers)
    places = [("loss", "prediction"), ("loss", "dy")] if index == layers else [("forward", "y"), ("backward", "dy")]
    done = {(str(r.phase), r.index): r.tensors for r in tape.records[:cursor]}
    for view, (phase, name) in zip((tab.values, tab.gradients), places, strict=True):
        tensors = done.get((phase, index))
        if tensors is None:
            assert "has not reached" in view.message()
            continue
        values = sigmoid(tensors[name]) if name == "prediction" else tensors[name]
        found = view.distribution()
        assert found.total == values.size and found.zeros == np.count_nonzero(values == 0)
        np.testing.assert_allclose([found.low, found.high], [values.min(), values.max()], rtol=1e-6)
        np.testing.assert_allclose(found.mean, values.mean(dtype=np.float64), rtol=1e-5, atol=1e-9)


def test_every_step_forward_and_back_shows_the_tape_and_ends_at_the_weights_of_a_plain_step(window: MainWindow) -> None:
    document = window.document
    other = twin(document)
    start = other.network.state_dict()
    tape = twin(document).record_step()
    other.train_step()
    assert same_bits(document.weights(), start)
    for cursor in range(1, RECORDS + 1):
        press(window, "next_layer")
        assert document.cursor == cursor
        assert_cards_show(window, tape, cursor)
        assert_inspector_shows(window, tape, cursor)
        record = tape.records[cursor - 1]
        assert record.account in window.tape_bar.text
        assert document.selected_layer == record.index
    assert cursor == len(tape_of(document))
    assert same_bits(document.weights(), other.network.state_dict())
    assert not same_bits(document.weights(), start)
    for cursor in reversed(range(RECORDS)):
        press(window, "back")
        assert document.cursor == cursor
        assert_cards_show(window, tape, cursor)
        assert_inspector_shows(window, tape, cursor)
    assert same_bits(document.weights(), start)
    assert not tool_button(window, "back").isEnabled()


def test_the_histograms_follow_the_cursor_both_ways(window: MainWindow) -> None:
    tape = twin(window.document).record_step()
    inspector = window.arrangement.panel(Inspector)
    inspector.tabs.setCurrentWidget(inspector.activations)
    for cursor in range(1, RECORDS + 1):
        press(window, "next_layer")
        assert_histograms_show(window, tape, cursor)
    for cursor in reversed(range(RECORDS)):
        press(window, "back")
        assert_histograms_show(window, tape, cursor)


def test_the_panels_below_follow_the_walk(window: MainWindow) -> None:
    flow = window.arrangement.panel(GradientFlow)
    window.arrangement.docks[GradientFlow].raise_()
    boundary, curves = window.arrangement.panel(Boundary), window.arrangement.panel(Curves)
    assert says(window, "step <b>0</b>")
    press(window, "next_layer", 5)
    tape = tape_of(window.document)
    gradient = next(r for r in tape.records if r.phase == "backward" and r.index == 2).tensors["d_weight"]
    shown = {row.name: row.gradient for row in flow.bars.rows()}
    assert shown["0.weight"] is None and shown["2.weight"] == pytest.approx(np.linalg.norm(gradient), rel=1e-6)
    press(window, "next_layer", 6)
    assert curves.plot.names() and says(window, "step <b>1</b>", f"loss <b>{format_number(tape.loss)}</b>")
    window.arrangement.docks[Boundary].raise_()
    assert boundary.isVisible()
    press(window, "next_layer")
    assert tape_of(window.document).step == 2


def test_a_walk_goes_back_over_several_batches_to_the_first_weights(window: MainWindow) -> None:
    document = window.document
    start = twin(document).network.state_dict()
    press(window, "next_batch", 3)
    press(window, "next_layer", 4)
    other = twin(document)
    for _ in range(3):
        other.train_step()
    assert same_bits(document.weights(), other.network.state_dict())
    while tool_button(window, "back").isEnabled():
        press(window, "back")
    assert (document.steps_done, document.cursor) == (0, 0)
    assert same_bits(document.weights(), start)


def test_batch_start_and_next_batch_stay_within_their_batch(window: MainWindow) -> None:
    press(window, "next_layer", 8)
    press(window, "batch_start")
    assert (window.document.cursor, tape_of(window.document).step) == (0, 1)
    press(window, "next_batch")
    assert (window.document.cursor, window.document.steps_done) == (RECORDS, 1)
    press(window, "next_batch")
    assert (window.document.cursor, window.document.steps_done) == (RECORDS, 2)


def test_run_and_pause_arrive_at_the_weights_of_as_many_plain_steps(window: MainWindow, qtbot: QtBot) -> None:
    document = window.document
    run = tool_button(window, "run")
    press(window, "next_layer", 5)
    click(run)
    assert document.running and run.text() == "Pause"
    assert not tool_button(window, "next_layer").isEnabled() and not tool_button(window, "back").isEnabled()
    wait_for_steps(qtbot, window, 30)
    click(run)
    assert not document.running and run.text() == "Run"
    assert tool_button(window, "next_layer").isEnabled()
    other = twin(document)
    losses = [other.train_step() for _ in range(document.steps_done)]
    assert same_bits(document.weights(), other.network.state_dict())
    assert list(document.history.losses) == losses
    assert says(window, f"loss <b>{format_number(losses[-1])}</b>")
    # What is shown is a whole batch that can be walked back.
    assert document.cursor == len(tape_of(document)) == RECORDS
    press(window, "back", RECORDS)
    assert document.steps_done == len(losses) - 1


def test_next_epoch_ends_at_the_end_of_the_epoch_also_from_its_middle(window: MainWindow, qtbot: QtBot) -> None:
    document = window.document
    batches = twin(document).batches_per_epoch
    assert batches == 20
    press(window, "next_epoch")
    qtbot.waitUntil(lambda: not document.running)
    assert (document.steps_done, document.epochs_done, document.cursor) == (batches, 1, RECORDS)
    press(window, "next_layer", 3)
    press(window, "next_epoch")
    qtbot.waitUntil(lambda: not document.running)
    assert (document.steps_done, document.epochs_done) == (2 * batches, 2)
    other = twin(document)
    for _ in range(2 * batches):
        other.train_step()
    assert same_bits(document.weights(), other.network.state_dict())


def test_training_learns_xor(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "run")
    wait_for_steps(qtbot, window, 600)
    press(window, "run")
    found = window.document.history.evaluation_at(window.document.steps_done)
    assert found is not None and found[1].accuracy is not None and found[1].accuracy >= 0.98
    assert says(window, "accuracy <b>")


def test_reset_brings_the_same_start_weights_and_new_weights_others(window: MainWindow, qtbot: QtBot) -> None:
    document = window.document
    start, seed = document.weights(), document.experiment.seed
    press(window, "run")
    wait_for_steps(qtbot, window, 5)
    choose(window, "Network", "Reset")  # while it runs
    assert not document.running and document.steps_done == 0 and not document.history.losses
    assert same_bits(document.weights(), start)
    choose(window, "Network", "New weights")
    assert document.experiment.seed == seed + 1
    assert not same_bits(document.weights(), start)
    assert says(window, f"seed {seed + 1}")
    fields = window.arrangement.panel(TrainingPanel).numbers
    assert isinstance(fields["seed"].field, QLineEdit) and fields["seed"].field.text() == str(seed + 1)
    others = document.weights()
    choose(window, "Network", "Reset")
    assert same_bits(document.weights(), others)


@pytest.mark.parametrize("steps", [0, 9, 11])
def test_exported_weights_are_those_at_the_cursor(window: MainWindow, tmp_path: Path, steps: int) -> None:
    press(window, "next_layer", steps)
    path = tmp_path / "weights.npz"
    window.export_weights(path)
    with np.load(path) as saved:
        read = {name: saved[name] for name in saved.files}
    assert same_bits(read, window.document.weights())
    assert list(read) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert says(window, str(path), "exported")


def test_undo_and_redo_by_their_buttons_keep_and_bring_back_the_training(window: MainWindow) -> None:
    document = window.document
    press(window, "next_batch", 4)
    trained = document.weights()
    undo, redo = tool_button(window, "undo"), tool_button(window, "redo")
    assert not undo.isEnabled() and not redo.isEnabled()
    line = window.tool_bar.rate.field
    assert isinstance(line, QLineEdit)
    write(line, "0.5")
    assert document.experiment.optimizer["learning_rate"] == 0.5
    choose(window, "Network", "New weights")
    assert document.steps_done == 0 and not same_bits(document.weights(), trained)
    click(undo)
    assert document.steps_done == 4 and same_bits(document.weights(), trained)
    assert document.experiment.optimizer["learning_rate"] == 0.5
    click(undo)
    assert document.experiment.optimizer["learning_rate"] == 0.03
    assert line.text() == "0.03" and not undo.isEnabled()
    assert menu_action(window, "Edit", "Redo change of the learning rate").isEnabled()
    click(redo)
    click(redo)
    assert document.steps_done == 0 and not redo.isEnabled()
