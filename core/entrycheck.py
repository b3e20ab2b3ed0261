"""The numerical check of a single gradient on the tape: change one number a little and see how the loss answers.

It runs the very layers of the network in float64, once with the number a little larger and once a little smaller, and
compares the slope with what the hand-written backward gives in float64 and with the number that is shown, as exactly
as float32 allows. So it can be asked of any gradient that is shown, in a network of any size, while the question is
being looked at.
"""

import dataclasses
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from core.gradcheck import Check, Verdict, layer_side, loss_side
from core.network import Network
from core.tape import Record, Tape
from core.types import Array, Arrays

_STEPS = (1e-5, 1e-6, 1e-7)
"""The first is the most exact. In a large network a kink often lies within it, so smaller ones are tried after it."""

_TOLERANCE = 1e-4  # of a whole network in float64

_SHOWN_TOLERANCE = 1e-3  # of the number itself in float32, after sums in which much may have cancelled
_SHOWN_SHARE = 1e-5  # of the largest number of its tensor: what is left where almost everything cancelled


@dataclasses.dataclass(frozen=True)
class EntryCheck:
    """The slope of the loss beside the gradient that is shown and the one that backward gives in float64."""

    check: Check  # float64's gradient against the slope
    shown: float
    allowance: float  # how far float32 may lie from float64 here
    crossed: bool  # whether float32 rounded some value to the other side of a kink, where the gradient is another

    @property
    def slope(self) -> float:
        """The numerical slope; NaN where there is none."""
        return float(self.check.numeric[0])

    @property
    def gradient(self) -> float:
        """What backward gives in float64."""
        return float(self.check.analytic[0])

    @property
    def difference(self) -> float:
        """Of the shown number and the slope, relative to the larger; rounding of the slope does not count."""
        difference = max(0.0, abs(self.shown - self.slope) - self.check.noise)
        return difference / max(abs(self.shown), abs(self.slope), 1e-8)

    @property
    def agrees(self) -> bool:
        """Whether the shown number is the one of float64, as exactly as float32 allows."""
        return math.isfinite(self.shown) and abs(self.shown - self.gradient) <= self.allowance

    @property
    def agrees_closely(self) -> bool:
        """Whether it also agrees in proportion to itself; a sum in which almost everything cancelled need not."""
        return self.difference <= _SHOWN_TOLERANCE

    @property
    def verdict(self) -> Verdict:
        """Pass only if the shown number agrees as well; fail if it does not, or if backward is wrong."""
        if self.check.verdict == "fail":
            return "fail"
        if not self.agrees:
            return "inconclusive" if self.crossed else "fail"
        return self.check.verdict


@dataclasses.dataclass
class _Captured:
    """The gradients of one batch, as the network's observer sees them."""

    by_output: dict[int, Array]  # layer → gradient by its output; the prediction is the output of the last layer
    parameters: Arrays
    inputs: list[Array] = dataclasses.field(default_factory=list)  # of every layer

    def forward(self, index: int, x: Array, y: Array, cache: Arrays) -> None:
        self.inputs.append(x)

    def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None:
        pass

    def backward(self, index: int, dy: Array, dx: Array | None, grads: Arrays, cache: Arrays) -> None:
        self.by_output[index] = dy
        if dx is not None:
            self.by_output[index - 1] = dx
        self.parameters |= {f"{index}.{name}": gradient.copy() for name, gradient in grads.items()}


def check_entry(
    network: Network, tape: Tape, rng_state: Mapping[str, Any], record: Record, tensor: str, index: tuple[int, ...]
) -> EntryCheck:
    """Check one entry of a gradient that a backward record or the loss record shows.

    `network` is like the one on the tape but built with float64 (its parameters are overwritten); `rng_state` is the
    trainer's random state before the step, so that Dropout drops the same values. `tensor` is "dy", "dx" or "d_weight".
    """
    network.load_state_dict({**tape.params_before, **tape.buffers_before})
    probe = _Probe(network, tape.x.astype(np.float64), _as_float64(tape.target), rng_state)
    captured = _Captured({}, {})
    network.loss_and_gradients(probe.x, probe.target, probe.rng(), captured)
    network.load_state_dict({**tape.params_before, **tape.buffers_before})
    if tensor.startswith("d_"):
        name = f"{record.index}.{tensor.removeprefix('d_')}"
        param = network.parameters()[name]
        slope_within = partial(probe.slope_by_parameter, param, index)
        analytic = captured.parameters[name][index]
    else:
        layer = record.index - 1 if tensor == "dx" or record.phase == "loss" else record.index
        slope_within = partial(probe.slope_by_output, layer, index)
        analytic = captured.by_output[layer][index]
    slope, crossed, step = np.nan, True, 0.0
    for step in _STEPS:
        slope, crossed = slope_within(step)
        if not crossed:
            break
    numeric = np.array([np.nan if crossed else slope])
    noise = _noise(tape.loss, step)
    check = Check(f"{tensor}{list(index)}", np.array([analytic]), numeric, _TOLERANCE, noise=noise)
    shown, allowance = float(record.tensors[tensor][index]), _allowance(tape, record, tensor, float(analytic))
    found = EntryCheck(check, shown, allowance, crossed=False)
    if found.agrees:
        return found
    return dataclasses.replace(found, crossed=_crossed(network, tape, captured.inputs))


def _allowance(tape: Tape, record: Record, tensor: str, gradient: float) -> float:
    """How far a gradient computed in float32 may lie from the exact one."""
    allowance = _SHOWN_TOLERANCE * abs(gradient) + _SHOWN_SHARE * _largest(record.tensors[tensor])
    if tensor.startswith("d_"):
        # A sum over the batch may cancel to nothing; what its terms were rounded by is left.
        x = tape.records[tape.position("forward", record.index)].tensors["x"]
        terms = float(np.abs(record.tensors["dy"]).sum()) * max(1.0, _largest(x))
        allowance += float(np.finfo(np.float32).eps) * terms
    return allowance


def _largest(array: Array) -> float:
    return float(np.abs(array).max(initial=0.0))


def _crossed(network: Network, tape: Tape, inputs: list[Array]) -> bool:
    """Whether a value lies on another side of a kink in float64 than it does on the tape."""
    recorded = (record.tensors["x"] for record in tape.records if record.phase == "forward")
    layers = zip(network.layers, recorded, inputs, strict=True)
    return any(layer_side(layer, ours) != layer_side(layer, exact) for layer, ours, exact in layers)


class _Probe:
    """Runs the network with one number changed."""

    def __init__(self, network: Network, x: Array, target: Array, rng_state: Mapping[str, Any]) -> None:
        self.network, self.x, self.target = network, x, target
        self._rng_state = rng_state

    def rng(self) -> np.random.Generator:
        rng = np.random.default_rng()
        rng.bit_generator.state = dict(self._rng_state)
        return rng

    def slope_by_parameter(self, param: Array, index: tuple[int, ...], step: float) -> tuple[float, bool]:
        """The central difference of the loss, and whether a kink lies between its two points."""
        old = float(param[index])
        h = step * max(1.0, abs(old))
        results = []
        for value in (old + h, old - h):
            param[index] = value
            results.append(self._loss(-1, None))
        param[index] = old
        return _slope(results, h)

    def slope_by_output(self, layer: int, index: tuple[int, ...], step: float) -> tuple[float, bool]:
        """The same for one entry of a layer's output; −1 is the input."""
        return _slope([self._loss(layer, (index, change)) for change in (step, -step)], step)

    def _loss(self, changed: int, change: tuple[tuple[int, ...], float] | None) -> tuple[float, list[bytes]]:
        rng, x, sides = self.rng(), self.x, []
        if changed == -1 and change:
            x = _moved(x, *change)
        for position, layer in enumerate(self.network.layers):
            sides.append(layer_side(layer, x))
            x, _ = layer.forward(x, True, rng)
            if position == changed and change:
                x = _moved(x, *change)
        sides.append(loss_side(self.network.loss, x, self.target))
        return self.network.loss.value_and_gradient(x, self.target)[0], sides


def _moved(x: Array, index: tuple[int, ...], step: float) -> Array:
    moved = x.copy(order="K")
    moved[index] += step
    return moved


def _slope(results: list[tuple[float, list[bytes]]], h: float) -> tuple[float, bool]:
    (above, sides_above), (below, sides_below) = results
    return (above - below) / (2 * h), sides_above != sides_below


def _as_float64(target: Array) -> Array:
    return target.astype(np.float64) if np.issubdtype(target.dtype, np.floating) else target


def _noise(loss: float, step: float) -> float:
    """How far rounding alone may move the central difference of a loss of that size."""
    return float(8 * np.finfo(np.float64).eps * max(1.0, abs(loss)) / step)
