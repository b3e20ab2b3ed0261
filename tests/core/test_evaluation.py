"""Evaluation takes samples in pieces: as many as are fast, and no more than the processor's cache holds."""

import numpy as np

from core.datasets.base import Dataset
from core.experiment import Experiment
from core.trainer import Trainer


def trainer(*layers: dict[str, object]) -> Trainer:
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((200, 1, 28, 28)).astype(np.float32), rng.integers(0, 10, 200)
    data = Dataset("noise", x, t, x, t, tuple(map(str, range(10))))
    layers = (*layers, {"kind": "flatten"}, {"kind": "dense", "units": 10})
    parts = {"data": {"kind": "mnist"}, "loss": {"kind": "cross_entropy"}, "optimizer": {"kind": "adam"}}
    return Experiment(name="", layers=layers, **parts).trainer(data)  # type: ignore[arg-type]


def pieces(trainer: Trainer) -> int:
    return sum(found is None for found in trainer.evaluation("test"))


def test_layers_that_compute_much_take_fewer_samples_at_once() -> None:
    assert pieces(trainer()) == 1
    assert pieces(trainer({"kind": "conv2d", "filters": 16, "kernel_size": 3}, {"kind": "relu"})) > 1


def test_pieces_leave_no_sample_out() -> None:
    wide = trainer({"kind": "conv2d", "filters": 16, "kernel_size": 3}, {"kind": "relu"})
    found, output = wide.evaluate(), wide.network.forward(wide.data.x_test)
    assert found.samples == 200
    assert found.accuracy == np.mean(output.argmax(axis=1) == wide.data.t_test)
