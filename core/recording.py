"""Watches a training step and writes its records: what the network computes, and what the trainer adds to it.

The recorder is the network's observer, so the step it watches is the very step that trains.
"""

import math
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import CodeType

import numpy as np

from core.accounts import (
    backward_account,
    clipping_account,
    forward_account,
    loss_account,
    penalty_account,
    update_account,
)
from core.docs import sections
from core.layers.base import Layer
from core.losses import Loss
from core.network import Network
from core.optimizers import Optimizer
from core.penalties import Penalty
from core.tape import Phase, Record, SourceLines
from core.types import Array, Arrays


class Recorder:
    """Collects records. Tensors are kept, not copied: nobody writes into them again, except the gradients of the
    parameters, whose place the next step reuses.

    A penalty's record follows that of the loss, phase "loss", name "Penalty": tensors value (a single number), and for
    every penalised weight `<name>` and its gradient `d_<name>`.
    """

    def __init__(self, network: Network, penalty: Penalty, contribution: Arrays) -> None:
        self.records: list[Record] = []
        self.value = math.nan  # of the loss
        self._network = network
        self._penalty = penalty
        self._contribution = contribution  # what the penalty adds to the gradients, by name; empty without a penalty
        self._raw: Arrays = {}
        self._clipped: Arrays = {}

    def forward(self, index: int, x: Array, y: Array, cache: Arrays) -> None:
        layer = self._network.layers[index]
        account = partial(forward_account, layer, x, y, cache)
        self._add("forward", index, layer.title, {"x": x, "y": y}, account, layer, "forward", cache)

    def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None:
        loss, index, self.value = self._network.loss, len(self._network.layers), value
        account = partial(loss_account, loss, prediction, target, value)
        tensors = {"prediction": prediction, "target": target, "dy": gradient}
        self._add("loss", index, loss.title, tensors, account, loss, "value_and_gradient")
        if self._contribution:
            self._add_penalty(index)

    def backward(self, index: int, dy: Array, dx: Array | None, grads: Arrays, cache: Arrays) -> None:
        layer = self._network.layers[index]
        tensors = {"dy": dy, **({} if dx is None else {"dx": dx})}
        tensors |= {f"d_{name}": grad.copy() for name, grad in grads.items()}
        account = partial(backward_account, layer, dy, dx, cache)
        self._add("backward", index, layer.title, tensors, account, layer, "backward", cache)

    def clipping(self, raw: Array, clipped: Array) -> None:
        """The flat gradient before and after clipping; what comes after is what the optimizer gets."""
        self._raw, self._clipped = self._network.by_name(raw), self._network.by_name(clipped.copy())

    def gradients(self, name: str) -> Arrays:
        """The tensor "gradient" of a parameter, and "raw gradient" where clipping changed it."""
        raw, clipped = self._raw[name], self._clipped[name]
        return {"gradient": clipped} if np.array_equal(raw, clipped) else {"gradient": clipped, "raw gradient": raw}

    def update(self, optimizer: Optimizer, name: str, tensors: Arrays) -> None:
        """One parameter was changed."""
        account = partial(_update_account, name, tensors, optimizer.learning_rate)
        self._add("update", int(name.split(".", maxsplit=1)[0]), name, tensors, account, optimizer, "_update_one")

    def _add_penalty(self, index: int) -> None:
        weights = {name: w for name, w in self._network.parameters().items() if name in self._contribution}
        amount = sum(self._penalty.value(weight) for weight in weights.values())
        tensors = {"value": np.asarray(amount)}
        for name, weight in weights.items():
            tensors |= {name: weight.copy(), f"d_{name}": self._contribution[name].copy()}
        account = partial(penalty_account, self._penalty, amount, sum(weight.size for weight in weights.values()))
        self._add("loss", index, "Penalty", tensors, account, self._penalty, "gradient")

    def _add(
        self,
        phase: Phase,
        index: int,
        name: str,
        tensors: Arrays,
        account: Callable[[], str],
        thing: Layer | Loss | Optimizer | Penalty,
        method: str,
        cache: Arrays | None = None,
    ) -> None:
        text, code = sections(type(thing)), getattr(thing, method).__code__
        formula = text.get("Gradient" if phase == "backward" else "Formula", "")
        self.records.append(Record(phase, index, name, tensors, cache or {}, account, formula, source_of(code)))


def _update_account(name: str, tensors: Arrays, learning_rate: float) -> str:
    account = update_account(name, tensors["before"], tensors["after"], learning_rate)
    if "raw gradient" in tensors:
        account += f" {clipping_account(tensors['raw gradient'], tensors['gradient'])}"
    return account


@cache
def source_of(code: CodeType) -> SourceLines:
    """Where the code of a function stands."""
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return SourceLines(Path(code.co_filename), code.co_firstlineno, max(lines))
