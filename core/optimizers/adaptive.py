"""Optimizers that divide each parameter's step by the size of its gradients: Adagrad and RMSProp."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.optimizers.base import Optimizer
from core.options import option
from core.types import SMALLEST_EPS, Array


@dataclasses.dataclass(eq=False)
class Adagrad(Optimizer):
    """Adagrad: each parameter's step shrinks with the sum of all its squared gradients so far.

    Formula:  s ← s + g²;  θ ← θ − learning_rate · g / (√s + eps)
    Source:   Duchi, Hazan and Singer 2011; `torch.optim.Adagrad`
    """

    kind: ClassVar[str] = "adagrad"
    title: ClassVar[str] = "Adagrad"

    learning_rate: float = option(0.01, minimum=0, maximum=1e6, help="How far the first step changes a parameter.")
    eps: float = option(
        1e-10, minimum=SMALLEST_EPS, maximum=1, advanced=True, label="ε", help="Keeps the denominator above 0."
    )

    slots: ClassVar[tuple[str, ...]] = ("s",)
    never_negative: ClassVar[frozenset[str]] = frozenset({"s"})

    def _update_one(self, name: str, param: Array, grad: Array, scratch: Array) -> None:
        # s ← s + g²
        s = self.memory["s"][name]
        np.multiply(grad, grad, out=scratch)
        s += scratch
        # θ ← θ − learning_rate · g / (√s + eps)
        np.sqrt(s, out=scratch)
        scratch += self.eps
        np.divide(grad, scratch, out=scratch)
        scratch *= self.learning_rate
        param -= scratch


@dataclasses.dataclass(eq=False)
class RMSProp(Optimizer):
    """RMSProp: each parameter's step is divided by the recent size of its gradients.

    Formula:  v ← alpha · v + (1 − alpha) g²;  θ ← θ − learning_rate · g / (√v + eps)
    Source:   Tieleman and Hinton 2012; `torch.optim.RMSprop`
    """

    kind: ClassVar[str] = "rmsprop"
    title: ClassVar[str] = "RMSProp"

    learning_rate: float = option(0.01, minimum=0, maximum=1e6, help="About how far one step changes a parameter.")
    alpha: float = option(
        0.99, minimum=0, below=1, advanced=True, label="α", help="How slowly the mean of squares forgets."
    )
    eps: float = option(
        1e-8, minimum=SMALLEST_EPS, maximum=1, advanced=True, label="ε", help="Keeps the denominator above 0."
    )

    slots: ClassVar[tuple[str, ...]] = ("v",)
    never_negative: ClassVar[frozenset[str]] = frozenset({"v"})

    def _update_one(self, name: str, param: Array, grad: Array, scratch: Array) -> None:
        # v ← alpha · v + (1 − alpha) g²
        v = self.memory["v"][name]
        v *= self.alpha
        np.multiply(grad, grad, out=scratch)
        scratch *= 1 - self.alpha
        v += scratch
        # θ ← θ − learning_rate · g / (√v + eps), eps outside the root
        np.sqrt(v, out=scratch)
        scratch += self.eps
        np.divide(grad, scratch, out=scratch)
        scratch *= self.learning_rate
        param -= scratch
