"""Experiments: plain data that survives JSON, refuses what it cannot read, and gives the same training every time."""

import copy
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.experiment import SCHEMA, Experiment
from core.network import SEED
from core.types import OptionError, ShapeError
from tests.core.training import everything, same_bits

SAVED: dict[str, Any] = {
    "schema": SCHEMA,
    "name": "Circles by hand",
    "data": {"kind": "circles", "points": 60, "noise": 0.1, "train_share": 0.5, "seed": 3},
    "layers": [{"kind": "dense", "units": 6}, {"kind": "tanh"}, {"kind": "dense", "units": 1}],
    "loss": {"kind": "bce_with_logits"},
    "optimizer": {"kind": "adam", "learning_rate": 0.02},
    "initializer": {"kind": "xavier_normal"},
    "schedule": {"kind": "constant"},
    "penalty": {"kind": "none"},
    "clipping": {"kind": "none"},
    "batch_size": 8,
    "epochs": 4,
    "seed": 5,
}


def changed(**entries: Any) -> dict[str, Any]:
    return {**copy.deepcopy(SAVED), **entries}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in SAVED.items() if key != name}


def test_the_way_through_json_and_back():
    experiment = Experiment.from_dict(json.loads(json.dumps(SAVED)))
    again = Experiment.from_dict(json.loads(json.dumps(experiment.to_dict())))
    assert again == experiment and again.to_dict() == SAVED
    assert list(SAVED) == ["schema", *(field.name for field in dataclasses.fields(Experiment))]
    assert isinstance(experiment.layers, tuple)


def test_entries_with_a_default_may_be_absent():
    short = {name: SAVED[name] for name in ("schema", "name", "data", "layers", "loss", "optimizer")}
    experiment = Experiment.from_dict(short)
    assert experiment.initializer == {"kind": "torch"} and experiment.schedule == {"kind": "constant"}
    assert (experiment.batch_size, experiment.seed) == (32, 1)


def test_a_saved_form_is_a_copy():
    experiment = Experiment.from_dict(SAVED)
    saved = experiment.to_dict()
    saved["layers"][0]["units"] = 99
    saved["optimizer"]["learning_rate"] = 7.0
    assert experiment.to_dict() == SAVED


REJECTED: dict[str, tuple[Any, str]] = {
    "nothing": (None, 'This is not an experiment: it has no "schema" number.'),
    "a list": ([1, 2], 'This is not an experiment: it has no "schema" number.'),
    "no schema": (without("schema"), 'This is not an experiment: it has no "schema" number.'),
    "schema as text": (changed(schema="1"), 'This is not an experiment: it has no "schema" number.'),
    "schema as truth": (changed(schema=True), 'This is not an experiment: it has no "schema" number.'),
    "schema below 1": (changed(schema=0), 'This is not an experiment: it has no "schema" number.'),
    "newer schema": (
        changed(schema=SCHEMA + 1),
        f"This experiment was saved by a newer Chainrule (schema {SCHEMA + 1}; this one reads up to {SCHEMA}): "
        "update Chainrule to open it.",
    ),
    "a schema from far away": (
        changed(schema=10**30),
        "saved by a newer Chainrule (schema a number of about 31 digits; this one reads up to 1)",
    ),
    "unknown entry": (changed(colour="red"), "This experiment has an entry 'colour' that Chainrule does not know."),
    "no layers": (without("layers"), "This experiment has no entry 'layers'."),
    "no name": (without("name"), "This experiment has no entry 'name'."),
    "no data": (without("data"), "This experiment has no entry 'data'."),
    "layers as text": (changed(layers="dense"), "The layers of an experiment are a list, not 'dense'."),
    "layers as object": (
        changed(layers={"kind": "dense"}),
        "The layers of an experiment are a list, not {'kind': 'dense'}.",
    ),
    "name as number": (changed(name=3), "The name of an experiment is a text, not 3."),
    "unknown layer": (
        changed(layers=[{"kind": "relu"}, {"kind": "dens"}]),
        "Layer 2, There is no layer of kind 'dens'; known are dense",
    ),
    "bad layer option": (
        changed(layers=[{"kind": "dense", "units": 0}]),
        "Layer 1, Dense: units must be a whole number of at least 1",
    ),
    "a layer as text": (
        changed(layers=["dense"]),
        "Layer 1, A layer is described by an object with a \"kind\", not by 'dense'.",
    ),
    "missing option": (changed(layers=[{"kind": "dense"}]), "Layer 1, Dense: the option 'units' is missing."),
    "unknown option": (
        changed(optimizer={"kind": "adam", "momentum": 1}),
        "Adam: there is no option 'momentum'; the options are ",
    ),
    "unknown loss": (changed(loss={"kind": "guess"}), "There is no loss of kind 'guess'; known are "),
    "loss as text": (changed(loss="mse"), "A loss is described by an object with a \"kind\", not by 'mse'."),
    "unknown data": (changed(data={"kind": "cats"}), "There is no data set of kind 'cats'; known are "),
    "bad data option": (changed(data={"kind": "circles", "points": -5}), "points must be a whole number of at least "),
    "unknown schedule": (changed(schedule={"kind": "never"}), "There is no schedule of kind 'never'; known are "),
    "unknown initialiser": (changed(initializer={"kind": "he"}), "There is no initialiser of kind 'he'; known are "),
    "unknown penalty": (changed(penalty={"kind": "l3"}), "There is no penalty of kind 'l3'; known are "),
    "unknown clipping": (changed(clipping={"kind": "hard"}), "There is no clipping of kind 'hard'; known are "),
    "learning rate NaN": (
        changed(optimizer={"kind": "adam", "learning_rate": float("nan")}),
        "Adam: learning_rate must be a number of at least 0",
    ),
    "batch size 0": (
        changed(batch_size=0),
        "Training: batch_size must be a whole number of at least 1 and at most 100\u202f000, not 0.",
    ),
    "batch size as text": (
        changed(batch_size="8"),
        "Training: batch_size must be a whole number of at least 1 and at most 100\u202f000, not '8'.",
    ),
    "seed as fraction": (changed(seed=1.5), "Training: seed must be a whole number of at least 0"),
    "seed below 0": (changed(seed=-1), "Training: seed must be a whole number of at least 0"),
}


@pytest.mark.parametrize("why", REJECTED)
def test_what_cannot_be_read_gets_a_sentence(why: str):
    saved, sentence = REJECTED[why]
    with pytest.raises(OptionError) as error:
        Experiment.from_dict(saved)
    assert sentence in str(error.value)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize("entry", ["name", "layers", "data", "optimizer", "seed", "colour"])
@pytest.mark.parametrize("words", ["nested", "many"])
def test_what_is_repeated_is_repeated_short(entry: str, words: str):
    value: Any = {"kind": "x" * 10_000}
    for _ in range(100 if words == "nested" else 0):
        value = {"kind": value}
    for saved in (changed(**{entry: value}), changed(**{"x" * 10_000: value})):
        with pytest.raises(OptionError) as error:
            Experiment.from_dict(saved)
        assert len(str(error.value)) < 500


def test_the_same_experiment_gives_the_same_training():
    experiment = Experiment.from_dict(SAVED)
    first, second = (e.trainer(e.source().load()) for e in (experiment, Experiment.from_dict(experiment.to_dict())))
    assert same_bits(everything(first), everything(second))
    assert [first.train_step() for _ in range(9)] == [second.train_step() for _ in range(9)]
    assert same_bits(everything(first), everything(second))
    other = dataclasses.replace(experiment, seed=6)
    assert not np.array_equal(other.trainer(other.source().load()).network.flat_params, first.network.flat_params)


def test_a_trainer_is_what_was_chosen():
    experiment = Experiment.from_dict(
        changed(schedule={"kind": "exponential", "gamma": 0.5}, clipping={"kind": "norm", "max_norm": 1e-3})
    )
    one = experiment.trainer(experiment.source().load())
    assert one.batch_size == 8 and one.seed == 5 and one.steps == 0
    assert [layer.spec() for layer in one.network.layers] == SAVED["layers"]
    assert one.network.loss.kind == "bce_with_logits" and one.network.initializer.kind == "xavier_normal"
    assert one.optimizer.kind == "adam" and one.learning_rate == 0.02
    one.train_step()
    assert np.linalg.norm(one.network.flat_grads) <= 1.001e-3
    one.train_step()
    assert one.optimizer.learning_rate == 0.01
    assert len(one.data.x_train) == 30


@pytest.mark.parametrize(
    ("entries", "error", "words"),
    [
        ({"layers": []}, OptionError, ["no layers", "Dense"]),
        ({"layers": [{"kind": "dense", "units": 3}]}, ShapeError, ["gives 3 values", "2 classes"]),
        ({"layers": [{"kind": "dense", "units": 1}, {"kind": "sigmoid"}]}, OptionError, ["Sigmoid", "probabilities"]),
        ({"layers": [{"kind": "dense", "units": 10**9}] * 2}, OptionError, ["Layer 2, Dense", "TB"]),
    ],
)
def test_choices_that_do_not_fit_together_are_named(
    entries: dict[str, Any], error: type[OptionError], words: list[str]
):
    experiment = Experiment.from_dict(changed(**entries))
    with pytest.raises(error) as caught:
        experiment.trainer(experiment.source().load())
    assert all(word in str(caught.value) for word in words), str(caught.value)


KEEPS: list[tuple[str, Callable[[Experiment], Experiment], bool]] = [
    ("nothing", lambda e: e, True),
    ("name", lambda e: dataclasses.replace(e, name="other"), True),
    ("learning rate", lambda e: dataclasses.replace(e, optimizer={"kind": "sgd"}), True),
    ("batch size", lambda e: dataclasses.replace(e, batch_size=9), True),
    ("loss", lambda e: dataclasses.replace(e, loss={"kind": "mse"}), True),
    ("seed", lambda e: dataclasses.replace(e, seed=6), False),
    ("layers", lambda e: dataclasses.replace(e, layers=(*e.layers, {"kind": "tanh"})), False),
    ("initialiser", lambda e: dataclasses.replace(e, initializer={"kind": "torch"}), False),
    ("data", lambda e: dataclasses.replace(e, data={"kind": "xor"}), False),
]


@pytest.mark.parametrize(("what", "edit", "same"), KEEPS, ids=[what for what, _, _ in KEEPS])
def test_which_edits_keep_the_weights(what: str, edit: Callable[[Experiment], Experiment], same: bool):
    experiment = Experiment.from_dict(SAVED)
    assert experiment.same_weights_as(edit(experiment)) is same


def test_an_experiment_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Experiment.from_dict(SAVED), "seed", 3)  # noqa: B010


def test_every_seed_that_a_network_takes_can_be_saved_and_trained_with():
    largest = SEED.maximum
    experiment = Experiment.from_dict(json.loads(json.dumps(changed(seed=largest))))
    assert experiment.seed == largest == 2**63 - 1
    assert np.isfinite(experiment.trainer(experiment.source().load()).train_step())
    with pytest.raises(OptionError, match="Training: seed must be a whole number"):
        dataclasses.replace(experiment, seed=2**63)
