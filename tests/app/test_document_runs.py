"""The document while its training runs elsewhere: weights go out and come back, and the curves miss nothing."""

import numpy as np
import pytest

from app.document.document import Document
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
    assert document.steps_done == 2 and len(document.history.losses) == 6
    assert_same(document.weights(), twin(document, 2).network.state_dict())
    document.next_batch()
    assert_same(document.weights(), twin(document, 3).network.state_dict())
