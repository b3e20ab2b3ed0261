"""The tape: one training step as a list of records, each with its tensors and what they were before and after.

The tape is made by watching the very step that trains (`Recorder` is the network's observer). A cursor counts the
records that are done: 0 is before the batch, `len(tape.records)` after the last update. Nothing is computed when the
cursor moves; going back is looking at an earlier record.
"""

import dataclasses
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from core.accounts import backward_account, forward_account, loss_account, update_account
from core.docs import sections
from core.layers.base import Layer
from core.losses import Loss
from core.network import Network
from core.optimizers import Optimizer
from core.types import Array, Arrays

Phase = Literal["forward", "loss", "backward", "update"]


@dataclasses.dataclass(frozen=True)
class SourceLines:
    """Where the code stands that computed a record."""

    path: Path
    first: int
    last: int


@dataclasses.dataclass(frozen=True)
class Record:
    """One entry of the tape.

    `tensors` by phase: forward x, y; loss prediction, target, dy (and value as a number); backward dy, dx (absent
    where it is not needed) and d_<parameter>; update before, after, gradient and the optimizer's memory
    (<slot> before, <slot> after).
    """

    phase: Phase
    index: int  # of the layer; of the loss: the number of layers
    name: str  # "Dense", the loss's title, or the parameter "0.weight"
    tensors: Arrays
    cache: Arrays
    account: str  # one sentence: what happened
    formula: str
    source: SourceLines


@dataclasses.dataclass(frozen=True)
class Tape:
    """One batch, from the first layer's forward to the last parameter's update."""

    records: tuple[Record, ...]
    step: int  # number of this step; the first is 1
    epoch: int  # the epoch it belongs to; the first is 1
    rows: Array  # which rows of the training data are in the batch (N,)
    x: Array
    target: Array
    loss: float
    learning_rate: float
    params_before: Arrays
    params_after: Arrays
    buffers_before: Arrays
    buffers_after: Arrays

    def __len__(self) -> int:
        return len(self.records)

    def parameters_at(self, cursor: int) -> Arrays:
        """The parameters as they stand when `cursor` records are done."""
        updated = {record.name for record in self.records[:cursor] if record.phase == "update"}
        return {name: (self.params_after if name in updated else self.params_before)[name] for name in self.params_before}

    def buffers_at(self, cursor: int) -> Arrays:
        """The buffers as they stand when `cursor` records are done; a layer takes them over with its backward."""
        passed_loss = any(record.phase == "update" for record in self.records[:cursor])
        return self.buffers_after if passed_loss or cursor == len(self.records) else self.buffers_before

    def find(self, phase: Phase, index: int, cursor: int) -> Record | None:
        """The record of that phase and layer, if the cursor has reached it."""
        for record in self.records[:cursor]:
            if record.phase == phase and record.index == index:
                return record
        return None


class Recorder:
    """Watches a step and writes its records. Tensors are kept, not copied: nobody writes into them again, except the
    gradients of the parameters, whose place the next step reuses."""

    def __init__(self, network: Network) -> None:
        self.records: list[Record] = []
        self._layers = network.layers
        self._loss = network.loss

    def forward(self, index: int, x: Array, y: Array, cache: Arrays) -> None:
        layer = self._layers[index]
        account = forward_account(layer, x, y, cache)
        self._add("forward", index, layer.title, {"x": x, "y": y}, cache, account, layer)

    def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None:
        account = loss_account(self._loss, prediction, target, value)
        tensors = {"prediction": prediction, "target": target, "dy": gradient}
        self._add("loss", len(self._layers), self._loss.title, tensors, {}, account, self._loss)

    def backward(self, index: int, dy: Array, dx: Array | None, grads: Arrays, cache: Arrays) -> None:
        layer = self._layers[index]
        tensors = {"dy": dy, **({} if dx is None else {"dx": dx})}
        tensors |= {f"d_{name}": grad.copy() for name, grad in grads.items()}
        account = backward_account(layer, dy, dx, cache)
        self._add("backward", index, layer.title, tensors, cache, account, layer)

    def update(self, optimizer: Optimizer, name: str, tensors: Arrays) -> None:
        """One parameter was changed."""
        account = update_account(name, tensors["before"], tensors["after"], optimizer.learning_rate)
        self._add("update", int(name.split(".")[0]), name, tensors, {}, account, optimizer)

    def _add(
        self,
        phase: Phase,
        index: int,
        name: str,
        tensors: Arrays,
        cache: Arrays,
        account: str,
        thing: Layer | Loss | Optimizer,
    ) -> None:
        text = sections(type(thing))
        formula = text.get("Gradient" if phase == "backward" else "Formula", "")
        self.records.append(Record(phase, index, name, tensors, cache, account, formula, _source(thing, phase)))


_METHODS: Mapping[Phase, str] = {
    "forward": "forward",
    "loss": "value_and_gradient",
    "backward": "backward",
    "update": "_update_one",
}


def _source(thing: Any, phase: Phase) -> SourceLines:
    code = getattr(type(thing), _METHODS[phase]).__code__
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return SourceLines(Path(inspect.getfile(type(thing))), code.co_firstlineno, max(lines))
