"""Losses, penalties, clipping and optimizers: their numbers are the sum of their terms, and the parts are right."""

from typing import Any

import numpy as np
import pytest

from core.clipping import ClipNorm, Clipping, ClipValue, NoClipping
from core.datasets.base import Dataset
from core.explain import Place, Step, by_sample, explain
from core.layers import layer_from_spec
from core.losses import LOSSES, Loss, loss_from_spec
from core.network import Network
from core.optimizers import OPTIMIZERS, Optimizer, optimizer_from_spec
from core.penalties import L1Penalty, L2Penalty, NoPenalty, Penalty
from core.schedules import ExponentialRate
from core.trainer import Trainer
from tests.core.explaining import check, everything, some_places, sources, unexplained
from tests.core.networks import layer, network_of

BATCH, OUTPUTS = 6, 4
LOSS_OPTIONS: tuple[dict[str, Any], ...] = (
    *({"kind": kind} for kind in LOSSES),
    {"kind": "cross_entropy", "label_smoothing": 0.2},
    {"kind": "hinge", "margin": 0.3},
    {"kind": "huber", "delta": 0.4},
)
OPTIMIZER_OPTIONS: tuple[dict[str, Any], ...] = (
    {"kind": "sgd"},
    {"kind": "sgd", "momentum": 0.9},
    {"kind": "sgd", "weight_decay": 0.1},
    {"kind": "sgd", "momentum": 0.8, "weight_decay": 0.1},
    {"kind": "sgd", "momentum": 0.8, "weight_decay": 0.1, "nesterov": True},
    {"kind": "sgd", "nesterov": True},
    {"kind": "adagrad"},
    {"kind": "rmsprop"},
    {"kind": "adam"},
    {"kind": "adam", "weight_decay": 0.1},
    {"kind": "adamw", "weight_decay": 0.1},
)
PENALTIES = (NoPenalty(), L1Penalty(0.05), L2Penalty(0.07))
CLIPPINGS = (NoClipping(), ClipNorm(0.3), ClipNorm(1e6), ClipValue(0.05))


def data_for(loss: Loss, dtype: str) -> Dataset:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(BATCH, 5)).astype(dtype)
    if loss.class_targets:
        labels = np.arange(BATCH) % OUTPUTS
        return Dataset("Classes", x, labels, x, labels, ("a", "b", "c", "d"))
    size = (BATCH, OUTPUTS)
    target = rng.uniform(size=size) if "binary" in loss.kind or "bce" in loss.kind else rng.normal(size=size)
    return Dataset("Numbers", x, target.astype(dtype), x, target.astype(dtype))


def step_with(
    loss: dict[str, Any] | None = None,
    optimizer: dict[str, Any] | None = None,
    penalty: Penalty = PENALTIES[0],
    clipping: Clipping = CLIPPINGS[0],
    dtype: str = "float64",
) -> Step:
    """The third step of a small network; the learning rate has changed on the way."""
    made = loss_from_spec(loss or {"kind": "mse"})
    specs = [layer("dense", units=7), layer("tanh"), layer("dense", units=OUTPUTS)]
    if made.takes == "probabilities":
        specs.append(layer("softmax" if made.class_targets else "sigmoid"))
    network = Network([layer_from_spec(spec) for spec in specs], made)
    network.build((5,), 9, dtype)
    made_optimizer = optimizer_from_spec(optimizer or {"kind": "sgd"})
    schedule = ExponentialRate(gamma=0.9)
    trainer = Trainer(network, made_optimizer, data_for(made, dtype), BATCH, 4, schedule, penalty, clipping)
    trainer.train_step()
    trainer.train_step()
    return Step.of(trainer.record_step(), trainer)


def check_everything(step: Step, phases: set[str]) -> None:
    rng, found = np.random.default_rng(10), []
    for position, tensor in everything(step):
        if step.tape.records[position].phase in phases:
            for place in some_places(step, position, tensor, rng, 6):
                explanation = check(step, place)
                for source in sources(step, explanation, rng):
                    step.value(source)
                found.append(explanation)
    assert not unexplained(found)


def name_of(options: dict[str, Any]) -> str:
    return "-".join(str(value) for value in options.values())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", LOSS_OPTIONS, ids=name_of)
def test_every_loss_and_its_gradient(loss: dict[str, Any], dtype: str):
    step = step_with(loss, dtype=dtype)
    check_everything(step, {"loss"})
    position = step.position("loss", len(step.layers))
    shares = by_sample(step, Place(position, "value", ()))
    np.testing.assert_allclose(shares * BATCH, step.tensor(position, "per_sample"), rtol=1e-6)
    assert len(shares) == BATCH and shares.sum() == pytest.approx(step.tape.loss, rel=1e-6)


def test_the_true_class_of_every_loss_on_classes():
    """Both an entry of the true class and one of another: they have different terms."""
    for kind in ("cross_entropy", "negative_log_likelihood", "hinge"):
        step = step_with({"kind": kind})
        position = step.position("loss", len(step.layers))
        for n, c in np.ndindex(BATCH, OUTPUTS):
            check(step, Place(position, "dy", (n, c)))


def test_cross_entropy_is_p_minus_the_wanted_over_the_batch():
    step = step_with({"kind": "cross_entropy"})
    position = step.position("loss", len(step.layers))
    target = step.tape.target
    x = step.tensor(position, "prediction")
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    for n, c in np.ndindex(BATCH, OUTPUTS):
        probability, wanted = check(step, Place(position, "dy", (n, c))).parts
        assert probability.values[0] == pytest.approx(p[n, c] / BATCH, rel=1e-12)
        assert wanted.values[0] == (-1 / BATCH if target[n] == c else 0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", OPTIMIZER_OPTIONS, ids=name_of)
def test_every_update_and_memory(optimizer: dict[str, Any], dtype: str):
    check_everything(step_with(optimizer=optimizer, dtype=dtype), {"update"})


@pytest.mark.parametrize("clipping", CLIPPINGS, ids=repr)
@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_every_penalty_with_every_clipping(penalty: Penalty, clipping: Clipping):
    step = step_with(optimizer={"kind": "adam"}, penalty=penalty, clipping=clipping)
    check_everything(step, {"loss", "update"})
    clipped = any("raw gradient" in record.tensors for record in step.tape.records)
    assert clipped == (clipping in {CLIPPINGS[1], CLIPPINGS[3]})


def test_the_table_of_kinds_is_complete():
    assert {options["kind"] for options in LOSS_OPTIONS} == set(LOSSES)
    assert {options["kind"] for options in OPTIMIZER_OPTIONS} == set(OPTIMIZERS)


def parts_of(step: Step, parameter: str, index: tuple[int, ...]) -> dict[str, float]:
    explanation = explain(step, Place(step.update_positions[parameter], "after", index))
    return {part.label: float(part.values.sum()) for part in explanation.parts}


def stepped(optimizer: Optimizer, step: Step, parameter: str, without: str) -> np.ndarray:
    """The parameter after a step of the optimizer itself, from which one cause has been taken away."""
    record = step.tape.records[step.update_positions[parameter]]
    spec = dict(optimizer.spec()) | {"learning_rate": step.tape.learning_rate}
    if without == "weight decay":
        spec["weight_decay"] = 0.0
    alone = optimizer_from_spec(spec)
    alone.steps = step.updates - 1
    alone.memory = {slot: {"p": record.tensors[f"{slot} before"].copy()} for slot in alone.slots}
    if without == "momentum":
        alone.memory["velocity"]["p"][...] = 0
    param, gradient = record.tensors["before"].copy(), record.tensors["gradient"].copy()
    if without == "gradient":
        gradient[...] = 0
    alone.update({"p": param}, {"p": gradient})
    return param


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("cause", ["gradient", "weight decay", "momentum"])
def test_a_part_of_an_update_is_what_the_update_lacks_without_it(cause: str, nesterov: bool):
    """SGD is linear in its causes, so that each can be taken away and be missed exactly."""
    options = {"kind": "sgd", "momentum": 0.8, "weight_decay": 0.1, "nesterov": nesterov}
    step = step_with(optimizer=options)
    after, without = (stepped(step.optimizer, step, "2.weight", cause_taken) for cause_taken in ("", cause))
    for index in ((0, 0), (3, 6), (1, 4)):
        parts = parts_of(step, "2.weight", index)
        assert parts.keys() == {"before", "gradient", "weight decay", "momentum"}
        assert parts[cause] == pytest.approx(after[index] - without[index], rel=1e-9, abs=1e-15)


def test_the_decay_of_adamw_is_what_the_update_lacks_without_it():
    step = step_with(optimizer={"kind": "adamw", "weight_decay": 0.1})
    after, without = (stepped(step.optimizer, step, "0.weight", taken) for taken in ("", "weight decay"))
    parts = parts_of(step, "0.weight", (2, 1))
    assert parts.keys() == {"before", "weight decay", "gradient", "memory"}
    assert parts["weight decay"] == pytest.approx(after[2, 1] - without[2, 1], rel=1e-9)


def test_a_tape_keeps_the_options_it_was_made_with():
    """Explained after the trainer has gone on with other options."""
    network = network_of(layer("dense", units=OUTPUTS))
    network.build((5,), 9, "float64")
    data = data_for(network.loss, "float64")
    trainer = Trainer(network, optimizer_from_spec({"kind": "adam", "weight_decay": 0.1}), data, BATCH, 4)
    step = Step.of(trainer.record_step(), trainer)
    trainer.set_optimizer_options({"beta1": 0.5, "weight_decay": 0.3, "learning_rate": 1.0})
    for _ in range(3):
        trainer.train_step()
    check_everything(step, {"forward", "loss", "backward", "update"})


def test_an_older_tape_knows_its_update():
    network = network_of(layer("dense", units=OUTPUTS))
    network.build((5,), 9, "float64")
    trainer = Trainer(network, optimizer_from_spec({"kind": "adam"}), data_for(network.loss, "float64"), BATCH, 4)
    trainer.train_step()
    tape = trainer.record_step()
    trainer.train_step()
    step = Step.of(tape, trainer)
    assert step.updates == 2
    check_everything(step, {"update"})


@pytest.mark.parametrize("options", OPTIMIZER_OPTIONS, ids=name_of)
def test_an_update_names_its_parts_alike_for_all_optimizers(options: dict[str, Any]):
    step = step_with(optimizer=options, penalty=PENALTIES[2], clipping=CLIPPINGS[1])
    of_weight, of_bias = (
        parts_of(step, f"2.{name}", index).keys() for name, index in (("weight", (1, 2)), ("bias", (1,)))
    )
    decayed = {"weight decay"} if "weight_decay" in options else set()
    remembered = {"momentum"} if options.get("momentum") else {"memory"} if "adam" in options["kind"] else set()
    assert of_bias == {"before", "gradient", "clipping"} | decayed | remembered
    assert of_weight == of_bias | {"penalty"}


def test_penalty_and_clipping_are_what_the_update_lacks_without_them():
    """SGD without momentum: the gradient of the loss alone, and the objective's before clipping, are on the tape."""
    step = step_with(optimizer={"kind": "sgd"}, penalty=PENALTIES[2], clipping=CLIPPINGS[1])
    index, rate = (3, 6), step.tape.learning_rate
    record = step.tape.records[step.update_positions["2.weight"]].tensors
    alone = step.tape.records[step.position("backward", 2)].tensors["d_weight"]
    parts = parts_of(step, "2.weight", index)
    assert parts["gradient"] == pytest.approx(-rate * alone[index], rel=1e-12)
    assert parts["penalty"] == pytest.approx(-rate * (record["raw gradient"] - alone)[index], rel=1e-9)
    assert parts["clipping"] == pytest.approx(-rate * (record["gradient"] - record["raw gradient"])[index], rel=1e-9)
    assert parts["clipping"] * parts["gradient"] < 0
