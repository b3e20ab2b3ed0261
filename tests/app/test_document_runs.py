"""The document while its training runs elsewhere: weights go out and come back, and the curves miss nothing."""

import numpy as np
import pytest

from app.document.document import Document
from core.types import Arrays
from tests.app.documents import (
    Ears,
    Maker,
    assert_same,
    batches,
    batches_back,
    copies,
    differ,
    step,
    tape_of,
    twin,
    with_memory,
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


@pytest.mark.parametrize("make", [xor_document, with_memory])
def test_a_run_elsewhere_ends_as_plain_training_does(make: Maker) -> None:
    document = make()
    run(document, 6, portions=3)
    trainer = twin(document)
    losses = [trainer.train_step() for _ in range(7)]  # the batch after the run is done in the document
    assert document.steps_done == 7 and document.cursor == len(tape_of(document))
    assert_same(document.weights(), trainer.network.state_dict())
    assert list(document.history.losses) == losses
    assert document.history.evaluation_at(document.steps_done) == (7, trainer.evaluate())
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


def astray() -> tuple[Document, Ears]:
    """A document whose training comes to infinity within ten steps, and what it says."""
    document = xor_document(
        loss={"kind": "mse"},
        layers=({"kind": "dense", "units": 1},),
        optimizer={"kind": "sgd", "learning_rate": 1e6},
    )
    return document, Ears(document)


def walk_astray(document: Document, ears: Ears) -> tuple[Arrays, int]:
    """Press Next batch until a step is refused; the weights before it, and the steps done."""
    for _ in range(10):
        before, done = copies(document.weights()), document.steps_done
        document.next_batch()
        if ears.sentences:
            break
    return before, done


def test_a_step_that_is_not_finite_is_told_and_changes_nothing() -> None:
    document, ears = astray()
    before, done = walk_astray(document, ears)
    assert len(ears.sentences) == 1 and "not finite" in ears.sentences[0]
    assert tape_of(document).refused == ears.sentences[0] and tape_of(document).step == done + 1
    assert document.steps_done == done == len(document.history.losses)
    assert_same(document.weights(), before)
    # Beyond it there is nothing.
    document.next_layer()
    assert tape_of(document).step == done + 1 and ears.sentences[0] == ears.sentences[1]
    # The other way to come there: a run that stops before the bad step.
    state = document.begin_run()
    assert state is not None
    document.end_run(state)
    assert document.problem == "" and document.steps_done == done == len(document.history.losses)
    assert_same(document.weights(), before)
    document.reset()
    assert tape_of(document).refused == "" and document.steps_done == 0


def test_a_refused_step_is_walked_through_and_left_again() -> None:
    document, ears = astray()
    walk_astray(document, ears)
    tape, bad = tape_of(document), ears.sentences[0]
    document.batch_start()
    assert document.walk.run_to_breakpoint()
    record = document.record
    assert record is not None and document.walk.note == "Stopped: the loss, Mean squared error, is not finite."
    assert record.phase == "loss" and not np.isfinite(tape.loss)
    assert all(
        np.isfinite(tensor).all()
        for earlier in tape.records[: document.cursor - 1]
        for tensor in earlier.tensors.values()
    )
    while document.cursor < len(tape):
        document.next_layer()
    assert document.walk.breakpoints.reason(tape, len(tape)) and ears.sentences[-1] == bad
    while document.cursor or tape_of(document) is tape:
        document.back()
    assert document.steps_done == tape.step - 2 and tape_of(document).refused == ""


def test_other_options_try_a_refused_step_again() -> None:
    document, ears = astray()
    before, done = walk_astray(document, ears)
    document.edit("rate", optimizer={"kind": "sgd", "learning_rate": 1e-30})
    assert tape_of(document).step == done + 1
    assert_same(document.weights(), before)


def test_travelling_back_to_before_another_optimizer_was_chosen() -> None:
    document = xor_document()
    batches(document, 3)
    document.edit("optimizer", optimizer={"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9})
    batches(document, 3)
    newest = copies(document.weights())
    for moment in (0, 2, 3, 5):
        document.travel(moment)
        assert document.problem == "" and document.steps_done == moment and document.in_past
        if moment <= 3:
            assert_same(document.weights(), twin(xor_document(), moment).network.state_dict())
    document.back_to_now()
    assert_same(document.weights(), newest)


def test_travel_shows_the_kept_moment() -> None:
    document = xor_document()
    batches(document, 6)
    document.travel(2)
    assert document.steps_done == 2 and len(document.history.losses) == 6
    assert_same(document.weights(), twin(document, 2).network.state_dict())
    document.next_batch()
    assert_same(document.weights(), twin(document, 3).network.state_dict())
