"""Gradient clipping: keeps one bad batch from throwing the weights far away.

It acts on the gradients of all parameters together, between the backward pass and the optimizer.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from core.options import Configurable, from_spec, option
from core.types import Array, Spec


class Clipping(Configurable):
    """Changes gradients in place; subclasses are frozen dataclasses of options."""

    def clip(self, grads: Array, norm: float) -> None:
        """Limit the gradients of all parameters, one flat array whose Euclidean norm is `norm`."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class NoClipping(Clipping):
    """Gradients reach the optimizer as they are.

    Formula:  g ← g
    """

    kind: ClassVar[str] = "none"
    title: ClassVar[str] = "No clipping"

    def clip(self, grads: Array, norm: float) -> None:
        pass


@dataclasses.dataclass(frozen=True)
class ClipNorm(Clipping):
    """Shortens the gradient of all parameters together to max_norm where it is longer; its direction stays.

    Formula:  g ← g · min(1, max_norm / (‖g‖ + 1e-6)), with ‖g‖ = √Σ g² over all parameters
    Source:   Pascanu, Mikolov and Bengio 2013; `torch.nn.utils.clip_grad_norm_`
    """

    kind: ClassVar[str] = "norm"
    title: ClassVar[str] = "By norm"

    max_norm: float = option(1.0, above=0, maximum=1e12, help="The longest gradient the optimizer gets to see.")

    def clip(self, grads: Array, norm: float) -> None:
        scale = self.max_norm / (norm + 1e-6)
        if scale < 1:
            grads *= scale


@dataclasses.dataclass(frozen=True)
class ClipValue(Clipping):
    """Limits every entry of the gradient by itself; the direction may change.

    Formula:  g ← min(max(g, −limit), limit)
    Source:   `torch.nn.utils.clip_grad_value_`
    """

    kind: ClassVar[str] = "value"
    title: ClassVar[str] = "By value"

    limit: float = option(1.0, above=0, maximum=1e12, help="The largest size of a single entry.")

    def clip(self, grads: Array, norm: float) -> None:
        np.maximum(grads, -self.limit, out=grads)
        np.minimum(grads, self.limit, out=grads)


CLIPPINGS: dict[str, type[Clipping]] = {clipping.kind: clipping for clipping in (NoClipping, ClipNorm, ClipValue)}
"""In the order in which a person meets them in the window."""


def clipping_from_spec(spec: Spec) -> Clipping:
    """Rebuild a clipping from its `spec()`."""
    return from_spec(CLIPPINGS, spec, "clipping")
