"""Small data sets and trainers for the tests of tape, trainer and experiment."""

from typing import Any

import numpy as np

from core.datasets.base import Dataset
from core.optimizers import optimizer_from_spec
from core.schedules import Schedule
from core.trainer import Trainer
from core.types import Arrays
from tests.core.networks import BATCH_NORM, CONV, DENSE, DROPOUT, REGRESSION, XOR, Net

TRAINED = (XOR, DENSE, REGRESSION, CONV, BATCH_NORM, DROPOUT)
"""Networks that reach all kinds of state: plain, regression, running statistics, random numbers."""

ADAM = {"kind": "adam", "learning_rate": 0.01}
MOMENTUM = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9}


def dataset(net: Net, train: int = 23, test: int = 9) -> Dataset:
    """Random samples of the right shape with targets for the network's loss."""
    rng = np.random.default_rng(21)
    x = rng.normal(size=(train + test, *net.in_shape)).astype(np.float32)
    if net.loss["kind"] == "mse":
        numbers = rng.normal(size=(train + test, net.outputs)).astype(np.float32)
        return Dataset("Numbers", x[:train], numbers[:train], x[train:], numbers[train:])
    classes = max(net.outputs, 2)
    t = np.arange(train + test, dtype=np.int64) % classes
    names = tuple(str(number) for number in range(classes))
    return Dataset("Classes", x[:train], t[:train], x[train:], t[train:], names)


def trainer(
    net: Net,
    optimizer: dict[str, Any] = ADAM,
    data: Dataset | None = None,
    batch_size: int = 8,
    seed: int = 2,
    schedule: Schedule | None = None,
) -> Trainer:
    network = net.network(np.float32)
    return Trainer(network, optimizer_from_spec(optimizer), data or dataset(net), batch_size, seed, schedule)


def everything(one: Trainer) -> Arrays:
    """All numbers a step may change, by name: weights, running statistics, optimizer memory, counters, random state."""
    arrays = one.network.state_dict() | {"steps": np.array([one.steps, one.optimizer.steps])}
    for slot, memory in one.optimizer.memory.items():
        arrays |= {f"{slot} {name}": array.copy() for name, array in memory.items()}
    return arrays | {"random": np.array(str(one.rng.bit_generator.state))}


def same_bits(first: Arrays, second: Arrays) -> bool:
    """Whether both hold the same names with the same dtypes and bytes."""
    return first.keys() == second.keys() and all(
        first[name].dtype == second[name].dtype and first[name].tobytes() == second[name].tobytes() for name in first
    )
