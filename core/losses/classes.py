"""Losses that tell classes apart: one output a class, and the number of the true class as the target."""

import dataclasses
from typing import ClassVar

import numpy as np

from core.layers.activations import softmax
from core.losses.base import Loss, total
from core.losses.binary import limited_log
from core.options import option
from core.types import Array, ShapeError, shape_text


class ClassLoss(Loss):
    """A loss whose targets are class numbers."""

    class_targets: ClassVar[bool] = True

    def check(self, prediction: Array, target: Array) -> None:
        try:
            rows, classes = prediction.shape
            # argmin and argmax take a third of the time of min and max.
            if (
                target.shape == (rows,)
                and target.dtype.kind in "iu"
                and target.item(target.argmin()) >= 0
                and target.item(target.argmax()) < classes
            ):
                return
        except (AttributeError, ValueError):
            pass  # no arrays, not two axes, or no labels at all
        self._check_arrays(prediction, target)
        if prediction.ndim != 2:
            raise ShapeError(
                f"{self.title} takes predictions of shape samples × classes, not {shape_text(prediction.shape)}."
            )
        self._check_labels(target, prediction.shape[1])


@dataclasses.dataclass(frozen=True)
class CrossEntropy(ClassLoss):
    """Cross-entropy on logits: −log of the probability that softmax gives to the true class.

    Shapes:   prediction x (logits) (N, classes), target t (N,) class numbers
    Formula:  L = −mean over n of Σ_c q[n, c] · log softmax(x[n])[c],
              with q = (1 − label_smoothing) · onehot(t) + label_smoothing / classes
    Gradient: dy = ∂L/∂x = (softmax(x) − q) / N
    Source:   `torch.nn.CrossEntropyLoss`; label smoothing: Szegedy et al. 2016
    """

    kind: ClassVar[str] = "cross_entropy"
    title: ClassVar[str] = "Cross-entropy"
    takes: ClassVar[str] = "logits"

    label_smoothing: float = option(
        0.0, minimum=0, below=1, help="Share of the target that is spread evenly over all classes."
    )

    def per_sample(self, prediction: Array, target: Array) -> Array:
        self.check(prediction, target)
        log_p = log_softmax(prediction)
        losses = -log_p[np.arange(len(target)), target]
        if self.label_smoothing:
            losses = (1 - self.label_smoothing) * losses - self.label_smoothing * log_p.mean(axis=1)
        return losses

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        self.check(prediction, target)
        size, rows = len(target), np.arange(len(target))
        log_p = log_softmax(prediction)
        value = -total(log_p[rows, target]) / size
        gradient = np.exp(log_p)
        if self.label_smoothing:
            value = (1 - self.label_smoothing) * value - self.label_smoothing * total(log_p) / log_p.size
            gradient -= self.label_smoothing / prediction.shape[1]
        gradient[rows, target] -= 1 - self.label_smoothing
        gradient /= size
        return value, gradient

    def probabilities(self, prediction: Array) -> Array:
        return softmax(prediction)


@dataclasses.dataclass(frozen=True)
class NegativeLogLikelihood(ClassLoss):
    """Negative log-likelihood on probabilities, after a Softmax layer: −log of the probability of the true class.

    Shapes:   prediction p (probabilities) (N, classes), target t (N,) class numbers
    Formula:  L = −mean over n of log p[n, t[n]], with log limited to at least −100
    Gradient: dy[n, t[n]] = ∂L/∂p[n, t[n]] = −1 / max(p[n, t[n]], 1e-12) / N, all others 0
    Source:   `torch.nn.NLLLoss`, which takes the logarithm of the probabilities
    """

    kind: ClassVar[str] = "negative_log_likelihood"
    title: ClassVar[str] = "Negative log-likelihood"
    takes: ClassVar[str] = "probabilities"

    def per_sample(self, prediction: Array, target: Array) -> Array:
        self.check(prediction, target)
        return -limited_log(prediction[np.arange(len(target)), target])

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        self.check(prediction, target)
        size, rows = len(target), np.arange(len(target))
        true = prediction[rows, target]
        gradient = np.zeros_like(prediction)
        gradient[rows, target] = -1 / np.maximum(true, 1e-12) / size
        return -total(limited_log(true)) / size, gradient


@dataclasses.dataclass(frozen=True)
class Hinge(ClassLoss):
    """Multi-class hinge: the true class has to lead every other one by a margin; each shortfall counts as it is.

    Shapes:   prediction x (any values) (N, classes), target t (N,) class numbers
    Formula:  L = mean over n of Σ_{c ≠ t} max(0, margin − x[n, t] + x[n, c]) / classes
    Gradient: dy[n, c] = ∂L/∂x[n, c] = 1 / (N · classes) for each other class c within the margin, otherwise 0;
              dy[n, t] = −(their number) / (N · classes)
    Source:   Weston and Watkins 1999; `torch.nn.MultiMarginLoss` with p = 1
    """

    kind: ClassVar[str] = "hinge"
    title: ClassVar[str] = "Hinge"

    margin: float = option(1.0, above=0, maximum=1e6, help="By how much the true class has to lead every other one.")

    def per_sample(self, prediction: Array, target: Array) -> Array:
        self.check(prediction, target)
        return np.add.reduce(self.shortfall(prediction, target), axis=1) / prediction.shape[1]

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        self.check(prediction, target)
        shortfall = self.shortfall(prediction, target)
        gradient = (shortfall > 0).astype(prediction.dtype)
        gradient[np.arange(len(target)), target] = -np.add.reduce(gradient, axis=1)
        gradient /= prediction.size
        return total(shortfall) / prediction.size, gradient

    def shortfall(self, prediction: Array, target: Array) -> Array:
        """By how much every class comes within the margin of the true one, (N, classes); 0 for the true class."""
        rows = np.arange(len(target))
        shortfall = np.maximum(self.margin - prediction[rows, target][:, None] + prediction, 0)
        shortfall[rows, target] = 0
        return shortfall


def log_softmax(x: Array) -> Array:
    """log(exp(x) / Σ exp(x)) along the last axis without overflow, in the dtype of `x`."""
    # Subtracting the row's maximum changes nothing, since the factor cancels, and keeps exp within range.
    shifted = x - np.maximum.reduce(x, axis=-1, keepdims=True)
    shifted -= np.log(np.add.reduce(np.exp(shifted), axis=-1, keepdims=True))
    return shifted
