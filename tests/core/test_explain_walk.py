"""The promise of the window, on networks nobody thought of: every number shown is the number that trained.

And it is the sum of the terms shown, and their factors lead to data and parameters, or, for a gradient, to the loss.
"""

import dataclasses
from typing import Any

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.clipping import ClipNorm, Clipping, ClipValue, NoClipping
from core.datasets.base import Dataset
from core.explain import Place, Step, explain
from core.layers import LAYERS, layer_from_spec
from core.losses import LOSSES, Loss, loss_from_spec
from core.network import Network
from core.optimizers import OPTIMIZERS, optimizer_from_spec
from core.penalties import L1Penalty, L2Penalty, NoPenalty, Penalty
from core.trainer import Trainer
from core.types import Arrays, Shape, ShapeError
from tests.core.explaining import check, everything, sources
from tests.core.networks import layer

SPECS: tuple[dict[str, Any], ...] = (
    *(layer(kind) for kind in LAYERS if kind not in {"dense", "conv2d", "max_pool2d", "avg_pool2d", "reshape"}),
    layer("dense", units=6),
    layer("conv2d", filters=3, kernel_size=3, padding=1),
    layer("conv2d", filters=2, kernel_size=2, stride=2),
    layer("conv2d", filters=2, kernel_size=4, padding="same"),
    layer("max_pool2d", kernel_size=2),
    layer("max_pool2d", kernel_size=3, stride=2, padding=1),
    layer("avg_pool2d", kernel_size=3, stride=2, padding=1),
    layer("reshape", channels=2, height=3, width=4),
    layer("dropout", p=0.3),
    layer("batch_norm", eps=0.05),
)
OPTIMIZER_SPECS: tuple[dict[str, Any], ...] = (
    *({"kind": kind, "learning_rate": 0.01} for kind in OPTIMIZERS),
    {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    {"kind": "adam", "learning_rate": 0.01, "weight_decay": 0.1},
)
BATCH = 5
WALKS = 8


@dataclasses.dataclass(frozen=True)
class Plan:
    """A training step as plain data, from which equal trainers can be made."""

    in_shape: Shape
    layers: tuple[dict[str, Any], ...]
    loss: dict[str, Any]
    optimizer: dict[str, Any]
    penalty: Penalty
    clipping: Clipping
    dtype: str
    seed: int

    def trainer(self) -> Trainer:
        loss = loss_from_spec(self.loss)
        network = Network([layer_from_spec(spec) for spec in self.layers], loss)
        network.build(self.in_shape, self.seed, self.dtype)
        data = self.data(loss)
        optimizer = optimizer_from_spec(self.optimizer)
        return Trainer(network, optimizer, data, BATCH, self.seed, None, self.penalty, self.clipping)

    def data(self, loss: Loss) -> Dataset:
        rng = np.random.default_rng(self.seed)
        x = rng.normal(size=(2 * BATCH, *self.in_shape)).astype(self.dtype)
        if loss.class_targets:
            t = rng.integers(0, 3, 2 * BATCH)
            return Dataset("Random classes", x, t, x, t, ("a", "b", "c"))
        y = rng.uniform(0.1, 0.9, size=(2 * BATCH, 3)).astype(self.dtype)
        return Dataset("Random numbers", x, y, x, y)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Layers in any order, as long as each can take what the one before it gives; then what the loss asks for."""
    in_shape: Shape = draw(st.sampled_from([(2, 6, 7), (1, 5, 4), (24,), (3,)]))
    layers, shape = [], in_shape
    for spec in draw(st.lists(st.sampled_from(SPECS), max_size=6)):
        try:
            shape = layer_from_spec(spec).out_shape(shape)
        except ShapeError:
            continue
        layers.append(spec)
    loss = draw(st.sampled_from(list(LOSSES)))
    layers += [layer("flatten")] if len(shape) > 1 else []
    layers += [layer("dense", units=3)]
    if LOSSES[loss].takes == "probabilities":
        layers.append(layer("softmax" if LOSSES[loss].class_targets else "sigmoid"))
    return Plan(
        in_shape,
        tuple(layers),
        {"kind": loss},
        draw(st.sampled_from(OPTIMIZER_SPECS)),
        draw(st.sampled_from([NoPenalty(), L1Penalty(0.01), L2Penalty(0.02)])),
        draw(st.sampled_from([NoClipping(), ClipNorm(0.05), ClipValue(0.01)])),
        draw(st.sampled_from(["float32", "float64"])),
        draw(st.integers(0, 10**6)),
    )


def recorded(plan: Plan) -> Step:
    trainer = plan.trainer()
    trainer.train_step()
    return Step.of(trainer.record_step(), trainer)


def plain_numbers(plan: Plan, step: Step) -> dict[tuple[int, str], Any]:
    """What a plain training step computes, written out here, by the record and tensor that should show it."""
    trainer = plan.trainer()
    trainer.train_step()
    network = trainer.network
    found: dict[tuple[int, str], Any] = {}
    x, target = step.tape.x, step.tape.target
    rng = np.random.default_rng()
    rng.bit_generator.state = trainer.rng.bit_generator.state
    caches: list[Arrays] = []
    for index, one in enumerate(network.layers):
        y, cache = one.forward(x, True, rng)
        caches.append(cache)
        found |= {(index, "x"): x, (index, "y"): y}
        x = y
    last = len(network.layers)
    value, dy = network.loss.value_and_gradient(x, target)
    found |= {(last, "prediction"): x, (last, "dy"): dy, (last, "value"): np.asarray(value)}
    for index in range(last - 1, network.first_trainable - 1, -1):
        dx, grads = network.layers[index].backward(dy, caches[index], index > network.first_trainable)
        at = step.position("backward", index)
        found |= {(at, "dy"): dy} | {(at, f"d_{name}"): np.array(grad) for name, grad in grads.items()}
        if dx is not None:
            found[at, "dx"] = dy = dx
    before = {name: array.copy() for name, array in network.parameters().items()}
    trainer.train_step()
    memory = trainer.optimizer_memory()
    for name, at in step.update_positions.items():
        found |= {(at, "before"): before[name], (at, "after"): network.parameters()[name]}
        found[at, "gradient"] = network.grads[name]
        found |= {(at, f"{slot} after"): arrays[name] for slot, arrays in memory.items()}
    for index, one in enumerate(network.layers):
        found |= {(index, f"{name} after"): buffer for name, buffer in one.buffers.items()}
    return found


GRADIENTS = {"dx", "dy", "gradient", "raw gradient"}


def is_gradient(step: Step, place: Place) -> bool:
    if place.record is None:
        return False
    phase = step.tape.records[place.record].phase
    return place.tensor in GRADIENTS or (phase == "backward" and place.tensor.startswith("d_"))


def bound(step: Step) -> int:
    """More hops than the longest way: a few within each record, through the tape once forward and once back."""
    return 8 * len(step.tape.records)


def walk(step: Step, place: Place, rng: np.random.Generator) -> Place:
    """From factor to factor, chosen by chance, until nothing lies behind."""
    for _ in range(bound(step)):
        explanation = check(step, place)
        behind = sources(step, explanation, rng)
        if not behind:
            assert explanation.is_end or not len(explanation.values), explanation.name
            return place
        place = behind[int(rng.integers(len(behind)))]
    raise AssertionError(f"{explanation.name} leads on and on")


def walk_up(step: Step, place: Place, rng: np.random.Generator) -> Place:
    """From gradient to gradient only."""
    for _ in range(bound(step)):
        explanation = check(step, place)
        behind = [source for source in sources(step, explanation, rng) if is_gradient(step, source)]
        if not behind:
            return place
        place = behind[int(rng.integers(len(behind)))]
    raise AssertionError(f"{explanation.name} leads on and on")


def is_source(step: Step, place: Place) -> bool:
    """Whether this is something the step was given, and did not compute."""
    if place.record is None:
        return place.tensor in {"x", "target", *step.tape.params_before, *step.tape.buffers_before}
    phase = step.tape.records[place.record].phase
    return (phase, place.tensor) == ("forward", "mask") or (phase == "update" and place.tensor.endswith(" before"))


def no_window_sees_it(step: Step, place: Place) -> bool:
    """The gradient of a pixel that lies in no window, or of a filter's edge that meets no pixel: nothing to follow."""
    return place.tensor in {"dx", "d_weight"} and not len(explain(step, place).values)


@settings(max_examples=300, deadline=None)
@given(plan=plans(), choices=st.integers(0, 2**32 - 1))
def test_any_number_of_any_network(plan: Plan, choices: int):
    step, rng = recorded(plan), np.random.default_rng(choices)
    plain = plain_numbers(plan, step)
    for kind in {spec["kind"] for spec in plan.layers}:
        event(kind)
    places = []
    for position, tensor in everything(step):
        shape = step.tensor(position, tensor).shape
        place = Place(position, tensor, tuple(int(rng.integers(size)) for size in shape))
        explanation = check(step, place)
        if (position, tensor) in plain:
            assert np.array_equal(step.tensor(position, tensor), plain.pop((position, tensor)))
        elif step.tape.records[position].phase == "backward":
            raise AssertionError(f"{tensor} of {explanation.name} is in no plain step")
        places.append(place)
    assert not plain, "the tape does not show everything that was computed"
    for number in rng.permutation(len(places))[:WALKS]:
        end = walk(step, places[number], rng)
        assert is_source(step, end) or no_window_sees_it(step, end)
    gradients = [place for place in places if is_gradient(step, place)]
    for number in rng.permutation(len(gradients))[:WALKS]:
        end = walk_up(step, gradients[number], rng)
        assert end.record is not None
        assert step.tape.records[end.record].phase == "loss" or no_window_sees_it(step, end)
