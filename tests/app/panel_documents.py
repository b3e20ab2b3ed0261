"""The documents the panels are tested with: XOR as it ships, and a few small pictures in three classes."""

import dataclasses

import numpy as np

from app.document.document import Document
from app.document.presets import load_preset
from core.datasets.base import Dataset
from core.experiment import Experiment

XOR_RECORDS = 11  # 3 forward, loss, 3 backward, 4 updates


def xor_document() -> Document:
    """Dense 4, Tanh, Dense 1 on the XOR of the preset, at the start of the first batch."""
    preset = load_preset("xor")
    layers = ({"kind": "dense", "units": 4}, {"kind": "tanh"}, {"kind": "dense", "units": 1})
    return Document(dataclasses.replace(preset, layers=layers), preset.source().load())


def picture_document(batch_size: int = 7) -> Document:
    """Flatten, ReLU, Dense 3 with cross-entropy on 21 pictures of noise, 1×6×5."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30, 1, 6, 5)).astype(np.float32)
    t = rng.integers(0, 3, 30)
    data = Dataset("Noise", x[:21], t[:21], x[21:], t[21:], ("ant", "bee", "cat"))
    experiment = Experiment(
        name="pictures",
        data=load_preset("xor").data,
        layers=({"kind": "flatten"}, {"kind": "relu"}, {"kind": "dense", "units": 3}),
        loss={"kind": "cross_entropy"},
        optimizer={"kind": "sgd", "learning_rate": 0.5},
        batch_size=batch_size,
    )
    return Document(experiment, data)


def number_document() -> Document:
    """One Dense unit on a regression over the plane."""
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, size=(20, 2)).astype(np.float32)
    t = (x.sum(axis=1, keepdims=True) / 2).astype(np.float32)
    experiment = Experiment(
        name="numbers",
        data=load_preset("xor").data,
        layers=({"kind": "dense", "units": 1},),
        loss={"kind": "mse"},
        optimizer={"kind": "sgd", "learning_rate": 0.1},
        batch_size=5,
    )
    return Document(experiment, Dataset("Half the sum", x[:12], t[:12], x[12:], t[12:]))


def step(document: Document, records: int) -> None:
    """Press Next layer so many times."""
    for _ in range(records):
        document.next_layer()
