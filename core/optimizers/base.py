"""What every optimizer has in common: how it is called, and what it remembers between updates."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from core.options import Configurable
from core.types import Array, Arrays, Shape, ShapeError, StateError, is_count, shape_text
from core.words import said


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

    never_negative: ClassVar[frozenset[str]] = frozenset()
    """The names of slots that hold sums or means of squares."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.steps = 0
        self.memory = {slot: {} for slot in self.slots}
        self._scratch: Arrays = {}
        self._decayed: Arrays = {}

    def update(self, params: Arrays, grads: Arrays) -> None:
        """Change every parameter in place, by the gradient of the same name and shape.

        Errors: at the first update, and nothing has changed, ShapeError when a gradient is missing or has another shape
        than its parameter, and StateError when a restored memory does not fit a parameter
        """
        for name, param in params.items():
            if name not in self._scratch:
                self._prepare(name, param, grads.get(name))
        self.steps += 1
        for name, param in params.items():
            self._update_one(name, param, grads[name], self._scratch[name])

    def _prepare(self, name: str, param: Array, grad: Array | None) -> None:
        if grad is None or grad.shape != param.shape:
            given = "none" if grad is None else f"one of shape {_sizes(grad.shape)}"
            raise ShapeError(f"{self.title} needs a gradient of shape {_sizes(param.shape)} for {name}, not {given}.")
        for slot in self.slots:
            kept = self.memory[slot].setdefault(name, np.zeros_like(param))
            if (kept.shape, kept.dtype) != (param.shape, param.dtype):
                raise StateError(
                    f"The restored memory of {self.title}, {slot} of {name}, is {_text(kept)}, and the parameter is "
                    f"{_text(param)}: they do not belong together."
                )
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
        if not isinstance(state, Mapping):
            raise StateError(f"The saved state of an optimizer is its kind, steps and memory, not {said(state)}.")
        kind, steps, memory = state.get("kind"), state.get("steps"), state.get("memory")
        if not isinstance(kind, str) or kind != self.kind:
            raise StateError(f"The saved optimizer memory belongs to {said(kind)}, this optimizer is {self.title}.")
        if not is_count(steps):
            raise StateError(f"The saved memory of {self.title} has {said(steps)} as its number of updates.")
        if not isinstance(memory, Mapping) or set(memory) != set(self.slots):
            raise StateError(f"The saved memory of {self.title} does not hold {', '.join(self.slots) or 'nothing'}.")
        for slot, arrays in memory.items():
            if not isinstance(arrays, Mapping):
                raise StateError(f"The saved memory of {self.title} holds no arrays by name in {slot}.")
            for name, array in arrays.items():
                if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, np.floating):
                    raise StateError(f"The saved memory of {self.title} has no array of numbers in {slot} of {name}.")
                if not np.isfinite(array).all():
                    raise StateError(
                        f"The saved memory of {self.title} has values in {slot} of {name} that are not finite."
                    )
                if slot in self.never_negative and (array < 0).any():
                    raise StateError(
                        f"The saved memory of {self.title} has values below 0 in {slot} of {name}, which holds squares."
                    )
        if len(set(map(frozenset, memory.values()))) > 1:
            raise StateError(
                f"The saved memory of {self.title} does not hold {' and '.join(self.slots)} of the same parameters."
            )


def _text(array: Array) -> str:
    """ "3×4 of float32"."""
    return f"{_sizes(array.shape)} of {array.dtype}"


def _sizes(shape: Shape) -> str:
    return shape_text(shape) or "()"
