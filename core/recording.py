"""Writes down what the trainer adds to a step beyond the network: penalty, clipping and the optimizer's memory."""

import dataclasses
import inspect
from pathlib import Path

import numpy as np

from core.accounts import plural
from core.docs import sections
from core.network import Network
from core.optimizers import Optimizer
from core.penalties import Penalty
from core.tape import Record, Recorder, SourceLines
from core.types import Array, Arrays


class StepRecorder(Recorder):
    """A recorder that also knows the penalty.

    Its record follows that of the loss, phase "loss", name "Penalty": tensors value (a single number), and for every
    penalised weight `<name>` and its gradient `d_<name>`.
    """

    def __init__(self, network: Network, penalty: Penalty, contribution: Arrays) -> None:
        super().__init__(network)
        self._network = network
        self._penalty = penalty
        self._contribution = contribution  # what the penalty adds to the gradients, by name; empty without a penalty
        self._weights = {name: weight for name, weight in network.parameters().items() if name in contribution}
        self._raw: Arrays = {}
        self._clipped: Arrays = {}

    def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None:
        super().loss(prediction, target, value, gradient)
        if not self._contribution:
            return
        penalty, weights = self._penalty, self._weights
        amount = sum(penalty.value(weight) for weight in weights.values())
        tensors = {"value": np.asarray(amount)}
        for name, weight in weights.items():
            tensors |= {name: weight.copy(), f"d_{name}": self._contribution[name].copy()}
        account = (
            f"{penalty.title}: {amount:.4g}, from {plural(sum(w.size for w in weights.values()), 'weight')}; "
            f"it pulls each of them towards 0."
        )
        formula = sections(type(penalty))["Formula"]
        index = len(self._layers)
        self.records.append(Record("loss", index, "Penalty", tensors, {}, account, formula, _source(penalty)))

    def clipping(self, raw: Array, clipped: Array) -> None:
        """The flat gradient before and after clipping; what comes after is what the optimizer gets."""
        self._raw, self._clipped = self._network.by_name(raw), self._network.by_name(clipped.copy())

    def gradients(self, name: str) -> Arrays:
        """The tensor "gradient" of a parameter, and "raw gradient" where clipping changed it."""
        raw, clipped = self._raw[name], self._clipped[name]
        return {"gradient": clipped} if np.array_equal(raw, clipped) else {"gradient": clipped, "raw gradient": raw}

    def update(self, optimizer: Optimizer, name: str, tensors: Arrays) -> None:
        super().update(optimizer, name, tensors)
        if "raw gradient" in tensors:
            raw, clipped = (float(np.abs(tensors[which]).max()) for which in ("raw gradient", "gradient"))
            before = f"Clipping came first: the largest gradient was {raw:.2g}, now {clipped:.2g}."
            self.records[-1] = dataclasses.replace(self.records[-1], account=f"{self.records[-1].account} {before}")


def _source(penalty: Penalty) -> SourceLines:
    code = type(penalty).gradient.__code__
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return SourceLines(Path(inspect.getfile(type(penalty))), code.co_firstlineno, max(lines))
