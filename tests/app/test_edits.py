"""Edits of the document: which keep the weights, what Undo brings back, and what comes of choices that cannot work."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from app.document.document import Document
from app.document.presets import load_preset
from core.datasets.base import Dataset
from core.types import OptionError
from tests.app.documents import (
    Ears,
    assert_same,
    batches,
    copies,
    step,
    tape_of,
    twin,
    with_memory,
    xor,
    xor_document,
)

ADAM = {"kind": "adam", "learning_rate": 0.03}
WIDER = ({"kind": "dense", "units": 9}, {"kind": "tanh"}, {"kind": "dense", "units": 1})


def pictures() -> Document:
    """Flatten, Dense 3 on 12 pictures of noise, 1×28×28, in three classes."""
    rng = np.random.default_rng(4)
    x, t = rng.normal(size=(18, 1, 28, 28)).astype(np.float32), np.arange(18) % 3
    experiment = xor(
        layers=({"kind": "flatten"}, {"kind": "relu"}, {"kind": "dense", "units": 3}), loss={"kind": "cross_entropy"}
    )
    return Document(experiment, Dataset("Noise", x[:12], t[:12], x[12:], t[12:], ("ant", "bee", "cat")))


# What keeps the weights


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": {**ADAM, "learning_rate": 0.5}},
        {"optimizer": {"kind": "sgd", "learning_rate": 0.5}},
        {"batch_size": 3},
        {"batch_size": 100_000},
        {"loss": {"kind": "mse"}},
        {"schedule": {"kind": "cosine"}},
        {"epochs": 7},
        {"name": "mine"},
    ],
    ids=str,
)
def test_what_does_not_concern_the_weights_keeps_them_and_all_that_was_done(changes: dict[str, Any]) -> None:
    document = with_memory()
    batches(document, 4)
    weights, tape = copies(document.weights()), document.tape
    losses, found = list(document.history.losses), document.history.evaluation_at(document.steps_done)
    document.edit("change", **changes)
    assert document.problem == ""
    assert_same(document.weights(), weights)
    assert document.tape is tape and document.cursor == len(tape_of(document)) and document.steps_done == 4
    assert list(document.history.losses) == losses and document.history.evaluation_at(document.steps_done) == found


@pytest.mark.parametrize(
    "changes", [{"optimizer": {**ADAM, "learning_rate": 0.5}}, {"batch_size": 3}, {"loss": {"kind": "mse"}}], ids=str
)
@pytest.mark.parametrize("done", [0, 4])
def test_the_next_batch_is_made_with_the_new_choice(changes: dict[str, Any], done: int) -> None:
    document = xor_document()
    batches(document, done)
    document.edit("change", **changes)
    batches(document, 2)
    trainer = dataclasses.replace(xor(), **changes).trainer(document.data)
    trainer.restore(twin(xor_document(), done).state())
    losses = [trainer.train_step() for _ in range(2)]
    assert_same(document.weights(), trainer.network.state_dict())
    assert list(document.history.losses)[done:] == losses


def test_a_batch_that_is_begun_is_made_anew_with_the_new_choice() -> None:
    document = xor_document()
    document.next_batch()
    step(document, 5)
    before = copies(document.weights())
    document.edit("rate", optimizer={**ADAM, "learning_rate": 0.5})
    assert (document.cursor, document.steps_done) == (5, 1)
    assert_same(document.weights(), before)
    assert tape_of(document).learning_rate == 0.5
    document.next_batch()
    trainer = document.experiment.trainer(document.data)
    trainer.restore(twin(xor_document(), 1).state())
    trainer.train_step()
    assert_same(document.weights(), trainer.network.state_dict())


@pytest.mark.parametrize(
    "changes",
    [{"seed": 2}, {"initializer": {"kind": "he_normal"}}, {"layers": WIDER}],
    ids=str,
)
def test_what_concerns_the_weights_starts_anew(changes: dict[str, Any]) -> None:
    document = xor_document()
    batches(document, 4)
    document.edit("change", **changes)
    assert (document.steps_done, document.cursor, list(document.history.losses)) == (0, 0, [])
    assert_same(document.weights(), twin(document).network.state_dict())
    document.next_batch()
    assert_same(document.weights(), twin(document, 1).network.state_dict())


def test_other_data_starts_anew() -> None:
    document = xor_document()
    batches(document, 2)
    circles = load_preset("circles")
    ears = Ears(document)
    data = circles.source().load()
    document.change("circles", circles, data)
    assert document.data is data and document.steps_done == 0
    assert ears.heard()["data_changed"] == 1
    document.undo()
    assert document.data is not data and document.steps_done == 2
    assert ears.heard()["data_changed"] == 1


def test_an_edit_that_changes_nothing_says_nothing() -> None:
    document = xor_document()
    ears = Ears(document)
    document.edit("rate", optimizer=dict(document.experiment.optimizer))
    assert ears.heard() == {} and document.edits.undo_label == ""


@pytest.mark.parametrize(
    "changes", [{"batch_size": 3}, {"seed": 5}, {"layers": ({"kind": "dense", "units": 10**9},)}], ids=str
)
def test_an_edit_its_undo_and_its_redo_are_said_once(changes: dict[str, Any]) -> None:
    document = xor_document()
    batches(document, 2)
    document.select_layer(0)
    ears = Ears(document)
    for press in ("edit", "undo", "redo"):
        if press == "edit":
            document.edit("change", **changes)
        else:
            getattr(document, press)()
        heard = ears.heard()
        heard.pop("pause_needed", None)
        assert heard == {"experiment_changed": 1, "history_changed": 1, "position_changed": 1}


# What cannot work


@pytest.mark.parametrize("units", [0, -1, "abc", 1.5, None, True])
def test_units_that_make_no_sense_are_refused_and_nothing_changes(units: object) -> None:
    document = xor_document()
    batches(document, 2)
    before, experiment, ears = copies(document.weights()), document.experiment, Ears(document)
    with pytest.raises(OptionError, match=r"^Layer 1, Dense: units must be a whole number of at least 1.*not .*\.$"):
        document.edit("units", layers=({"kind": "dense", "units": units}, *experiment.layers[1:]))
    assert document.experiment is experiment and document.edits.undo_label == "" and ears.heard() == {}
    assert_same(document.weights(), before)


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -1.0, "abc"])
def test_a_learning_rate_that_makes_no_sense_is_refused(rate: object) -> None:
    document = xor_document()
    experiment = document.experiment
    with pytest.raises(OptionError, match=r"^Adam: learning_rate must be a number"):
        document.edit("rate", optimizer={**ADAM, "learning_rate": rate})
    assert document.experiment is experiment and document.problem == ""


@pytest.mark.parametrize("size", [0, -1, "abc", 2.0, 100_001])
def test_a_batch_size_that_makes_no_sense_is_refused(size: object) -> None:
    with pytest.raises(OptionError, match=r"^Training: batch_size must be a whole number"):
        xor_document().edit("batch size", batch_size=size)


def test_a_mistyped_number_of_units_names_the_memory_and_undo_brings_the_trained_weights_back() -> None:
    document = with_memory()
    batches(document, 5)
    trained, losses = copies(document.weights()), list(document.history.losses)
    document.edit("units", layers=({"kind": "dense", "units": 10**9}, *document.experiment.layers[1:]))
    assert "Layer 1, Dense, would have 3\u202f000\u202f000\u202f000 parameters" in document.problem
    assert "GB" in document.problem and document.problem.endswith("make the layer smaller.")
    assert document.tape is None and document.network is None and document.record is None
    assert document.weights() == {} and document.begin_run() is None and not document.can_go_back
    for press in (document.next_layer, document.next_batch, document.back, document.batch_start):
        press()
    assert document.steps_done == 0
    document.undo()
    assert document.problem == "" and document.steps_done == 5
    assert_same(document.weights(), trained)
    assert list(document.history.losses) == losses
    document.next_batch()
    assert_same(document.weights(), twin(document, 6).network.state_dict())


def test_a_stack_that_does_not_fit_is_kept_explained_and_can_be_mended() -> None:
    document = pictures()
    batches(document, 2)
    layers = document.experiment.layers
    document.edit("remove Flatten", layers=layers[1:])
    assert document.experiment.layers == layers[1:]
    assert (
        document.problem == "Layer 2, Dense, needs a vector, but layer 1, ReLU, gives 1×28×28: add Flatten before it."
    )
    document.edit("remove ReLU", layers=layers[2:])
    assert document.problem == "Layer 1, Dense, needs a vector, but the data gives 1×28×28: add Flatten before it."
    document.edit("rate", optimizer={**ADAM, "learning_rate": 0.5})
    assert "add Flatten" in document.problem
    document.edit("add Flatten", layers=({"kind": "flatten"}, *layers[2:]))
    assert document.problem == "" and document.steps_done == 0
    document.next_batch()
    assert_same(document.weights(), twin(document, 1).network.state_dict())


def test_undo_walks_back_through_stacks_that_do_not_fit() -> None:
    document = pictures()
    batches(document, 3)
    trained, layers = copies(document.weights()), document.experiment.layers
    document.edit("remove Flatten", layers=layers[1:])
    document.edit("remove ReLU", layers=layers[2:])
    document.undo()
    assert document.experiment.layers == layers[1:] and document.tape is None and "ReLU" in document.problem
    document.undo()
    assert document.experiment.layers == layers and document.problem == ""
    assert_same(document.weights(), trained)
    document.redo()
    document.redo()
    assert document.experiment.layers == layers[2:] and "Layer 1" in document.problem
    assert document.edits.redo_label == "" and document.edits.undo_label == "remove ReLU"


def test_no_layers_at_all_is_a_problem_that_can_be_mended() -> None:
    document = xor_document()
    layers = document.experiment.layers
    document.edit("remove everything", layers=())
    assert document.problem == "The network has no layers: add Dense."
    assert document.selected_layer == 0
    document.edit("add", layers=layers)
    assert document.problem == "" and document.tape is not None


@pytest.mark.parametrize("cursor", [None, 0, 5])
def test_a_loss_that_does_not_suit_keeps_the_weights_until_another_does(cursor: int | None) -> None:
    document = pictures()
    batches(document, 3)
    if cursor is not None:
        document.go_to(cursor)
    trained, done = copies(document.weights()), document.steps_done
    document.edit("loss", loss={"kind": "binary_cross_entropy"})
    assert document.tape is None and document.problem and document.steps_done == done
    assert_same(document.weights(), trained)
    document.edit("rate", optimizer={**ADAM, "learning_rate": 0.5})
    assert document.tape is None
    document.edit("loss", loss={"kind": "mse"})
    assert document.problem == "" and document.steps_done == done
    assert_same(document.weights(), trained)
    for _ in range(3):
        document.undo()
    assert document.experiment == pictures().experiment
    assert_same(document.weights(), trained)
