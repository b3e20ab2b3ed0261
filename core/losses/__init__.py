"""Losses: one number that says how wrong a batch of predictions is, and its gradient, where backpropagation begins.

A loss says what it takes: logits (any number), probabilities (after Sigmoid or Softmax) or plain values. It also knows
how its predictions are read, as probabilities and as a class, so that nobody else has to.
"""

from core.losses.base import Loss
from core.losses.binary import BCEWithLogits, BinaryCrossEntropy
from core.losses.classes import CrossEntropy, Hinge, NegativeLogLikelihood, log_softmax
from core.losses.values import MAE, MSE, Huber
from core.options import from_spec
from core.types import Spec

__all__ = [
    "LOSSES",
    "MAE",
    "MSE",
    "BCEWithLogits",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Hinge",
    "Huber",
    "Loss",
    "NegativeLogLikelihood",
    "log_softmax",
    "loss_from_spec",
]

LOSSES: dict[str, type[Loss]] = {
    loss.kind: loss
    for loss in (CrossEntropy, NegativeLogLikelihood, Hinge, BCEWithLogits, BinaryCrossEntropy, MSE, MAE, Huber)
}
"""In the order in which a person meets them in the window."""


def loss_from_spec(spec: Spec) -> Loss:
    """Rebuild a loss from its `spec()`."""
    return from_spec(LOSSES, spec, "loss")
