"""Penalties on large weights: a second part of the objective, next to the loss on the data.

Only weights that multiply inputs are penalised: not biases, and not the scales of normalisation layers.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from core.options import Configurable, from_spec, option
from core.types import Array, Arrays, Spec


class Penalty(Configurable):
    """A function of the weights that training makes small too; subclasses are frozen dataclasses of options."""

    def value(self, weight: Array) -> float:
        """What one array of weights adds to the objective."""
        raise NotImplementedError

    def gradient(self, weight: Array, out: Array) -> Array:
        """The gradient of `value` by the weights, written into `out` (same shape)."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class NoPenalty(Penalty):
    """The objective is the loss on the data alone.

    Formula:  P = 0
    """

    kind: ClassVar[str] = "none"
    title: ClassVar[str] = "No penalty"

    def value(self, weight: Array) -> float:
        return 0.0

    def gradient(self, weight: Array, out: Array) -> Array:
        out.fill(0)
        return out


@dataclasses.dataclass(frozen=True)
class L1Penalty(Penalty):
    """L1 penalty: pulls every weight towards 0 with the same force, so that weights which matter little become 0.

    Formula:  P = strength · Σ |w|, over all weights, not biases
    Gradient: dw = strength · sign(w), 0 at w = 0; added to the gradient of the loss
    Source:   Tibshirani 1996
    """

    kind: ClassVar[str] = "l1"
    title: ClassVar[str] = "L1 penalty"

    strength: float = option(1e-4, minimum=0, maximum=1e3, help="How much the penalty counts against the loss.")

    def value(self, weight: Array) -> float:
        return self.strength * float(np.abs(weight).sum())

    def gradient(self, weight: Array, out: Array) -> Array:
        np.sign(weight, out=out)
        out *= self.strength
        return out


@dataclasses.dataclass(frozen=True)
class L2Penalty(Penalty):
    """L2 penalty: pulls every weight towards 0, the harder the larger it is; with SGD the same as weight decay.

    Formula:  P = ½ · strength · Σ w², over all weights, not biases
    Gradient: dw = strength · w; added to the gradient of the loss
    Source:   Goodfellow, Bengio and Courville 2016, section 7.1.1
    """

    kind: ClassVar[str] = "l2"
    title: ClassVar[str] = "L2 penalty"

    strength: float = option(1e-4, minimum=0, maximum=1e3, help="How much the penalty counts against the loss.")

    def value(self, weight: Array) -> float:
        return self.strength / 2 * float(np.square(weight).sum())

    def gradient(self, weight: Array, out: Array) -> Array:
        return np.multiply(weight, self.strength, out=out)


def penalised(params: Arrays) -> Arrays:
    """The parameters a penalty acts on, by name: the weights (out, in) of Dense and (out, in, kh, kw) of Conv2D."""
    return {name: param for name, param in params.items() if _multiplies_inputs(name, params)}


def _multiplies_inputs(name: str, params: Arrays) -> bool:
    """Whether a parameter has an axis for inputs beside those of the outputs, of which every one has one bias.

    The weight of a normalisation layer has one number an output, like its bias.
    """
    layer, _, own = name.rpartition(".")
    bias = params.get(f"{layer}.bias")
    return own == "weight" and params[name].ndim > (1 if bias is None else bias.ndim)


PENALTIES: dict[str, type[Penalty]] = {penalty.kind: penalty for penalty in (NoPenalty, L1Penalty, L2Penalty)}
"""In the order in which a person meets them in the window."""


def penalty_from_spec(spec: Spec) -> Penalty:
    """Rebuild a penalty from its `spec()`."""
    return from_spec(PENALTIES, spec, "penalty")
