"""Optimizers: how gradients become changes of the parameters.

Parameters come as arrays by name and are changed in place; one flat array that holds everything is the fast case. What
an optimizer remembers lies in `memory`, by slot and by parameter name, and can be read, saved and restored.
"""

from core.optimizers.adam import Adam, AdamW
from core.optimizers.adaptive import Adagrad, RMSProp
from core.optimizers.base import Optimizer
from core.optimizers.sgd import SGD
from core.options import from_spec
from core.types import Spec

__all__ = ["OPTIMIZERS", "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSProp", "optimizer_from_spec"]

OPTIMIZERS: dict[str, type[Optimizer]] = {
    optimizer.kind: optimizer for optimizer in (SGD, Adagrad, RMSProp, Adam, AdamW)
}
"""In the order in which a person meets them in the window."""


def optimizer_from_spec(spec: Spec) -> Optimizer:
    """Rebuild an optimizer, without memory, from its `spec()`."""
    return from_spec(OPTIMIZERS, spec, "optimizer")
