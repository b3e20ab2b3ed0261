"""Losses for questions with the answers yes and no, one question an output."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.layers.activations import sigmoid, sigmoid_from
from core.layers.constants import ZERO
from core.losses.base import Loss, mean_of_others, total
from core.types import Array, DataError
from core.words import chosen


class BinaryLoss(Loss):
    """A loss whose targets are truths between 0 (no) and 1 (yes)."""

    def check_values(self, target: Array) -> None:
        super().check_values(target)
        if target.size and (target.min() < 0 or target.max() > 1):
            raise DataError(
                f"{self.title} asks for targets between 0 and 1, but they go from {chosen(float(target.min()))} to "
                f"{chosen(float(target.max()))}: choose mean squared error."
            )


@dataclasses.dataclass(frozen=True)
class BinaryCrossEntropy(BinaryLoss):
    """Binary cross-entropy on probabilities: −log of the probability that was given to the truth.

    Shapes:   prediction p (probabilities) and target t (0 … 1) (N, outputs)
    Formula:  L = −mean(t · log p + (1 − t) · log(1 − p)), with log limited to at least −100
    Gradient: dy = ∂L/∂p = (p − t) / max(p (1 − p), 1e-12) / (N · outputs)
    Source:   `torch.nn.BCELoss`
    """

    kind: ClassVar[str] = "binary_cross_entropy"
    title: ClassVar[str] = "Binary cross-entropy"
    takes: ClassVar[str] = "probabilities"

    def per_sample(self, prediction: Array, target: Array) -> Array:
        self.check(prediction, target)
        return mean_of_others(self._elementwise(prediction, target))

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        self.check(prediction, target)
        value = total(self._elementwise(prediction, target)) / prediction.size
        slope = np.maximum(prediction * (1 - prediction), 1e-12)
        return value, (prediction - target) / slope / prediction.size

    def _elementwise(self, p: Array, target: Array) -> Array:
        return (target - 1) * limited_log(1 - p) - target * limited_log(p)


@dataclasses.dataclass(frozen=True)
class BCEWithLogits(BinaryLoss):
    """Binary cross-entropy on logits: −log of the probability given to the truth, through a sigmoid of its own.

    Shapes:   prediction x (logits) and target t (0 … 1) (N, outputs)
    Formula:  L = mean(max(x, 0) − x·t + log(1 + exp(−|x|)))
    Gradient: dy = ∂L/∂x = (σ(x) − t) / (N · outputs)
    Source:   `torch.nn.BCEWithLogitsLoss`
    """

    kind: ClassVar[str] = "bce_with_logits"
    title: ClassVar[str] = "BCE with logits"
    takes: ClassVar[str] = "logits"
    class_threshold: ClassVar[float] = 0.0

    def per_sample(self, prediction: Array, target: Array) -> Array:
        self.check(prediction, target)
        return mean_of_others(self._elementwise(prediction, target, np.exp(-np.abs(prediction))))

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        self.check(prediction, target)
        e = np.exp(-np.abs(prediction))
        value = total(self._elementwise(prediction, target, e)) / prediction.size
        gradient = sigmoid_from(prediction, e)
        gradient -= target
        gradient /= prediction.size
        return value, gradient

    def _elementwise(self, logits: Array, target: Array, e: Array) -> Array:
        # e = exp(−|x|) cannot overflow, unlike the exp in −log σ(x) written out.
        return np.maximum(logits, ZERO) - logits * target + np.log1p(e)

    def probabilities(self, prediction: Array) -> Array:
        return sigmoid(prediction)


def limited_log(p: Array) -> Array:
    """log p, but never below −100, so that one probability of 0 does not make the whole loss infinite."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), -100)
