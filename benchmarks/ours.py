"""Chainrule's side of the comparison: the steps of the very trainer that the program uses."""

import functools
import json
import resource
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np

from app.mnist_files import find_mnist
from benchmarks.networks import Case
from core.datasets import Dataset, DataSource
from core.datasets.mnist import Mnist
from core.datasets.planes import Xor
from core.experiment import Experiment
from core.trainer import Trainer
from core.types import DataError


@functools.cache
def dataset(name: str) -> Dataset:
    """The data a case is trained on."""
    return Xor().load() if name == "xor" else _mnist(Mnist())


def _mnist(source: DataSource) -> Dataset:
    folder = find_mnist()
    if folder is None:
        raise DataError("The benchmark needs MNIST: set CHAINRULE_DATA to the folder with its four files.")
    return source.load(folder)


def step(case: Case) -> Callable[[], Any]:
    """One training step on the next batch."""
    return _trainer(case).train_step


def evaluation(case: Case) -> Callable[[], Any]:
    """Loss and accuracy on the whole test set."""
    return _trainer(case).evaluate


def _trainer(case: Case) -> Trainer:
    loss = "bce_with_logits" if case.data == "xor" else "cross_entropy"
    experiment = Experiment(
        name=case.network,
        data={"kind": case.data},
        layers=case.layers,
        loss={"kind": loss},
        optimizer={"kind": "adam"},
        batch_size=case.batch,
    )
    return experiment.trainer(dataset(case.data))


def seconds_to_accuracy(preset: str, goal: float, every: int) -> dict[str, float]:
    """Seconds of training until the test accuracy, looked at after so many steps, reaches the goal or epochs end."""
    saved = json.loads(files("resources").joinpath("presets", f"{preset}.json").read_text(encoding="utf-8"))
    experiment = Experiment.from_dict(saved)
    trainer = experiment.trainer(_mnist(experiment.source()))
    spent, reached = 0.0, 0.0
    while reached < goal and trainer.epoch < experiment.epochs:
        start = time.perf_counter()
        for _ in range(every):
            trainer.train_step()
        spent += time.perf_counter() - start
        reached = trainer.evaluate().accuracy or 0.0
    return {"seconds": spent, "accuracy": reached, "steps": trainer.steps}


def epoch_memory(case: Case) -> dict[str, float]:
    """Peak memory of this process, in MB, after an epoch and an evaluation, and how much of it is data."""
    data, trainer = dataset(case.data), _trainer(case)
    for _ in range(trainer.batches_per_epoch):
        trainer.train_step()
    trainer.evaluate()
    size = sum(array.nbytes for array in (data.x_train, data.t_train, data.x_test, data.t_test))
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, "data": size / 1e6}


def matrix_peak() -> float:
    """Floating-point operations a second of a large float32 matrix product here."""
    size = 1536
    a = np.random.default_rng(0).random((size, size), dtype=np.float32)
    seconds = []
    for _ in range(12):
        start = time.perf_counter()
        np.matmul(a, a)
        seconds.append(time.perf_counter() - start)
    return float(2 * size**3 / min(seconds))
