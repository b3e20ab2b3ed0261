"""Travelling through the training: what is kept, what is shown, how one comes back, and what going on leaves behind."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from app.document.document import Document
from core.trainer import Trainer
from core.types import Arrays
from tests.app.documents import assert_same, batches, copies, differ, step, tape_of, twin, with_memory, xor_document


def run(document: Document, steps: int, keep_every: int = 5) -> None:
    """What an engine does with a document: hand over, report, hand back; the last step is done in the window."""
    state = document.begin_run()
    assert state is not None
    trainer = document.experiment.trainer(document.data)
    trainer.restore(state)
    for number in range(1, steps):
        loss = trainer.train_step()
        document.show_progress(trainer.steps, np.array([loss]), {"test": {trainer.steps: trainer.evaluate()}})
        if number % keep_every == 0 and number < steps - 1:
            document.show_state(trainer.state())
    document.end_run(trainer.state())


def everything(document: Document) -> tuple[Arrays, dict[str, Any], list[float], int, int]:
    """Weights, the trainer's whole state, the curve and the place on the tape."""
    assert document.trainer
    state = document.trainer.state()
    losses = list(document.history.losses)
    return copies(document.weights()), state, losses, document.steps_done, document.cursor


def assert_same_moment(document: Document, wanted: tuple[Arrays, dict[str, Any], list[float], int, int]) -> None:
    weights, state, *rest = everything(document)
    assert rest == list(wanted[2:])
    assert_same(weights, wanted[0])
    assert_same_state(state, wanted[1])


def assert_same_state(state: dict[str, Any], wanted: dict[str, Any]) -> None:
    """The same weights, optimizer memory, counters and random state, bit for bit."""
    assert (state["steps"], state["rng"]) == (wanted["steps"], wanted["rng"])
    assert_same(state["weights"], wanted["weights"])
    assert state["optimizer"]["steps"] == wanted["optimizer"]["steps"]
    for slot, arrays in wanted["optimizer"]["memory"].items():
        assert_same(state["optimizer"]["memory"][slot], arrays)


def state_after(document: Document, steps: int) -> dict[str, Any]:
    """The state after so many plain training steps, which no document had a hand in."""
    return twin(document, steps).state()


# What is kept


def test_the_start_weights_are_kept_and_can_be_travelled_to() -> None:
    document = with_memory()
    start = state_after(document, 0)
    batches(document, 3)
    document.travel(0)
    assert document.steps_done == 0
    assert_same(document.weights(), start["weights"])


# Travelling


@pytest.mark.parametrize("target", [0, 4, 11])
def test_an_earlier_moment_is_shown_with_its_weights_and_a_complete_forward_and_backward_pass(target: int) -> None:
    document = with_memory()
    batches(document, 12)
    document.travel(target)
    assert document.in_past and document.steps_done == target
    assert_same(document.weights(), state_after(document, target)["weights"])
    done = [record.phase for record in tape_of(document).records[: document.cursor]]
    assert "backward" in done and "update" not in done
    assert len(document.history.losses) == 12


@pytest.mark.parametrize("records_ahead", [0, 5])
def test_back_to_now_is_exact_even_if_the_newest_moment_is_not_kept(records_ahead: int) -> None:
    document = with_memory()
    batches(document, 12)
    document.course.snapshots.truncate(7)
    step(document, records_ahead)
    before = everything(document)
    tape = document.tape
    for target in (3, 7, 0):
        document.travel(target)
    document.next_layer()
    document.next_batch()
    document.back_to_now()
    assert not document.in_past and document.tape is tape
    assert_same_moment(document, before)
    document.back()  # the tapes before are there too
    batches(document, 3)
    assert_same(document.weights(), state_after(document, document.steps_done)["weights"])


def test_back_to_now_is_nothing_when_it_is_now() -> None:
    document = with_memory()
    batches(document, 2)
    before = everything(document)
    document.back_to_now()
    assert_same_moment(document, before)


def test_one_can_travel_away_from_a_network_that_cannot_go_on() -> None:
    document = xor_document(
        loss={"kind": "mse"},
        layers=({"kind": "dense", "units": 1},),
        optimizer={"kind": "sgd", "learning_rate": 0.01},
    )
    run(document, 10, keep_every=2)
    document.edit("rate", optimizer={"kind": "sgd", "learning_rate": 1e6})
    while not tape_of(document).refused:
        document.next_batch()
    refused, steps = tape_of(document), document.steps_done
    document.travel(4)
    assert not tape_of(document).refused and document.steps_done == 4
    document.back_to_now()
    assert tape_of(document) is refused and document.steps_done == steps


def test_stepping_in_the_past_repeats_the_course_and_leaves_the_curve_alone() -> None:
    document = with_memory()
    batches(document, 9)
    losses, undo = list(document.history.losses), document.edits.undo_label
    newest = everything(document)
    document.travel(3)
    batches(document, 4)
    assert document.in_past and document.steps_done == 7
    assert_same(document.weights(), state_after(document, 7)["weights"])
    assert list(document.history.losses) == losses
    assert (document.edits.undo_label, document.course.past_runs) == (undo, [])
    document.back_to_now()
    assert_same_moment(document, newest)


def test_stepping_on_beyond_the_newest_moment_goes_on_with_the_same_run() -> None:
    document = with_memory()
    batches(document, 5)
    document.travel(3)
    batches(document, 4)
    assert not document.in_past and document.steps_done == 7 and len(document.history.losses) == 7
    assert document.course.past_runs == []
    assert document.trainer
    assert_same_state(document.trainer.state(), state_after(document, 7))


# Going on from there


def test_resuming_is_bit_identical_to_the_original_course() -> None:
    document = with_memory()
    run(document, 20)
    losses = list(document.history.losses)
    document.travel(10)
    kept = document.steps_done
    assert 0 < kept <= 10
    run(document, 20 - kept)
    assert document.steps_done == 20 and list(document.history.losses) == losses
    assert document.trainer
    assert_same_state(document.trainer.state(), state_after(document, 20))


def test_resuming_leaves_a_past_run_and_undo_brings_the_newest_moment_back() -> None:
    document = with_memory()
    run(document, 20)
    newest = everything(document)
    document.travel(10)
    kept = document.steps_done
    run(document, 5)
    assert (document.steps_done, len(document.history.losses)) == (kept + 5, kept + 5)
    (left,) = document.course.past_runs
    assert list(left.history.losses) == newest[2] and left.first_step == kept
    assert f"step {kept}" in left.name
    assert f"step {kept}" in document.edits.undo_label
    document.undo()
    assert_same(document.weights(), newest[0])
    assert (document.steps_done, list(document.history.losses)) == (20, newest[2])
    assert left not in document.course.past_runs
    assert kept in document.course.snapshots.steps  # of what both have in common
    batches(document, 3)
    assert document.trainer
    assert_same_state(document.trainer.state(), state_after(document, 23))


def test_undo_brings_back_the_states_of_the_later_part_and_redo_those_of_the_other() -> None:
    document = with_memory()
    run(document, 20)
    steps, kept = document.course.snapshots.steps, document.course.snapshots.nearest(16)
    document.travel(10)
    resumed = document.steps_done
    run(document, 9, keep_every=3)
    others = document.course.snapshots.steps
    assert others != steps and others[-1] == resumed + 9
    document.undo()
    assert document.course.snapshots.steps == steps
    assert document.course.snapshots.nearest(16) is kept  # the very state, not a copy
    document.travel(16)
    assert 10 < document.steps_done <= 16
    assert_same(document.weights(), state_after(document, document.steps_done)["weights"])
    document.back_to_now()
    document.redo()
    assert document.course.snapshots.steps == others
    document.travel(others[-2])
    assert document.steps_done == others[-2] > resumed
    assert_same(document.weights(), state_after(document, document.steps_done)["weights"])


@pytest.mark.parametrize("leave", ["reset", "layers", "options in the past"])
def test_undoing_what_left_a_course_makes_all_of_its_states_reachable_again(leave: str) -> None:
    document = with_memory()
    batches(document, 12)
    if leave == "reset":
        document.reset()
    elif leave == "layers":
        document.edit("layers", layers=({"kind": "dense", "units": 1},))
    else:
        document.travel(4)
        document.edit("rate", optimizer={**document.experiment.optimizer, "learning_rate": 0.5})
    batches(document, 3)
    assert len(document.course.snapshots) < 13
    while document.edits.undo_label:
        document.undo()
    assert document.course.snapshots.steps == list(range(13))
    for target in (7, 12, 0):
        document.travel(target)
        assert_same(document.weights(), state_after(document, target)["weights"])


def test_states_for_an_undo_stay_within_the_one_budget() -> None:
    document = with_memory()
    batches(document, 20)
    snapshots = document.course.snapshots
    snapshots.budget = snapshots.bytes
    document.travel(5)
    run(document, 40, keep_every=1)
    assert snapshots.bytes == snapshots.budget
    document.undo()
    assert document.course.snapshots is snapshots and snapshots.bytes <= snapshots.budget
    assert {0, 20} <= set(snapshots.steps) and len([step for step in snapshots.steps if step > 5]) >= 7


def test_a_resumed_run_starts_at_the_step_that_is_shown_even_if_its_batch_is_half_shown() -> None:
    document = with_memory()
    batches(document, 8)
    document.travel(5)
    state = document.begin_run()
    assert state is not None
    assert_same_state(state, state_after(document, 5))
    document.end_run(state)


def test_an_option_changed_in_the_past_branches_off_there_and_two_undos_bring_everything_back() -> None:
    document = with_memory()
    batches(document, 9)
    newest = everything(document)
    document.travel(4)
    spec = {**document.experiment.optimizer, "learning_rate": 0.5}
    document.edit("change of the learning rate", optimizer=spec)
    assert not document.in_past and document.steps_done == 4 and len(document.history.losses) == 4
    assert [at for at, _ in document.course.marks] == [4]
    document.undo()
    assert document.experiment.optimizer != spec and document.steps_done == 4
    document.undo()
    assert_same(document.weights(), newest[0])
    assert (document.steps_done, list(document.history.losses)) == (9, newest[2])


def test_stepping_with_other_options_than_once_really_branches() -> None:
    document = with_memory()
    batches(document, 4)
    document.edit("rate", optimizer={**document.experiment.optimizer, "learning_rate": 0.5})
    batches(document, 4)
    losses = list(document.history.losses)
    document.travel(2)
    step(document, 3)
    assert document.in_past and list(document.history.losses) == losses  # nothing is done yet
    document.next_batch()
    assert not document.in_past and len(document.history.losses) == 3
    (left,) = document.course.past_runs
    assert list(left.history.losses) == losses
    assert document.history.losses[2] == losses[2]  # the same weights and batch, another update
    batches(document, 1)
    assert document.history.losses[3] != losses[3]
    assert [at for at, _ in document.course.marks] == [2]
    document.undo()
    assert list(document.history.losses) == losses and document.steps_done == 8


def test_undo_in_the_past_takes_the_last_edit_back_at_the_newest_moment() -> None:
    document = with_memory()
    batches(document, 4)
    before = document.experiment
    document.edit("rate", optimizer={**before.optimizer, "learning_rate": 0.5})
    batches(document, 4)
    document.travel(2)
    document.undo()
    assert document.experiment == before and document.steps_done == 8 and len(document.history.losses) == 8


@pytest.mark.parametrize("leave", ["reset", "layers"])
def test_starting_anew_in_the_past_can_be_undone_to_the_newest_moment(leave: str) -> None:
    document = with_memory()
    batches(document, 6)
    newest = everything(document)
    document.travel(2)
    if leave == "reset":
        document.reset()
    else:
        document.edit("layers", layers=({"kind": "dense", "units": 1},))
    assert not document.in_past and document.steps_done == 0
    document.undo()
    assert_same(document.weights(), newest[0])
    assert (document.steps_done, list(document.history.losses)) == (6, newest[2])


def test_undo_after_walking_back_over_tapes_and_running_is_exact_though_the_newest_state_was_not_kept() -> None:
    document = with_memory()
    batches(document, 8)
    newest = copies(document.weights())
    document.course.snapshots.truncate(3)
    for _ in range(3 * len(tape_of(document))):
        document.back()
    run(document, 2)
    assert differ(document.weights(), newest)
    document.undo()
    assert document.steps_done == 8
    assert_same(document.weights(), newest)


# While it runs


def test_options_changed_while_running_are_marked_and_the_run_goes_on() -> None:
    document = with_memory()
    state = document.begin_run()
    assert state is not None
    trainer = document.experiment.trainer(document.data)
    trainer.restore(state)
    first = [trainer.train_step() for _ in range(6)]
    document.show_progress(1, np.array(first), {})
    spec = {**document.experiment.optimizer, "learning_rate": 0.5}
    document.edit("change of the learning rate", optimizer=spec)
    assert document.running and document.experiment.optimizer == spec
    assert document.course.marks == [], "only whoever trains knows at which step it takes effect"
    late = trainer.train_step()
    trainer.set_optimizer_options({"learning_rate": 0.5})
    document.show_progress(7, np.array([late, trainer.train_step()]), {}, ((7, spec),))
    ((at, words),) = document.course.marks
    assert at == 7 and words.startswith("learning rate") and words.endswith("→ 0.5")
    document.end_run(trainer.state())
    other: Trainer = dataclasses.replace(document.experiment, optimizer=spec).trainer(document.data)
    assert document.trainer and document.trainer.learning_rate == other.learning_rate == 0.5


def test_there_is_no_travelling_while_a_training_runs() -> None:
    document = with_memory()
    batches(document, 5)
    document.begin_run()
    document.travel(2)
    assert not document.in_past and document.steps_done == 5
