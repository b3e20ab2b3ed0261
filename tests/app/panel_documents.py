"""The documents the panels are tested with: XOR as it ships, and a few small pictures in three classes."""

import dataclasses
from typing import TypeVar

import numpy as np
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.tape import Record, Tape
from core.types import Array

Widget = TypeVar("Widget", bound=QWidget)

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


def filter_document() -> Document:
    """Conv2D 4 filters 3×3, Conv2D 5 filters 2×2, Flatten, Dense 3 on the same pictures."""
    document = picture_document()
    layers = (
        {"kind": "conv2d", "filters": 4, "kernel_size": 3},
        {"kind": "conv2d", "filters": 5, "kernel_size": 2},
        {"kind": "flatten"},
        {"kind": "dense", "units": 3},
    )
    document.edit("filters", layers=layers)
    return document


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


def tape_of(document: Document) -> Tape:
    """The tape, which is there because the layers fit."""
    assert document.tape is not None
    return document.tape


def last(document: Document) -> Record:
    """The record that was done last."""
    assert document.record is not None
    return document.record


def show(qtbot: QtBot, view: Widget, width: int = 400, height: int = 390) -> Widget:
    """The view on the (invisible) screen, where it follows the document."""
    qtbot.addWidget(view)
    view.resize(width, height)
    view.show()
    return view


def norm(array: Array) -> float:
    """The Euclidean norm by NumPy's own function."""
    return float(np.linalg.norm(array.astype(np.float64).ravel()))
