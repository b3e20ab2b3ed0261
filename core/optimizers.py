"""Optimizers: how gradients become changes of the parameters.

Parameters come as arrays by name and are changed in place; one flat array that holds everything is the fast case. What
an optimizer remembers lies in `memory`, by slot and by parameter name, and can be read, saved and restored.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from core.options import Configurable, from_spec, option
from core.types import Array, Arrays, Spec, StateError

# An eps below float32's smallest number would be 0 there, and 0/0 for a parameter that never had a gradient.
_SMALLEST_EPS = 1e-30

# A step size below this moves nothing, and its reciprocal would be infinite in float32.
_SMALLEST_SIZE = 1e-30


class Optimizer(Configurable):
    """Subclasses are dataclasses (`eq=False`); options may be changed at any moment without losing the memory.

    An update works in place on whole arrays and allocates nothing after the first; gradients are only read.
    """

    learning_rate: float
    steps: int
    """How many updates have been made."""

    memory: dict[str, Arrays]
    """What is remembered between updates: slot (for example "velocity") → parameter name → array."""

    slots: ClassVar[tuple[str, ...]] = ()
    """The names of the slots, so that they can be shown before the first update."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.steps = 0
        self.memory = {slot: {} for slot in self.slots}
        self._scratch: Arrays = {}
        self._decayed: Arrays = {}

    def update(self, params: Arrays, grads: Arrays) -> None:
        """Change every parameter in place, by the gradient of the same name and shape."""
        self.steps += 1
        for name, param in params.items():
            if name not in self._scratch:
                self._prepare(name, param)
            self._update_one(name, param, grads[name], self._scratch[name])

    def _prepare(self, name: str, param: Array) -> None:
        for slot in self.slots:
            self.memory[slot].setdefault(name, np.zeros_like(param))
        self._scratch[name] = np.empty_like(param)

    def _update_one(self, name: str, param: Array, grad: Array, scratch: Array) -> None:
        raise NotImplementedError

    def _add_decay(self, name: str, param: Array, grad: Array, weight_decay: float) -> Array:
        """g + weight_decay · θ, in an array of its own: the gradient that was shown stays as it was."""
        if name not in self._decayed:
            self._decayed[name] = np.empty_like(param)
        decayed = np.multiply(param, weight_decay, out=self._decayed[name])
        decayed += grad
        return decayed

    def set_options(self, values: Mapping[str, Any]) -> None:
        """Change options by name, all or none; the memory stays."""
        checked = type(self).from_options({**{o.name: getattr(self, o.name) for o in self.options()}, **values})
        for choice in self.options():
            setattr(self, choice.name, getattr(checked, choice.name))

    def state(self) -> dict[str, Any]:
        """A copy of the memory and the counter."""
        memory = {slot: {name: array.copy() for name, array in arrays.items()} for slot, arrays in self.memory.items()}
        return {"kind": self.kind, "steps": self.steps, "memory": memory}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state()` gave.

        Errors: StateError, and nothing has changed, when it belongs to another kind of optimizer or is damaged
        """
        self.check_state(state)
        self.steps = state["steps"]
        self.memory = {
            slot: {name: array.copy() for name, array in arrays.items()} for slot, arrays in state["memory"].items()
        }
        self._scratch, self._decayed = {}, {}

    def check_state(self, state: Mapping[str, Any]) -> None:
        """Raise `StateError` unless `restore` can take this state over."""
        if state.get("kind") != self.kind:
            raise StateError(
                f"The saved optimizer memory belongs to {state.get('kind')!r}, this optimizer is {self.title}."
            )
        steps, memory = state.get("steps"), state.get("memory")
        if not isinstance(steps, int) or steps < 0:
            raise StateError(f"The saved memory of {self.title} has {steps!r} as its number of updates.")
        if not isinstance(memory, Mapping) or set(memory) != set(self.slots):
            raise StateError(f"The saved memory of {self.title} does not hold {', '.join(self.slots) or 'nothing'}.")
        for slot, arrays in memory.items():
            for name, array in arrays.items():
                if not np.isfinite(array).all():
                    raise StateError(
                        f"The saved memory of {self.title} has values in {slot} of {name} that are not finite."
                    )


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
        1e-10, minimum=_SMALLEST_EPS, maximum=1, advanced=True, label="ε", help="Keeps the denominator above 0."
    )

    slots: ClassVar[tuple[str, ...]] = ("s",)

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
        1e-8, minimum=_SMALLEST_EPS, maximum=1, advanced=True, label="ε", help="Keeps the denominator above 0."
    )

    slots: ClassVar[tuple[str, ...]] = ("v",)

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


@dataclasses.dataclass(eq=False)
class Adam(Optimizer):
    """Adam: momentum, with each parameter's step scaled by how large its gradients have been.

    Formula:  g ← g + weight_decay · θ;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;
              θ ← θ − learning_rate · (m/(1−β₁ᵗ)) / (√v/√(1−β₂ᵗ) + eps)
    Source:   Kingma and Ba 2015; `torch.optim.Adam`
    """

    kind: ClassVar[str] = "adam"
    title: ClassVar[str] = "Adam"

    learning_rate: float = option(1e-3, minimum=0, maximum=1e6, help="About how far one step changes a parameter.")
    beta1: float = option(0.9, minimum=0, below=1, advanced=True, label="β₁", help="How slowly the mean forgets.")
    beta2: float = option(
        0.999, minimum=0, below=1, advanced=True, label="β₂", help="How slowly the mean of squares forgets."
    )
    eps: float = option(
        1e-8, minimum=_SMALLEST_EPS, maximum=1, advanced=True, label="ε", help="Keeps the denominator above 0."
    )
    weight_decay: float = option(0.0, minimum=0, maximum=1e3, help="Added to the gradient as weight_decay · parameter.")

    slots: ClassVar[tuple[str, ...]] = ("m", "v")

    def _update_one(self, name: str, param: Array, grad: Array, scratch: Array) -> None:
        if self.weight_decay:
            grad = self._decay(name, param, grad)
        m, v = self.memory["m"][name], self.memory["v"][name]
        # m ← β₁ m + (1 − β₁) g, written m + (1 − β₁)(g − m) if it forgets slowly and g − β₁(g − m) if quickly: the
        # other way round, rounding would lose a gradient that is much smaller than those before it.
        np.subtract(grad, m, out=scratch)
        if self.beta1 > 0.5:
            scratch *= 1 - self.beta1
            m += scratch
        else:
            scratch *= self.beta1
            np.subtract(grad, scratch, out=m)
        # v ← β₂ v + (1 − β₂) g², written v + (1 − β₂)(g² − v) if it forgets slowly, which is a little faster
        np.multiply(grad, grad, out=scratch)
        if self.beta2 > 0.5:
            scratch -= v
            scratch *= 1 - self.beta2
        else:
            scratch *= 1 - self.beta2
            v *= self.beta2
        v += scratch
        # θ ← θ − size · m / (√v/√(1 − β₂ᵗ) + eps) with size = learning_rate/(1 − β₁ᵗ), which is divided into the
        # denominator's two numbers to save a pass over memory. eps joins after the bias correction, as in the paper.
        size = self.learning_rate / (1 - self.beta1**self.steps)
        if abs(size) > _SMALLEST_SIZE:
            np.sqrt(v, out=scratch)
            scratch *= 1 / (math.sqrt(1 - self.beta2**self.steps) * size)
            scratch += self.eps / size
            np.divide(m, scratch, out=scratch)
            param -= scratch

    def _decay(self, name: str, param: Array, grad: Array) -> Array:
        return self._add_decay(name, param, grad, self.weight_decay)


@dataclasses.dataclass(eq=False)
class AdamW(Adam):
    """AdamW: Adam whose weight decay shrinks the parameter itself and stays out of the moments.

    Formula:  θ ← θ (1 − learning_rate · weight_decay);  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;
              θ ← θ − learning_rate · (m/(1−β₁ᵗ)) / (√v/√(1−β₂ᵗ) + eps)
    Source:   Loshchilov and Hutter 2019; `torch.optim.AdamW`
    """

    kind: ClassVar[str] = "adamw"
    title: ClassVar[str] = "AdamW"

    weight_decay: float = option(
        0.01, minimum=0, maximum=1e3, help="Share of each parameter that a step of learning rate 1 takes off."
    )

    def _decay(self, name: str, param: Array, grad: Array) -> Array:
        # θ ← θ (1 − learning_rate · weight_decay); the gradient goes into the moments without it.
        param *= 1 - self.learning_rate * self.weight_decay
        return grad


OPTIMIZERS: dict[str, type[Optimizer]] = {
    optimizer.kind: optimizer for optimizer in (SGD, Adagrad, RMSProp, Adam, AdamW)
}
"""In the order in which a person meets them in the window."""


def optimizer_from_spec(spec: Spec) -> Optimizer:
    """Rebuild an optimizer, without memory, from its `spec()`."""
    return from_spec(OPTIMIZERS, spec, "optimizer")
