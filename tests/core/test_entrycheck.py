"""The check of one gradient on the tape: right ones pass for every kind of tensor, wrong ones are found out."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from core.datasets.base import Dataset
from core.entrycheck import check_entry
from core.experiment import Experiment
from core.layers.dense import Dense
from core.network import Network
from core.tape import Tape
from core.types import Array

LAYERS = (
    {"kind": "conv2d", "filters": 3, "kernel_size": 3, "padding": 1},
    {"kind": "batch_norm"},
    {"kind": "tanh"},
    {"kind": "avg_pool2d", "kernel_size": 2},
    {"kind": "flatten"},
    {"kind": "dropout", "p": 0.4},
    {"kind": "dense", "units": 3},
)


@pytest.fixture
def recorded() -> tuple[Network, Tape, Mapping[str, Any]]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(24, 2, 6, 4)).astype(np.float32)
    t = np.arange(24) % 3
    data = Dataset("noise", x[:16], t[:16], x[16:], t[16:], ("a", "b", "c"))
    experiment = Experiment(
        "check", {"kind": "xor"}, LAYERS, {"kind": "cross_entropy"}, {"kind": "sgd"}, batch_size=7, seed=2
    )
    trainer = experiment.trainer(data)
    trainer.train_step()
    state = trainer.rng.bit_generator.state
    tape = trainer.record_step()
    twin = experiment.network()
    twin.build(data.input_shape, 0, np.float64)
    return twin, tape, state


def gradients(tape: Tape) -> list[tuple[int, str]]:
    """Every gradient on the tape: position of its record and name of the tensor."""
    return [
        (position, name)
        for position, record in enumerate(tape.records)
        if record.phase in ("backward", "loss")
        for name in record.tensors
        if name in ("dy", "dx") or name.startswith("d_")
    ]


def test_every_gradient_of_a_network_passes(recorded):
    twin, tape, state = recorded
    rng = np.random.default_rng(0)
    checked = 0
    for position, name in gradients(tape):
        record = tape.records[position]
        tensor: Array = record.tensors[name]
        for _ in range(3):
            index = tuple(int(rng.integers(size)) for size in tensor.shape)
            check = check_entry(twin, tape, state, record, name, index)
            assert check.verdict == "pass", (record.name, name, index, check)
            np.testing.assert_allclose(check.gradient, tensor[index], rtol=2e-3, atol=1e-6)
            checked += 1
    assert checked == 3 * (1 + 2 * 7 - 1 + 6)


def test_a_wrong_backward_fails(recorded, monkeypatch):
    twin, tape, state = recorded
    right = Dense.backward

    def doubled(self, dy, cache, need_dx=True, out=None):
        dx, grads = right(self, dy, cache, need_dx, out)
        return dx, {name: np.multiply(grad, 2, out=grad) for name, grad in grads.items()}

    monkeypatch.setattr(Dense, "backward", doubled)
    record = next(record for record in tape.records if record.phase == "backward" and record.index == 6)
    assert check_entry(twin, tape, state, record, "d_weight", (1, 2)).verdict == "fail"
    assert check_entry(twin, tape, state, record, "dy", (1, 2)).verdict == "pass"


@pytest.mark.parametrize(("above_the_kink", "verdict"), [(1e-4, "pass"), (3e-6, "pass"), (0.0, "inconclusive")])
def test_a_kink_nearby_is_stepped_in_front_of(above_the_kink: float, verdict: str):
    """ReLU gets a value so close above 0 that the first step would cross it; at 0 itself there is no slope."""
    ones, t = np.ones((4, 1), np.float32), np.arange(4) % 2
    data = Dataset("ones", ones, t, ones, t, ("a", "b"))
    layers = ({"kind": "dense", "units": 1}, {"kind": "relu"}, {"kind": "dense", "units": 2})
    experiment = Experiment("kink", {"kind": "xor"}, layers, {"kind": "cross_entropy"}, {"kind": "sgd"}, batch_size=3)
    trainer = experiment.trainer(data)
    trainer.network.parameters()["0.weight"][...] = 0.5
    trainer.network.parameters()["0.bias"][...] = above_the_kink - 0.5
    state, tape = trainer.rng.bit_generator.state, trainer.record_step()
    twin = experiment.network()
    twin.build(data.input_shape, 0, np.float64)
    check = check_entry(twin, tape, state, tape.records[tape.position("backward", 0)], "d_weight", (0, 0))
    assert check.verdict == verdict, check


def test_a_number_that_is_shown_wrong_fails_though_backward_is_right(recorded):
    twin, tape, state = recorded
    for position, name in gradients(tape):
        record = tape.records[position]
        tensor = record.tensors[name].copy()
        index = tuple(size // 2 for size in tensor.shape)
        largest = max(float(abs(tensor).max()), 1e-4)  # where all cancels, rounding is all there is
        for spoiled in (tensor[index] + 1, tensor[index] + 0.01 * largest, np.nan, np.inf):
            tensor[index] = spoiled
            wrong = dataclasses.replace(record, tensors={**record.tensors, name: tensor})
            check = check_entry(twin, tape, state, wrong, name, index)
            assert check.verdict == "fail" and check.check.verdict == "pass", (record.name, name, spoiled)
            assert check.shown == spoiled or np.isnan(spoiled)


def test_what_float32_rounded_over_a_kink_is_no_mistake():
    """The input of ReLU is 2⁻³⁰ in float64, which float32 loses beside 1: on the tape it is 0, and so is the slope."""
    x, t = np.full((4, 2), [1, 2**-30], np.float32), np.arange(4) % 2
    data = Dataset("nearly", x, t, x, t, ("a", "b"))
    layers = ({"kind": "dense", "units": 1}, {"kind": "relu"}, {"kind": "dense", "units": 2})
    experiment = Experiment("kink", {"kind": "xor"}, layers, {"kind": "cross_entropy"}, {"kind": "sgd"}, batch_size=3)
    trainer = experiment.trainer(data)
    trainer.network.parameters()["0.weight"][...] = 1
    trainer.network.parameters()["0.bias"][...] = -1
    state, tape = trainer.rng.bit_generator.state, trainer.record_step()
    twin = experiment.network()
    twin.build(data.input_shape, 0, np.float64)
    record = tape.records[tape.position("backward", 1)]
    assert record.tensors["dx"][0, 0] == 0
    check = check_entry(twin, tape, state, record, "dx", (0, 0))
    assert check.crossed and check.verdict == "inconclusive", check
