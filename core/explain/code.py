"""The functions that computed a number, as they stand in their files, with the lines that lead to it.

A number that was only handed on shows the code that made it, not that of the record it is seen in. Which lines lead to
it is read off the code itself: those that write to the result, and to whatever these lines read.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

from core import reading
from core.explain.lines import leading_lines, names_in
from core.explain.protocol import Place
from core.explain.scene import PENALTY, Step
from core.layers.base import Layer
from core.layers.conv import Conv2D
from core.layers.pooling import AvgPool2D, MaxPool2D
from core.optimizers import SGD
from core.recording import source_of
from core.tape import Record, SourceLines

Function = Callable[..., Any]

_LOOPS: dict[type[Layer], dict[str, Function]] = {
    Conv2D: {"forward": reading.conv2d_forward, "backward": reading.conv2d_backward},
    MaxPool2D: {"forward": reading.max_pool2d_forward, "backward": reading.max_pool2d_backward},
    AvgPool2D: {"forward": reading.avg_pool2d_forward, "backward": reading.avg_pool2d_backward},
}

_NO_HELPERS = ("core.options", "core.types")
"""What checks and describes; everything else of the core that a function calls is part of the calculation."""

_LEFT_OUT = ("check", "_check", "_refuse", "out_shape", "batch_first", "batch_last")
"""How the names begin of what computes no number: checks, sizes, the order of axes in memory."""


@dataclasses.dataclass(frozen=True)
class Code:
    """A function that ran, and the lines of its file that lead to the number; none where all of them do."""

    name: str
    source: SourceLines
    leading: frozenset[int] = frozenset()


@dataclasses.dataclass(frozen=True)
class _Call:
    """A method of something that made a number, and what the number is called in its result."""

    owner: Any
    method: str
    result: str

    @property
    def function(self) -> Function:
        found: Function = getattr(type(self.owner), self.method)
        return found


def code_of(step: Step, place: Place) -> tuple[Code, ...]:
    """The functions that made a number, the one that was called first; empty where this step did not make it."""
    calls = (_call(step, place), _pull(step, place))
    return tuple(code for call in calls if call for code in _with_helpers(call.function, call.owner, call.result))


def code_of_record(step: Step, position: int) -> tuple[Code, ...]:
    """The functions that made all of a record."""
    call = _own(step, step.tape.records[position], "")
    return _with_helpers(call.function, call.owner, "")


def loops_of(step: Step, place: Place) -> tuple[Code, ...]:
    """The same calculation as obviously right loops, for layers that have them; empty for all others."""
    call = _call(step, place)
    loops = None if call is None else _LOOPS.get(type(call.owner), {}).get(call.method)
    return () if loops is None else _with_helpers(loops, None, "")


def _own(step: Step, record: Record, result: str) -> _Call:
    """The method that a record is the result of."""
    match record.phase:
        case "forward" | "backward":
            return _Call(step.layers[record.index], record.phase, result)
        case "loss" if record.name == PENALTY:
            return _Call(step.penalty, "gradient", "")
        case "loss":
            return _Call(step.loss, "value_and_gradient", result)
    # Parameter and memory are changed in place; in the code the parameter is called so, and a slot by its own name.
    array = "param" if result == "after" else result.removesuffix(" after")
    return _Call(step.optimizer, "_update_one", array)


def _call(step: Step, place: Place) -> _Call | None:
    if place.record is None:
        return None
    record, tensor = step.tape.records[place.record], place.tensor
    match record.phase:
        case "forward" if tensor == "x":
            return _output(step, record.index - 1)
        case "forward" if tensor.endswith(" after"):
            return _Call(step.layers[record.index], "absorb", "running")
        case "forward":
            return _own(step, record, tensor)
        case "backward" if tensor == "dy":
            behind = record.index + 1
            if behind == len(step.layers):
                return _Call(step.loss, "value_and_gradient", "dy")
            return _Call(step.layers[behind], "backward", "dx")
        case "backward" if tensor not in record.tensors:
            return _call(step, dataclasses.replace(place, record=step.position("forward", record.index)))
        case "backward":
            return _own(step, record, tensor)
        case "loss" if record.name == PENALTY:
            method = "value" if tensor == "value" else "gradient"
            return _Call(step.penalty, method, "") if tensor == "value" or tensor.startswith("d_") else None
        case "loss":
            return _of_loss(step, record, tensor)
    return _of_update(step, record, tensor)


def _output(step: Step, layer: int) -> _Call | None:
    return None if layer < 0 else _Call(step.layers[layer], "forward", "y")


def _of_loss(step: Step, record: Record, tensor: str) -> _Call | None:
    match tensor:
        case "prediction":
            return _output(step, len(step.layers) - 1)
        case "target":
            return None
        case "per_sample":
            return _Call(step.loss, "per_sample", "")
        case "p":
            return _Call(step.loss, "probabilities", "")
    return _own(step, record, tensor)


def _of_update(step: Step, record: Record, tensor: str) -> _Call | None:
    if tensor == "gradient" and "raw gradient" in record.tensors:
        return _Call(step.clipping, "clip", "")
    if tensor in ("gradient", "raw gradient"):
        return _Call(step.layers[record.index], "backward", f"d_{record.name.partition('.')[2]}")
    # What stood there before the step was made by an earlier one, and so was a memory that is not in use.
    unused = isinstance(step.optimizer, SGD) and not step.optimizer.momentum and tensor == "velocity after"
    return None if tensor.endswith("before") or unused else _own(step, record, tensor)


def _pull(step: Step, place: Place) -> _Call | None:
    """What the penalty adds to a gradient on its way to the optimizer."""
    position = step.penalty_position
    if place.record is None or position is None:
        return None
    record = step.tape.records[place.record]
    whole = "raw gradient" if "raw gradient" in record.tensors else "gradient"
    penalised = record.phase == "update" and f"d_{record.name}" in step.tape.records[position].tensors
    return _Call(step.penalty, "gradient", "") if penalised and place.tensor == whole else None


def _with_helpers(function: Function, owner: Any, result: str) -> tuple[Code, ...]:
    """The function, and the helpers that its leading lines call, in the order in which they are called."""
    source = source_of(function.__code__)
    leading = leading_lines(function, result, owner)
    found = {function: Code(function.__name__, source, leading)}
    for helper in _helpers(function, type(owner), leading):
        _collect(helper, type(owner), found)
    return tuple(found.values())


def _collect(function: Function, owner: type, found: dict[Function, Code]) -> None:
    if function in found:
        return
    found[function] = Code(function.__name__, source_of(function.__code__))
    for helper in _helpers(function, owner, frozenset()):
        _collect(helper, owner, found)


def _helpers(function: Function, owner: type, leading: frozenset[int]) -> list[Function]:
    """What a function calls of its own class and of the core, in the given lines or anywhere."""
    found: dict[Function, None] = {}
    for name in names_in(function, leading):
        helper = function.__globals__.get(name)
        if not inspect.isfunction(helper):
            helper = getattr(owner, name, None)
            helper = helper.fget if isinstance(helper, property) else helper
        if inspect.isfunction(helper) and not name.startswith(_LEFT_OUT) and _computes(helper):
            found[helper] = None
    return list(found)


def _computes(helper: Function) -> bool:
    return helper.__module__.startswith("core.") and not helper.__module__.startswith(_NO_HELPERS)
