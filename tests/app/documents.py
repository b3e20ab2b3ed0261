"""What the tests of the document share: a small XOR run, its twin in a plain trainer, and ears for its signals."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from app.document.document import Document
from app.document.presets import load_preset
from core.experiment import Experiment
from core.tape import Tape
from core.trainer import Trainer
from core.types import Arrays

Maker = Callable[[], Document]

SIGNALS = (
    "experiment_changed",
    "data_changed",
    "position_changed",
    "history_changed",
    "selection_changed",
    "running_changed",
    "failed",
    "pause_needed",
)


def xor(**changes: Any) -> Experiment:
    """The XOR preset with 40 points, half of them for training, in batches of 8: the third batch of an epoch has 4."""
    preset = load_preset("xor")
    return dataclasses.replace(preset, **{"data": {**preset.data, "points": 40}, "batch_size": 8, **changes})


def xor_document(**changes: Any) -> Document:
    """A document on `xor(...)`."""
    experiment = xor(**changes)
    return Document(experiment, experiment.source().load())


def with_memory(**changes: Any) -> Document:
    """A document whose layers draw at random and keep running statistics: Dense, BatchNorm, Dropout, Dense."""
    layers = (
        {"kind": "dense", "units": 5},
        {"kind": "batch_norm"},
        {"kind": "tanh"},
        {"kind": "dropout", "p": 0.4},
        {"kind": "dense", "units": 1},
    )
    return xor_document(layers=layers, **changes)


def twin(document: Document, steps: int = 0) -> Trainer:
    """A plain trainer of the same experiment after so many plain training steps."""
    trainer = document.experiment.trainer(document.data)
    for _ in range(steps):
        trainer.train_step()
    return trainer


def tape_of(document: Document) -> Tape:
    """The tape, which is there because a step can be made."""
    assert document.tape is not None
    return document.tape


def step(document: Document, records: int) -> None:
    """Press Next layer so many times."""
    for _ in range(records):
        document.next_layer()


def batches(document: Document, count: int) -> None:
    """Press Next batch so many times."""
    for _ in range(count):
        document.next_batch()


def batches_back(document: Document, count: int) -> None:
    """Go back so many whole batches."""
    target = document.steps_done - count
    while document.steps_done > target or document.cursor < len(tape_of(document)):
        document.back()
        if document.cursor == 0 and document.steps_done == target:
            break


def copies(arrays: Arrays) -> Arrays:
    """Copies, so that nobody can change what is compared with."""
    return {name: array.copy() for name, array in arrays.items()}


def assert_same(got: Arrays, wanted: Arrays) -> None:
    """Demand the same names in the same order, and bit for bit the same values."""
    assert list(got) == list(wanted)
    for name, array in wanted.items():
        assert got[name].dtype == array.dtype and got[name].tobytes() == array.tobytes(), name


def differ(one: Arrays, other: Arrays) -> bool:
    """Whether any value differs."""
    return any(not np.array_equal(one[name], other[name]) for name in one)


class Ears:
    """Counts what a document says, and keeps the sentences of `failed`."""

    def __init__(self, document: Document) -> None:
        self.counts = dict.fromkeys(SIGNALS, 0)
        self.sentences: list[str] = []
        for name in SIGNALS:
            getattr(document, name).connect(self._counter(name))

    def heard(self) -> dict[str, int]:
        """What was said since the last call, without what was not."""
        counts = {name: count for name, count in self.counts.items() if count}
        self.counts = dict.fromkeys(SIGNALS, 0)
        return counts

    def _counter(self, name: str) -> Callable[..., None]:
        def count(*arguments: str) -> None:
            self.counts[name] += 1
            self.sentences += arguments

        return count
