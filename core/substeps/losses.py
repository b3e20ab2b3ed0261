"""The lines inside a loss: how the one number comes about, then its gradient, where the way back begins."""

import dataclasses
from functools import singledispatch

import numpy as np

from core.layers.activations import sigmoid, softmax
from core.losses import (
    MAE,
    MSE,
    BCEWithLogits,
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    Loss,
    NegativeLogLikelihood,
)
from core.substeps.forward import softmax_substeps
from core.substeps.substep import SubStep, given
from core.tape import Record
from core.types import Array
from core.words import chosen


def loss_substeps(loss: Loss, record: Record, value: float) -> list[SubStep]:
    """The sub-steps of the loss's record; `value` is the loss of the batch."""
    prediction, target, dy = (record.tensors[name] for name in ("prediction", "target", "dy"))
    last = [
        SubStep(
            "loss of each",
            _PER_SAMPLE[type(loss)],
            "How wrong each sample is.",
            lambda: loss.per_sample(prediction, target),
        ),
        SubStep(
            "loss",
            "L = mean over the batch",
            f"The mean over the {len(prediction)} samples of the batch.",
            given(np.asarray(value)),
            "value",
            per_sample=False,
        ),
    ]
    back = [dataclasses.replace(step, backward=True) for step in _backward(loss, prediction, target, dy)]
    return [*_forward(loss, prediction, target), *last, *back]


_PER_SAMPLE: dict[type[Loss], str] = {
    CrossEntropy: "L[n] = −Σ_c q[n, c] · log p[n, c], q = 1 at the true class (less with label smoothing)",
    NegativeLogLikelihood: "L[n] = −log p[n, t[n]], at most 100",
    Hinge: "L[n] = Σ_c shortfall[n, c] / classes",
    BCEWithLogits: "L[n] = −t · log p − (1 − t) · log(1 − p)",
    BinaryCrossEntropy: "L[n] = −t · log p − (1 − t) · log(1 − p)",
    MSE: "L[n] = mean of d²",
    MAE: "L[n] = mean of |d|",
    Huber: "L[n] = mean of c · (|d| − ½ c), c = min(|d|, delta)",
}


@singledispatch
def _forward(loss: Loss, prediction: Array, target: Array) -> list[SubStep]:
    """From the prediction to what is counted."""
    return [
        SubStep(
            "d = y − t",
            "d = prediction − target",
            "How far each output is from where it should be.",
            lambda: prediction - target,
        )
    ]


@_forward.register
def _(loss: CrossEntropy, prediction: Array, target: Array) -> list[SubStep]:
    return softmax_substeps(prediction, lambda: loss.probabilities(prediction), "p")


@_forward.register
def _(loss: NegativeLogLikelihood, prediction: Array, target: Array) -> list[SubStep]:
    words = "The probability that was given to the truth."
    return [SubStep("p of truth", "p[n, t[n]]", words, lambda: prediction[np.arange(len(target)), target])]


@_forward.register
def _(loss: BCEWithLogits, prediction: Array, target: Array) -> list[SubStep]:
    words = "The probability of a yes."
    return [SubStep("p", "p = σ(x) = 1 / (1 + exp(−x))", words, lambda: loss.probabilities(prediction), "p")]


@_forward.register
def _(loss: BinaryCrossEntropy, prediction: Array, target: Array) -> list[SubStep]:
    words = "The probability that was given to the truth."
    return [
        SubStep(
            "p of truth",
            "t · p + (1 − t) · (1 − p)",
            words,
            lambda: target * prediction + (1 - target) * (1 - prediction),
        )
    ]


@_forward.register
def _(loss: Hinge, prediction: Array, target: Array) -> list[SubStep]:
    words = "By how much the true class fails to lead each other one by the margin."
    formula = f"max(0, {chosen(loss.margin)} − x[n, t] + x[n, c]), 0 for c = t"
    return [SubStep("shortfall", formula, words, lambda: loss.shortfall(prediction, target))]


@singledispatch
def _backward(loss: Loss, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    """From what is counted to the gradient."""
    return [SubStep("dy", "the gradient of the loss by the prediction", "The way back begins.", given(dy), "dy")]


@_backward.register
def _(loss: CrossEntropy, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    classes = prediction.shape[1]

    def wanted() -> Array:
        q = np.full_like(prediction, loss.label_smoothing / classes)
        q[np.arange(len(target)), target] += 1 - loss.label_smoothing
        return q

    smoothed = f", smoothed by {chosen(loss.label_smoothing)}" if loss.label_smoothing else ""
    return [
        SubStep(
            "q", f"q[n, c] = 1 at the true class, otherwise 0{smoothed}", "What the probabilities should be.", wanted
        ),
        SubStep(
            "p − q",
            "p[n, c] − q[n, c]",
            "Too high counts as positive, too low as negative.",
            lambda: softmax(prediction) - wanted(),
        ),
        SubStep(
            "dy", f"dy = (p − q) / {len(target)}", "Divided by the samples: the loss is their mean.", given(dy), "dy"
        ),
    ]


@_backward.register
def _(loss: NegativeLogLikelihood, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    rows = np.arange(len(target))

    def slope() -> Array:
        return -1 / np.maximum(prediction[rows, target], 1e-12)

    return [
        SubStep("−1/p", "−1 / max(p[n, t[n]], 1e-12)", "The slope of −log p at the truth.", slope),
        SubStep(
            "dy",
            f"dy = −1/p / {len(target)} at the true class, otherwise 0",
            "Shared over the samples.",
            given(dy),
            "dy",
        ),
    ]


@_backward.register
def _(loss: BCEWithLogits, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    return [
        SubStep(
            "p − t",
            "σ(x) − t",
            "Too high counts as positive, too low as negative.",
            lambda: sigmoid(prediction) - target,
        ),
        SubStep(
            "dy",
            f"dy = (p − t) / {dy.size}",
            "Divided by the number of outputs: the loss is their mean.",
            given(dy),
            "dy",
        ),
    ]


@_backward.register
def _(loss: BinaryCrossEntropy, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    def slope() -> Array:
        return np.maximum(prediction * (1 - prediction), 1e-12)

    return [
        SubStep("p − t", "p − t", "Too high counts as positive, too low as negative.", lambda: prediction - target),
        SubStep("p(1 − p)", "max(p · (1 − p), 1e-12)", "How undecided the probability is.", slope),
        SubStep(
            "dy",
            f"dy = (p − t) / p(1 − p) / {dy.size}",
            "Certain and wrong gives the largest gradient.",
            given(dy),
            "dy",
        ),
    ]


@_backward.register
def _(loss: Hinge, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    def within() -> Array:
        return (loss.shortfall(prediction, target) > 0).astype(prediction.dtype)

    return [
        SubStep("within", "1 where the shortfall is above 0", "Which classes come too near.", within),
        SubStep(
            "dy",
            f"dy = 1 / {dy.size} for each of them, −(their number) / {dy.size} for the true class",
            "Push those down and the true class up.",
            given(dy),
            "dy",
        ),
    ]


@_backward.register
def _(loss: MSE, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    return [
        SubStep("dy", f"dy = 2 d / {dy.size}", "The slope of the square, shared over all outputs.", given(dy), "dy")
    ]


@_backward.register
def _(loss: MAE, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    return [
        SubStep("sign", "sign(d)", "Only the direction counts, not how far.", lambda: np.sign(prediction - target)),
        SubStep("dy", f"dy = sign(d) / {dy.size}", "Shared over all outputs.", given(dy), "dy"),
    ]


@_backward.register
def _(loss: Huber, prediction: Array, target: Array, dy: Array) -> list[SubStep]:
    def limited() -> Array:
        return np.clip(prediction - target, -loss.delta, loss.delta)

    return [
        SubStep("limited d", f"d limited to ±{chosen(loss.delta)}", "Beyond it an outlier pulls no harder.", limited),
        SubStep("dy", f"dy = limited d / {dy.size}", "Shared over all outputs.", given(dy), "dy"),
    ]
