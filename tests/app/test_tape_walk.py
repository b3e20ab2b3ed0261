"""Walking along the tape: to the loss, to a layer, to the other side, into a record, and where it stops."""

import dataclasses
import math

import numpy as np
import pytest

from app.document.breakpoints import Breakpoints, RecordBreak, gradient_norm
from app.document.document import Document
from core.norms import WHOLE, NormRange
from core.tape import Record
from tests.app.documents import Ears, batches, tape_of, with_memory, xor_document

LENGTH = 11  # dense tanh dense, loss, dense tanh dense, four parameters


@pytest.fixture
def document() -> Document:
    return xor_document()


def here(document: Document) -> tuple[int, str, int]:
    """Which batch, and which record was done last."""
    record = document.record
    return tape_of(document).step, record.phase if record else "", record.index if record else -1


def test_run_to_loss_goes_from_batch_to_batch(document: Document):
    for batch in (1, 2, 3):
        document.walk.run_to_loss()
        assert here(document) == (batch, "loss", 3)
    assert len(document.history.losses) == 2, "what was passed on the way counts"
    document.go_to(2)
    document.walk.run_to_loss()
    assert here(document) == (3, "loss", 3)


def test_run_to_the_selected_layer_meets_all_its_records(document: Document):
    document.select_layer(2)
    met = []
    for _ in range(5):
        document.walk.run_to_layer()
        met.append(here(document))
    assert met == [(1, "forward", 2), (1, "backward", 2), (1, "update", 2), (1, "update", 2), (2, "forward", 2)]
    assert document.selected_layer == 2


def test_the_first_record_of_the_next_batch_can_be_what_is_wanted(document: Document):
    batches(document, 1)
    document.select_layer(0)
    document.walk.run_to_layer()
    assert here(document) == (2, "forward", 0) and document.cursor == 1


def test_the_input_has_no_records(document: Document):
    document.select_layer(-1)
    document.walk.run_to_layer()
    assert document.cursor == 0 and "input" in document.walk.note


def test_the_other_side_of_the_loss(document: Document):
    document.go_to(2)
    document.walk.to_backward()
    assert here(document) == (1, "backward", 1)
    document.walk.to_forward()
    assert here(document) == (1, "forward", 1) and document.cursor == 2
    document.walk.to_forward()
    assert document.cursor == 2 and "no record" in document.walk.note
    document.go_to(1)
    for phase in ("backward", "update", "update"):
        document.walk.to_backward()
        assert here(document) == (1, phase, 0)
    document.walk.to_backward()
    assert document.cursor == 9 and "no record" in document.walk.note
    document.batch_start()
    document.select_layer(2)
    document.walk.to_backward()
    assert here(document) == (1, "forward", 2), "at the start it is the selected layer's"


def test_batch_end(document: Document):
    document.walk.batch_end()
    assert document.cursor == LENGTH and tape_of(document).step == 1
    document.walk.batch_end()
    assert document.cursor == LENGTH and tape_of(document).step == 1, "unlike Next batch it stays in the batch"


def test_next_and_back_walk_through_sub_steps(document: Document):
    walk = document.walk
    document.go_to(4)  # the loss
    before = tape_of(document)
    walk.step_into()
    names = [step.name for step in walk.substeps]
    assert names == ["p", "loss of each", "loss", "p − t", "dy"] and walk.position == 0
    seen = [walk.substep]
    for _ in names[1:]:
        walk.next()
        seen.append(walk.substep)
    assert seen == list(walk.substeps) and document.cursor == 4 and tape_of(document) is before
    walk.back()
    assert walk.position == 3
    walk.next()
    walk.next()
    assert document.cursor == 5 and walk.substep is None, "behind the last one comes the next record"
    walk.step_into()
    walk.back()
    assert document.cursor == 4 and walk.substep is None, "before the first one lies the record before"


def test_step_into_and_out_move_nothing(document: Document):
    ears = Ears(document)
    document.go_to(3)
    ears.heard()
    document.walk.step_into()
    document.walk.next()
    document.walk.step_out()
    assert document.walk.substeps == () and document.cursor == 3 and ears.heard() == {}


@pytest.mark.parametrize("move", ["next_batch", "batch_start", "reset"])
def test_every_other_move_leaves_the_sub_steps(document: Document, move: str):
    document.go_to(3)
    document.walk.step_into()
    assert document.walk.substeps
    getattr(document, move)()
    assert document.walk.substeps == ()


def test_an_edit_leaves_the_sub_steps(document: Document):
    document.go_to(3)
    document.walk.step_into()
    document.edit("learning rate", optimizer={**document.experiment.optimizer, "learning_rate": 0.5})
    assert document.walk.substeps == ()


def test_what_has_no_sub_steps_says_so(document: Document):
    document.walk.step_into()
    assert "Nothing is done yet" in document.walk.note
    document.go_to(2)
    assert document.walk.note == ""
    document.walk.step_into()
    assert document.walk.note == "Tanh does this in one line: there are no sub-steps."


def test_a_batch_that_was_recorded_with_other_options_keeps_its_sub_steps(document: Document):
    batches(document, 1)
    document.edit("momentum", optimizer={"kind": "sgd", "learning_rate": 0.1, "momentum": 0.5})
    assert document.cursor == LENGTH
    for step in (1, 2):
        document.walk.step_into()
        result = {step.result: step.tensor for step in document.walk.substeps}["after"]
        assert tape_of(document).step == step and document.record
        np.testing.assert_allclose(result, document.record.tensors["after"], rtol=1e-6)
        document.next_batch()


def test_sub_steps_of_every_record_end_at_its_own_numbers():
    """Also where the trainer is ahead of the tape, and after many batches."""
    document = with_memory()
    batches(document, 3)
    document.back()
    for _ in range(LENGTH):
        document.back()
    tape = tape_of(document)
    for cursor in range(1, len(tape) + 1):
        document.go_to(cursor)
        document.walk.step_into()
        for step in document.walk.substeps:
            if step.result:
                assert document.step
                wanted = document.step.tensor(cursor - 1, step.result)
                scale = max(1.0, float(np.abs(wanted).max()))
                np.testing.assert_allclose(step.tensor, wanted, rtol=1e-5, atol=1e-5 * scale)


# Breakpoints


def toggle(document: Document, *positions: int) -> None:
    for position in positions:
        document.walk.breakpoints.toggle(tape_of(document).records[position])


def test_playing_stops_at_a_breakpoint_in_every_batch(document: Document):
    walk = document.walk
    toggle(document, 5)  # backward of Tanh
    went_on = [walk.play(1) for _ in range(6)]
    assert went_on == [True] * 5 + [False]
    assert walk.note == "Stopped at the breakpoint: backward of layer 2, Tanh."
    assert [walk.play(1) for _ in range(LENGTH)] == [True] * (LENGTH - 1) + [False]
    assert here(document) == (2, "backward", 1)


def test_playing_backward_stops_too_and_ends_at_the_start(document: Document):
    toggle(document, 1)
    document.go_to(4)
    assert [document.walk.play(-1) for _ in range(2)] == [True, False]
    assert here(document) == (1, "forward", 1)
    assert [document.walk.play(-1) for _ in range(3)] == [True, True, False] and document.cursor == 0


def test_running_to_something_stops_at_a_breakpoint_before_it(document: Document):
    toggle(document, 1)
    document.walk.run_to_loss()
    assert document.cursor == 2 and "breakpoint" in document.walk.note
    document.walk.run_to_loss()
    assert here(document)[1] == "loss" and document.walk.note == ""


def test_run_goes_to_the_next_breakpoint(document: Document):
    assert not document.walk.run_to_breakpoint() and document.cursor == 0, "nothing to stop at"
    toggle(document, 3, 8)
    places = []
    for _ in range(3):
        assert document.walk.run_to_breakpoint()
        places.append((tape_of(document).step, document.cursor))
    assert places == [(1, 4), (1, 9), (2, 4)]


def test_next_batch_stops_at_a_breakpoint_on_its_way(document: Document):
    toggle(document, 3, 8)
    ears, places, notes = Ears(document), [], []
    for _ in range(6):
        document.walk.next_batch()
        assert ears.heard()["position_changed"] == 1, "the window is redrawn once"
        places.append((tape_of(document).step, document.cursor))
        notes.append(document.walk.note)
    assert places == [(1, 4), (1, 9), (1, LENGTH), (2, 4), (2, 9), (2, LENGTH)]
    assert notes[2] == notes[5] == "" and "Mean squared" not in notes[1]
    assert notes[1] == notes[4] == "Stopped at the breakpoint: update of the bias of layer 1."
    assert len(document.history.losses) == 2


def test_next_batch_stops_in_the_batch_whose_gradient_leaves_a_range(document: Document):
    other = xor_document()
    batches(other, 2)
    before = gradient_norm(tape_of(other), WHOLE)
    other.next_batch()
    assert before < 0.9 * gradient_norm(tape_of(other), WHOLE)
    document.next_batch()
    document.walk.breakpoints.add(NormRange(WHOLE, 0, 1.01 * before))
    for wanted in ((2, LENGTH), (3, 7), (3, LENGTH)):
        document.walk.next_batch()
        assert (tape_of(document).step, document.cursor) == wanted
        assert ("Stopped in step 3: the norm" in document.walk.note) == (wanted == (3, 7))


def test_values_that_are_not_finite_stop_the_next_batch_without_any_breakpoint(
    document: Document, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.document.breakpoints._not_finite", lambda record: "y" * (record.name == "Tanh"))
    document.walk.next_batch()
    assert document.cursor == 2 and "not finite" in document.walk.note


def test_run_first_looks_at_the_rest_of_this_batch(document: Document):
    norm = gradient_norm(tape_of(document), WHOLE)
    document.walk.breakpoints.add(NormRange(WHOLE, 0, 0.99 * norm))
    document.go_to(2)
    assert document.walk.run_to_breakpoint() and document.cursor == 7
    assert "Stopped in step 1" in document.walk.note
    assert not document.walk.run_to_breakpoint() and document.cursor == 7, "a training may run"


@pytest.mark.parametrize("position", [0, 5, LENGTH - 1])
def test_the_batch_that_follows_a_run_is_done_as_far_as_a_breakpoint(document: Document, position: int):
    state = document.begin_run()
    assert state is not None
    toggle(document, position)
    ears = Ears(document)
    document.end_run(state)
    assert document.cursor == position + 1 and document.walk.note and ears.sentences == []
    complete = document.cursor == LENGTH
    assert len(document.history.losses) == document.steps_done == complete
    assert document.selected_layer == tape_of(document).records[position].index
    document.walk.breakpoints.clear()
    document.walk.next_batch()
    other = xor_document()
    batches(other, 1 + complete)
    assert list(document.history.losses) == list(other.history.losses)


def test_a_breakpoint_is_set_and_removed(document: Document):
    points = document.walk.breakpoints
    document.walk.toggle_breakpoint()
    assert not points.items, "at the start there is no record"
    document.go_to(2)
    document.walk.toggle_breakpoint()
    assert list(points.items) == [RecordBreak("forward", 1, "Tanh")]
    document.walk.toggle_breakpoint()
    assert not points.items
    toggle(document, 0, 3, 5, 8)
    assert [item.words() for item in points.items] == [
        "forward of layer 1, Dense",
        tape_of(document).records[3].name,
        "backward of layer 2, Tanh",
        "update of the bias of layer 1",
    ]
    points.remove(points.items[1])
    assert len(points.items) == 3
    points.clear()
    assert not points.items


@pytest.mark.parametrize("parameter", [WHOLE, "0.weight", "2.bias"])
def test_a_norm_outside_its_range_stops_where_the_gradient_is_complete(document: Document, parameter: str):
    tape, points = tape_of(document), document.walk.breakpoints
    found = {f"{r.index}.{n[2:]}": t for r in tape.records if r.phase == "backward" for n, t in r.tensors.items()}
    grads = [g for name, g in found.items() if name in tape.params_before and parameter in (WHOLE, name)]
    norm = math.sqrt(sum(float((g.astype(float) ** 2).sum()) for g in grads))
    assert gradient_norm(tape, parameter) == pytest.approx(norm, rel=1e-12)
    points.add(NormRange(parameter, 0.99 * norm, 1.01 * norm))
    assert not any(points.reason(tape, cursor) for cursor in range(1, LENGTH + 1))
    where = 5 if parameter == "2.bias" else 7
    for low, high in ((0.0, 0.99 * norm), (1.01 * norm, math.inf)):
        points.add(NormRange(parameter, low, high))
        assert len(points.items) == 1, "one range for a gradient"
        stops = [cursor for cursor in range(1, LENGTH + 1) if points.reason(tape, cursor)]
        assert stops == [where]
        assert f"{norm:.3g}" in points.reason(tape, where)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_always_stop(document: Document, value: float):
    tape = tape_of(document)
    bad = dict(tape.records[1].tensors)
    bad["y"] = bad["y"].copy()
    bad["y"][0, 0] = value
    record: Record = dataclasses.replace(tape.records[1], tensors=bad)
    spoiled = dataclasses.replace(tape, records=(tape.records[0], record, *tape.records[2:]))
    assert [bool(Breakpoints().reason(spoiled, cursor)) for cursor in (1, 2, 3)] == [False, True, False]
    assert "not finite" in Breakpoints().reason(spoiled, 2)


def test_opposite_infinities_do_not_hide_each_other(document: Document):
    tape = tape_of(document)
    huge = {"x": np.array([3e38, 3e38], np.float32), "y": np.array([np.inf, -np.inf], np.float32)}
    record = dataclasses.replace(tape.records[0], tensors=huge)
    assert "y of Dense" in Breakpoints().reason(dataclasses.replace(tape, records=(record,)), 1)


def test_a_step_that_cannot_be_computed_ends_the_walk_and_says_why():
    document = xor_document(optimizer={"kind": "sgd", "learning_rate": 1e6, "momentum": 0.9}, loss={"kind": "mse"})
    ears = Ears(document)
    for _ in range(200):
        document.walk.run_to_loss()
        if ears.sentences or document.problem:
            break
    assert "not finite" in (ears.sentences or [document.problem])[0]
    assert document.walk.play(1) is False


def test_while_a_training_runs_nothing_walks(document: Document):
    document.next_batch()
    document.walk.step_into()
    toggle(document, 3, LENGTH - 1)
    state = document.begin_run()
    assert state is not None and document.walk.substeps == ()
    walk = document.walk
    for command in (
        walk.next,
        walk.next_batch,
        walk.back,
        walk.step_into,
        walk.to_backward,
        walk.run_to_loss,
        walk.batch_end,
    ):
        command()
        assert document.cursor == LENGTH and not walk.substeps and not walk.note
    assert walk.run_to_breakpoint() is False and walk.play(1) is False
    document.end_run(state)


# Ahead


def test_recording_ahead_changes_nothing_but_the_waiting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 0.0)
    ahead, plain = with_memory(), with_memory()
    for _ in range(5):
        for document in (ahead, plain):
            document.next_batch()
        ahead.record_ahead()
        ahead.record_ahead()
        assert ahead.tapes and plain.tapes and ahead.tapes.kept == plain.tapes.kept + 1, "one batch, not more"
        assert (ahead.steps_done, ahead.cursor) == (plain.steps_done, plain.cursor)
        step = plain.steps_done
        assert ahead.history.losses.at(step) == plain.history.losses.at(step) is not None
        assert {s: e.loss for s, e in ahead.history.evaluations["test"].items()} == {
            s: e.loss for s, e in plain.history.evaluations["test"].items()
        }
        assert all(np.array_equal(ahead.weights()[name], plain.weights()[name]) for name in plain.weights())
    for document in (ahead, plain):
        document.back()
        document.next_layer()
        document.next_layer()
    record, wanted = ahead.record, plain.record
    assert record and wanted and np.array_equal(record.tensors["y"], wanted.tensors["y"])


def test_an_edit_makes_void_what_was_recorded_ahead(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 0.0)
    ahead, plain = xor_document(), xor_document()
    for document in (ahead, plain):
        document.next_batch()
        document.record_ahead() if document is ahead else None
        document.edit("rate", optimizer={"kind": "sgd", "learning_rate": 0.5})
        document.next_batch()
    assert tape_of(ahead).learning_rate == 0.5
    assert all(np.array_equal(ahead.weights()[name], plain.weights()[name]) for name in plain.weights())


def test_nothing_is_recorded_ahead_inside_of_a_batch_or_while_it_is_quick(monkeypatch: pytest.MonkeyPatch):
    document = xor_document()
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 1e9)
    document.next_batch()
    document.record_ahead()
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 0.0)
    document.back()
    document.record_ahead()
    assert document.tapes and document.tapes.kept == 1


def test_the_memory_of_tapes_is_bounded_also_ahead(monkeypatch: pytest.MonkeyPatch):
    document = xor_document()
    assert document.tapes
    monkeypatch.setattr("app.document.stepper.TAPE_BUDGET", int(2.5 * document.tapes.current))
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 0.0)
    for _ in range(6):
        document.next_batch()
        tape = tape_of(document)
        document.record_ahead()
        assert tape_of(document) is tape and document.tapes.kept <= 3
    assert document.tapes.kept == 2
