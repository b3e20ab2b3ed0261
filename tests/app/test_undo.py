"""Undo and redo: every weight comes back as it stood, from any place, also while a training runs."""

from typing import Any

import numpy as np
import pytest

from app.document.document import Document
from app.document.edits import LIMIT
from tests.app.documents import (
    Ears,
    assert_same,
    batches,
    copies,
    differ,
    tape_of,
    twin,
    with_memory,
    xor_document,
)

ADAM = {"kind": "adam", "learning_rate": 0.03}
WIDER = ({"kind": "dense", "units": 9}, {"kind": "tanh"}, {"kind": "dense", "units": 1})


@pytest.mark.parametrize("cursor", range(12))
def test_undo_shows_the_same_weights_from_any_place_on_the_tape(cursor: int) -> None:
    document = xor_document()
    batches(document, 4)
    document.go_to(cursor)
    shown, done, losses = copies(document.weights()), document.steps_done, list(document.history.losses)
    document.edit("units", layers=WIDER)
    batches(document, 2)
    wider = copies(document.weights())
    document.undo()
    assert_same(document.weights(), shown)
    assert document.steps_done == done and list(document.history.losses) == losses
    document.redo()
    assert document.experiment.layers == WIDER and document.steps_done == 2
    assert_same(document.weights(), wider)
    document.undo()
    assert_same(document.weights(), shown)
    document.next_batch()
    assert_same(document.weights(), twin(document, document.steps_done).network.state_dict())


def test_undo_of_what_keeps_the_weights_keeps_the_training_done_since() -> None:
    document = xor_document()
    batches(document, 2)
    document.edit("rate", optimizer={**ADAM, "learning_rate": 0.5})
    batches(document, 2)
    weights = copies(document.weights())
    document.undo()
    assert document.experiment.optimizer == ADAM and document.steps_done == 4
    assert_same(document.weights(), weights)
    document.next_batch()
    assert tape_of(document).learning_rate == 0.03


def test_undo_and_redo_of_nothing_do_nothing() -> None:
    document = xor_document()
    document.next_batch()
    before = copies(document.weights())
    document.undo()
    document.redo()
    assert_same(document.weights(), before)


def test_an_edit_after_an_undo_leaves_nothing_to_redo() -> None:
    document = xor_document()
    document.edit("first", batch_size=3)
    document.undo()
    assert document.edits.redo_label == "first"
    document.edit("second", batch_size=4)
    assert (document.edits.undo_label, document.edits.redo_label) == ("second", "")
    document.redo()
    assert document.experiment.batch_size == 4


def test_the_last_edits_are_remembered_up_to_a_limit() -> None:
    document = xor_document()
    for size in range(1, LIMIT + 11):
        document.edit(f"batch size {size}", batch_size=size + 10)
    for _ in range(LIMIT + 11):
        document.undo()
    assert document.experiment.batch_size == 20 and document.edits.undo_label == ""


def test_reset_starts_from_the_same_weights_and_can_be_undone() -> None:
    document = with_memory()
    start = copies(document.weights())
    document.reset()
    assert document.edits.undo_label == ""  # there was nothing to lose
    batches(document, 4)
    trained, losses = copies(document.weights()), list(document.history.losses)
    document.reset()
    assert (document.steps_done, document.cursor, list(document.history.losses)) == (0, 0, [])
    assert_same(document.weights(), start)
    document.undo()
    assert document.steps_done == 4 and list(document.history.losses) == losses
    assert_same(document.weights(), trained)
    document.redo()
    assert document.steps_done == 0
    assert_same(document.weights(), start)


@pytest.mark.parametrize("travelled", [True, False])
def test_a_reset_at_the_very_start_loses_nothing_that_was_trained(travelled: bool) -> None:
    document = with_memory()
    batches(document, 3)
    trained, losses = copies(document.weights()), list(document.history.losses)
    if travelled:
        document.travel(0)
        document.batch_start()
    else:
        while document.can_go_back:
            document.back()
    assert document.steps_done == 0 and document.cursor == 0
    document.reset()
    assert list(document.history.losses) == [] and document.edits.undo_label == "reset"
    document.undo()
    assert document.steps_done == 3 and list(document.history.losses) == losses
    assert_same(document.weights(), trained)


# Edits while a training runs


def hand_back(document: Document, steps: int) -> None:
    """Let the document get back, when it asks for a pause, the weights of a run of so many steps."""

    def stop() -> None:
        if document.running:
            trainer = twin(document, steps)
            document.show_progress(1, np.full(steps, 0.5), {})
            document.end_run(trainer.state())

    document.pause_needed.connect(stop)


@pytest.mark.parametrize("changes", [{"batch_size": 3}, {"optimizer": {"kind": "sgd"}}, {"seed": 9}], ids=str)
def test_an_edit_while_running_asks_for_a_pause_first(changes: dict[str, Any]) -> None:
    document = xor_document()
    hand_back(document, 3)
    document.begin_run()
    document.edit("change", **changes)
    assert not document.running
    assert document.steps_done == (0 if "seed" in changes else 4)
    document.undo()
    assert document.steps_done == 4
    assert_same(document.weights(), twin(document, 4).network.state_dict())


def test_options_of_the_optimizer_change_while_it_runs() -> None:
    document = xor_document()
    document.begin_run()
    trainer = twin(document, 3)
    ears = Ears(document)
    document.edit("rate", optimizer={**ADAM, "learning_rate": 0.5})
    assert document.running and ears.heard() == {"experiment_changed": 1}
    trainer.set_optimizer_options({"learning_rate": 0.5})
    trainer.train_step()
    document.show_state(trainer.state())
    document.end_run(trainer.state())
    # The batch that follows the run is done here, with the new rate too.
    trainer.train_step()
    assert tape_of(document).learning_rate == 0.5
    assert_same(document.weights(), trainer.network.state_dict())
    document.next_batch()
    trainer.train_step()
    assert_same(document.weights(), trainer.network.state_dict())
    document.undo()
    assert document.experiment.optimizer == ADAM and document.steps_done == trainer.steps
    assert_same(document.weights(), trainer.network.state_dict())


@pytest.mark.parametrize("press", ["undo", "redo", "reset"])
def test_undo_redo_and_reset_ask_for_a_pause_first(press: str) -> None:
    document = xor_document()
    document.edit("rate", optimizer={**ADAM, "learning_rate": 0.5})
    if press == "redo":
        document.undo()
    hand_back(document, 3)
    document.begin_run()
    getattr(document, press)()
    assert not document.running
    if press == "reset":
        document.undo()
        assert document.steps_done == 4
        assert differ(document.weights(), twin(document).network.state_dict())


def test_undo_and_redo_select_the_layer_that_was_selected_when_the_layers_were_others() -> None:
    document = xor_document()
    heard: list[int] = []
    document.selection_changed.connect(lambda: heard.append(document.selected_layer))
    document.select_layer(1)
    layers = document.experiment.layers
    document.edit("add layer", layers=(*layers[:2], {"kind": "tanh"}, *layers[2:]))
    document.select_layer(3)
    document.undo()
    assert document.selected_layer == 1 and heard == [1, 3, 1]
    document.redo()
    assert document.selected_layer == 3
    document.select_layer(0)
    document.edit("seed", seed=5)
    document.select_layer(2)
    document.undo()
    assert document.selected_layer == 2, "the layers are the same: who looks at one goes on looking at it"
