"""The document while nothing is edited: steps along the tape, runs elsewhere, and what it counts and says.

Everything is compared with a plain trainer of the same experiment, which knows nothing of tapes.
"""

import numpy as np
import pytest

from app.document.document import Document
from tests.app.documents import (
    Ears,
    Maker,
    assert_same,
    batches,
    copies,
    differ,
    step,
    tape_of,
    twin,
    with_memory,
    xor,
    xor_document,
)

RECORDS = 11  # 3 forward, loss, 3 backward, 4 updates


def run(document: Document, steps: int, portions: int = 1) -> None:
    """Let a plain trainer run the document so many steps, reporting in portions as an engine does."""
    state = document.begin_run()
    assert state is not None
    trainer = document.experiment.trainer(document.data)
    trainer.restore(state)
    for _ in range(portions):
        first = trainer.steps + 1
        losses = np.array([trainer.train_step() for _ in range(steps // portions)])
        document.show_progress(first, losses, {"test": {trainer.steps: trainer.evaluate()}})
        document.show_state(trainer.state())
    document.end_run(trainer.state())


# Steps


@pytest.mark.parametrize("make", [xor_document, with_memory])
def test_layer_by_layer_over_several_batches_is_plain_training(make: Maker) -> None:
    document = make()
    trainer = twin(document)
    for _ in range(4):  # into the second epoch
        loss = trainer.train_step()
        step(document, len(tape_of(document)))
        assert_same(document.weights(), trainer.network.state_dict())
        assert tape_of(document).loss == loss
    assert document.steps_done == 4
    assert document.network
    assert_same(document.network.state_dict(), trainer.network.state_dict())


def test_next_layer_at_the_end_of_the_tape_does_the_first_record_of_the_next_batch() -> None:
    document = xor_document()
    step(document, RECORDS)
    assert document.cursor == len(tape_of(document)) == RECORDS
    document.next_layer()
    assert (document.cursor, tape_of(document).step, document.steps_done) == (1, 2, 1)


def test_going_all_the_way_back_shows_every_weight_again() -> None:
    document = with_memory()
    shown = [copies(document.weights())]
    places = [(document.steps_done, document.cursor)]
    length = len(tape_of(document))
    for _ in range(3 * length):
        document.next_layer()
        shown.append(copies(document.weights()))
        places.append((document.steps_done, document.cursor))
    for count in range(3 * length - 1, -1, -1):
        document.back()
        assert_same(document.weights(), shown[count])
        # The end of a batch and the start of the next one are the same place under two names.
        assert places[count][0] == document.steps_done
    assert not document.can_go_back
    # Forward again is looked up, not computed: the very same numbers.
    for count in range(1, 3 * length + 1):
        document.next_layer()
        assert_same(document.weights(), shown[count])
        assert places[count] == (document.steps_done, document.cursor)
    assert_same(document.weights(), twin(document, 3).network.state_dict())


def test_parameters_at_every_cursor_are_those_of_the_update_records() -> None:
    document = xor_document()
    document.next_batch()
    tape = tape_of(document)
    updates = {record.name: (at, record.tensors) for at, record in enumerate(tape.records) if record.phase == "update"}
    start, end = twin(document).network.parameters(), twin(document, 1).network.parameters()
    for cursor in range(RECORDS + 1):
        document.go_to(cursor)
        for name, array in document.parameters().items():
            at, tensors = updates[name]
            wanted = tensors["after"] if cursor > at else tensors["before"]
            assert array.tobytes() == wanted.tobytes()
            assert array.tobytes() == (end if cursor > at else start)[name].tobytes()


def test_back_at_the_very_start_does_nothing() -> None:
    document = xor_document()
    before = copies(document.weights())
    assert not document.can_go_back
    document.back()
    assert (document.cursor, document.steps_done, tape_of(document).step) == (0, 0, 1)
    assert_same(document.weights(), before)


def test_next_batch_finishes_this_batch_first() -> None:
    document = xor_document()
    step(document, 3)
    document.next_batch()
    assert (tape_of(document).step, document.cursor, document.steps_done) == (1, RECORDS, 1)
    document.next_batch()
    assert (tape_of(document).step, document.cursor, document.steps_done) == (2, RECORDS, 2)
    assert_same(document.weights(), twin(document, 2).network.state_dict())


def test_batch_start_and_go_to_stay_on_this_tape() -> None:
    document = xor_document()
    batches(document, 2)
    document.batch_start()
    assert (tape_of(document).step, document.cursor, document.steps_done) == (2, 0, 1)
    assert_same(document.weights(), twin(document, 1).network.state_dict())
    document.go_to(-5)
    assert document.cursor == 0
    document.go_to(10**6)
    assert (tape_of(document).step, document.cursor) == (2, RECORDS)
    document.batch_start()
    document.next_batch()
    assert document.steps_done == 2


def test_the_record_reached_is_selected() -> None:
    document = xor_document()
    selected = []
    for _ in range(RECORDS):
        document.next_layer()
        selected.append(document.selected_layer)
    assert selected == [0, 1, 2, 3, 2, 1, 0, 0, 0, 2, 2]
    document.go_to(4)
    assert document.selected_layer == 3 and document.record and document.record.phase == "loss"


# Batches that are short, samples beyond them


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    document = xor_document(batch_size=100_000)
    assert len(tape_of(document).rows) == 20
    assert sorted(tape_of(document).rows) == list(range(20))
    document.next_batch()
    assert (document.steps_done, document.epochs_done) == (1, 1)


def test_the_short_last_batch_takes_the_selected_sample_along() -> None:
    document = xor_document()
    document.select_sample(7)
    batches(document, 2)
    assert document.sample == 7
    document.next_layer()
    assert len(tape_of(document).rows) == 4 and document.sample == 3
    document.select_sample(99)
    assert document.sample == 3
    document.select_sample(-4)
    assert document.sample == 0


def test_a_sample_beyond_the_batch_is_said_only_if_it_changes_anything() -> None:
    document = xor_document()
    document.select_sample(7)
    ears = Ears(document)
    document.select_sample(12)
    assert (document.sample, ears.heard()) == (7, {})
    document.select_layer(50)
    assert (document.selected_layer, ears.heard()) == (3, {"selection_changed": 1})
    document.select_layer(4)
    assert ears.heard() == {}
    document.select_layer(-7)
    assert document.selected_layer == -1


# Counting


def test_steps_epochs_losses_and_evaluations_are_counted() -> None:
    document = xor_document()
    trainer = twin(document)
    losses = []
    for done in range(1, 8):
        losses.append(trainer.train_step())
        document.next_batch()
        assert (document.steps_done, document.epochs_done) == (done, done // 3)
        assert document.shown_evaluation() == (done, trainer.evaluate())
    assert list(document.history.losses) == losses
    assert list(document.history.evaluations["train"]) == list(range(1, 8))
    batches_back(document, 4)
    assert document.steps_done == 3
    assert document.shown_evaluation() == (3, document.history.evaluations["test"][3])
    assert list(document.history.losses) == losses  # stepping back forgets nothing


def batches_back(document: Document, count: int) -> None:
    """Go back so many whole batches."""
    target = document.steps_done - count
    while document.steps_done > target or document.cursor < len(tape_of(document)):
        document.back()
        if document.cursor == 0 and document.steps_done == target:
            break


def test_a_batch_counts_once_however_often_it_is_finished() -> None:
    document = xor_document()
    for _ in range(3):
        document.next_batch()
        document.batch_start()
    assert len(document.history.losses) == 1


def test_a_large_test_set_is_evaluated_after_every_epoch_only() -> None:
    document = xor_document(data={**xor().data, "points": 6_000}, batch_size=1_000)
    batches(document, 4)
    assert list(document.history.evaluations["test"]) == [3]


# What is said


def test_one_step_says_one_thing() -> None:
    document = xor_document()
    document.next_layer()
    ears = Ears(document)
    document.next_layer()
    assert ears.heard() == {"position_changed": 1, "selection_changed": 1}
    document.next_batch()
    assert ears.heard() == {"position_changed": 1, "selection_changed": 1, "history_changed": 1}
    document.batch_start()
    assert ears.heard() == {"position_changed": 1}


# Running elsewhere


@pytest.mark.parametrize("make", [xor_document, with_memory])
def test_a_run_elsewhere_ends_as_plain_training_does(make: Maker) -> None:
    document = make()
    run(document, 6, portions=3)
    trainer = twin(document)
    losses = [trainer.train_step() for _ in range(7)]  # the batch after the run is done in the document
    assert document.steps_done == 7 and document.cursor == len(tape_of(document))
    assert_same(document.weights(), trainer.network.state_dict())
    assert list(document.history.losses) == losses
    assert document.shown_evaluation() == (7, trainer.evaluate())
    document.next_batch()
    trainer.train_step()
    assert_same(document.weights(), trainer.network.state_dict())


def test_while_it_runs_the_mirror_is_shown_and_steps_are_refused() -> None:
    document = xor_document()
    ears = Ears(document)
    state = document.begin_run()
    assert state is not None and document.running and not document.can_go_back
    assert ears.heard() == {"running_changed": 1}
    assert document.begin_run() is None
    for press in (document.next_layer, document.next_batch, document.back, document.batch_start):
        press()
    assert ears.heard() == {} and document.cursor == 0
    trainer = twin(document, 3)
    document.show_progress(1, np.array([0.7, 0.6, 0.5]), {})
    document.show_state(trainer.state())
    assert ears.heard() == {"history_changed": 1, "position_changed": 1}
    trainer.train_step()
    assert_same(document.weights(), trainer.network.state_dict())
    document.end_run(twin(document, 3).state())
    assert not document.running and ears.heard()["running_changed"] == 1


@pytest.mark.parametrize("cursor", [0, 1, 5, RECORDS - 1, RECORDS])
def test_a_run_begun_anywhere_on_the_tape_leaves_no_loss_out(cursor: int) -> None:
    document = xor_document()
    document.next_batch()
    step(document, cursor)
    run(document, 4)
    trainer = twin(document)
    losses = [trainer.train_step() for _ in range(document.steps_done)]
    assert list(document.history.losses) == losses
    assert_same(document.weights(), trainer.network.state_dict())


def test_running_on_from_an_earlier_batch_forgets_what_came_after() -> None:
    document = xor_document()
    batches(document, 6)
    first = list(document.history.losses)
    batches_back(document, 4)
    assert document.steps_done == 2 and len(document.history.losses) == 6
    state = document.begin_run()
    assert state is not None and state["steps"] == 2
    assert list(document.history.losses) == first[:2]
    assert max(document.history.evaluations["test"]) == 2
    document.show_progress(3, np.array([9.0]), {})
    assert list(document.history.losses) == [*first[:2], 9.0]


def test_undo_after_running_on_from_an_earlier_batch_brings_the_later_weights_back() -> None:
    document = xor_document()
    batches(document, 6)
    trained, losses = copies(document.weights()), list(document.history.losses)
    batches_back(document, 4)
    run(document, 1)
    assert document.steps_done == 4 and differ(document.weights(), trained)
    document.undo()
    assert document.steps_done == 6 and list(document.history.losses) == losses
    assert_same(document.weights(), trained)
    document.redo()
    assert document.steps_done == 4


def test_a_step_that_is_not_finite_is_told_and_changes_nothing() -> None:
    document = xor_document(
        loss={"kind": "mse"},
        layers=({"kind": "dense", "units": 1},),
        optimizer={"kind": "sgd", "learning_rate": 1e6},
    )
    ears = Ears(document)
    for _ in range(10):
        before, done = copies(document.weights()), document.steps_done
        document.next_batch()
        if ears.sentences:
            break
    assert len(ears.sentences) == 1 and "not finite" in ears.sentences[0]
    assert (document.steps_done, document.cursor) == (done, len(tape_of(document)))
    assert_same(document.weights(), before)
    # The other way to come there: a run that stops before the bad step.
    state = document.begin_run()
    assert state is not None
    document.end_run(state)
    assert document.tape is None and "not finite" in document.problem
    assert document.steps_done == done
    assert_same(document.weights(), before)
    document.reset()
    assert document.problem == "" and document.steps_done == 0


def test_travel_shows_the_kept_moment() -> None:
    document = xor_document()
    batches(document, 6)
    document.travel(2)
    assert (document.steps_done, document.cursor) == (2, 0)
    assert_same(document.weights(), twin(document, 2).network.state_dict())
    assert len(document.history.losses) == 6
    document.next_batch()
    assert_same(document.weights(), twin(document, 3).network.state_dict())
