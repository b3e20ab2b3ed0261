"""The document while nothing is edited and nothing runs: steps along the tape, and what it counts and says.

Everything is compared with a plain trainer of the same experiment, which knows nothing of tapes.
"""

import pytest

from tests.app.documents import (
    Ears,
    Maker,
    assert_same,
    batches,
    batches_back,
    copies,
    step,
    tape_of,
    twin,
    with_memory,
    xor,
    xor_document,
)

RECORDS = 11  # 3 forward, loss, 3 backward, 4 updates


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
        assert document.history.evaluation_at(document.steps_done) == (done, trainer.evaluate())
    assert list(document.history.losses) == losses
    assert list(document.history.evaluations["train"]) == list(range(1, 8))
    batches_back(document, 4)
    assert document.steps_done == 3
    assert document.history.evaluation_at(document.steps_done) == (3, document.history.evaluations["test"][3])
    assert list(document.history.losses) == losses  # stepping back forgets nothing


def test_a_batch_counts_once_however_often_it_is_finished() -> None:
    document = xor_document()
    for _ in range(3):
        document.next_batch()
        document.batch_start()
    assert len(document.history.losses) == 1
    batches(document, 4)
    losses, found = list(document.history.losses), dict(document.history.evaluations["test"])
    batches_back(document, 3)
    document.next_batch()  # again, over a tape that was kept
    assert list(document.history.losses) == losses and document.history.evaluations["test"] == found


def test_a_large_test_set_is_evaluated_in_pieces_when_somebody_has_the_time() -> None:
    document = xor_document(data={**xor().data, "points": 6_000}, batch_size=1_000)
    assert not document.lacks_evaluation
    batches(document, 3)
    assert document.history.evaluations["test"] == {} and document.lacks_evaluation
    ears = Ears(document)
    pieces = document.evaluation()
    for _ in range(12):
        next(pieces)
    assert ears.heard() == {}
    next(pieces)
    assert ears.heard() == {"history_changed": 1} and not document.lacks_evaluation
    assert next(pieces, "over") == "over"
    assert document.history.evaluations["test"] == {3: twin(document, 3).evaluate()}
    document.next_batch()
    assert document.lacks_evaluation
    for _ in range(2):
        document.back()
        assert not document.lacks_evaluation  # the weights that are shown are not those the trainer has
    document.travel(0)
    batches(document, 2)
    assert document.in_past and not document.lacks_evaluation


def test_nothing_is_recorded_ahead_while_an_evaluation_needs_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 0.0)
    document = xor_document(data={**xor().data, "points": 6_000}, batch_size=1_000)
    batches(document, 3)
    pieces = document.evaluation()
    next(pieces)
    document.record_ahead()
    assert document.tapes and document.tapes.kept == 3
    pieces.close()
    document.record_ahead()
    assert document.tapes.kept == 4 and not document.lacks_evaluation
    assert document.history.evaluations["test"] == {}


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
