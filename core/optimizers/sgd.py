"""Gradient descent as it is: one learning rate for all parameters, with a velocity if wanted."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.optimizers.base import Optimizer
from core.options import option
from core.types import Array


@dataclasses.dataclass(eq=False)
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov's look ahead and weight decay if wanted.

    Formula:  g ← g + weight_decay · θ;  v ← momentum · v + g (v = g at the first step);
              θ ← θ − learning_rate · v, with Nesterov θ ← θ − learning_rate · (g + momentum · v)
    Source:   `torch.optim.SGD`; Sutskever et al. 2013
    """

    kind: ClassVar[str] = "sgd"
    title: ClassVar[str] = "SGD"

    learning_rate: float = option(0.1, minimum=0, maximum=1e6, help="How far one step goes along the gradient.")
    momentum: float = option(0.0, minimum=0, below=1, help="Share of the last step's velocity that is kept.")
    nesterov: bool = option(False, help="Look ahead along the new velocity; makes no difference without momentum.")
    weight_decay: float = option(0.0, minimum=0, maximum=1e3, help="Pulls every parameter, biases too, towards 0.")

    slots: ClassVar[tuple[str, ...]] = ("velocity",)

    def _update_one(self, name: str, param: Array, grad: Array, scratch: Array) -> None:
        if self.weight_decay:
            grad = self._add_decay(name, param, grad, self.weight_decay)
        step = grad
        if self.momentum:
            # v ← momentum · v + g; the learning rate stays outside, so that a change of it acts at once.
            velocity = self.memory["velocity"][name]
            velocity *= self.momentum
            velocity += grad
            step = velocity
            if self.nesterov:
                step = np.multiply(velocity, self.momentum, out=scratch)
                step += grad
        np.multiply(step, self.learning_rate, out=scratch)
        param -= scratch
