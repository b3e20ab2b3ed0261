"""How good predictions are, apart from the loss."""

import dataclasses

import numpy as np

from core.types import Array, DataError, OptionError, ShapeError, shape_text
from core.words import said


def accuracy(predicted: Array, labels: Array) -> float:
    """The share of samples whose predicted class is the true one.

    Shapes:  predicted and labels (N,)
    Range:   0 … 1
    Errors:  ShapeError or DataError unless both hold one class number a sample
    """
    _check_classes("Accuracy", "labels", labels, labels.size)
    _check_classes("Accuracy", "predicted classes", predicted, labels.size)
    return float(np.mean(predicted == labels))


def top_k_accuracy(scores: Array, labels: Array, k: int) -> float:
    """The share of samples whose true class is among the k classes with the largest scores.

    Of equal scores the class with the smaller number comes first, as in the largest score of all; NaN is never a hit.

    Shapes:  scores (N, classes), labels (N,)
    Range:   0 … 1
    Errors:  OptionError when k is not between 1 and the number of classes; ShapeError or DataError unless there is
             the number of one of these classes for every sample
    """
    if scores.ndim != 2:
        raise ShapeError(f"Top-k accuracy: scores must have the shape samples × classes, not {_text(scores)}.")
    classes = scores.shape[1]
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or not 1 <= k <= classes:
        raise OptionError(f"Top-k accuracy: k must be a whole number from 1 to {classes}, not {said(k)}.")
    _check_classes("Top-k accuracy", "labels", labels, len(scores), classes)
    true = scores[np.arange(len(labels)), labels][:, None]
    before = (scores == true) & (np.arange(classes) < labels[:, None])
    rank = np.count_nonzero((scores > true) | before, axis=1)
    return float(np.mean((rank < k) & ~np.isnan(true[:, 0])))


def confusion_matrix(predicted: Array, labels: Array, classes: int) -> Array:
    """How many samples of each true class were taken for each class.

    Shapes:  predicted and labels (N,); result (classes, classes): row = true class, column = predicted class
    Errors:  ShapeError or DataError unless both hold the number of one of these classes for every sample
    """
    _check_classes("Confusion", "labels", labels, labels.size, classes)
    _check_classes("Confusion", "predicted classes", predicted, labels.size, classes)
    # In int64, because classes may come in a type that cannot hold the square of their number, or sums with int64.
    places = labels.astype(np.int64) * classes + predicted.astype(np.int64)
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def precision(confusion: Array) -> Array:
    """Of the samples taken for a class, the share that belongs to it.

    Shapes:  confusion (true, predicted); result (classes,)
    Formula: confusion[c, c] / Σₜ confusion[t, c]
    Range:   0 … 1, NaN for a class that nothing was taken for
    """
    return _share(confusion.diagonal(), confusion.sum(axis=0))


def recall(confusion: Array) -> Array:
    """Of the samples that belong to a class, the share that was taken for it.

    Shapes:  confusion (true, predicted); result (classes,)
    Formula: confusion[c, c] / Σₚ confusion[c, p]
    Range:   0 … 1, NaN for a class without samples
    """
    return _share(confusion.diagonal(), confusion.sum(axis=1))


def r_squared(prediction: Array, target: Array) -> float:
    """How much of the targets' variance the predictions explain, the mean over the outputs.

    Shapes:  prediction and target (N, outputs)
    Formula: R² = 1 − Σₙ (t − y)² / Σₙ (t − mean t)²
    Range:   1 is perfect, 0 as good as always saying the mean, below 0 worse; NaN where all targets are equal
    Errors:  ShapeError unless both have this shape, DataError when there are no samples
    """
    if prediction.shape != target.shape or target.ndim != 2:
        raise ShapeError(
            f"R²: predictions and targets must have one shape, samples × outputs, not {_text(prediction)} and "
            f"{_text(target)}."
        )
    _check_samples("R²", len(target))
    target = target.astype(np.float64)
    residual = np.square(target - prediction).sum(axis=0)
    spread = np.square(target - target.mean(axis=0)).sum(axis=0)
    return float(1 - _share(residual, spread).mean())


def _check_classes(metric: str, name: str, values: Array, samples: int, classes: int | None = None) -> None:
    """Raise unless there is one class number a sample; where `classes` is not known, only negative ones are none."""
    _check_samples(metric, samples)
    if values.shape != (samples,):
        raise ShapeError(f"{metric}: {name} must be one for each of {samples} samples, not of shape {_text(values)}.")
    if not np.issubdtype(values.dtype, np.integer):
        raise DataError(f"{metric}: {name} must be whole numbers, not values of type {values.dtype}.")
    outside = (values < 0) | (values >= (np.inf if classes is None else classes))
    if outside.any():
        row = int(outside.argmax())
        limits = "at least 0" if classes is None else f"from 0 to {classes - 1}"
        raise DataError(f"{metric}: {name} must be whole numbers {limits}, but that of row {row + 1} is {values[row]}.")


def _check_samples(metric: str, samples: int) -> None:
    if not samples:
        raise DataError(f"{metric} says something about samples, and was given none.")


def _text(array: Array) -> str:
    return shape_text(array.shape) or "()"


def _share(part: Array, whole: Array) -> Array:
    """part / whole, NaN where whole is 0."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole != 0)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How a network does on one part of the data."""

    loss: float
    accuracy: float | None  # None for a regression
    samples: int
    r_squared: float | None = None  # None when classes are told apart
    confusion: Array | None = None  # (true class, predicted class), when it was asked for
