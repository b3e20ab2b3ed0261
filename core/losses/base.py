"""What every loss has in common: what it takes, how its predictions are read, and which targets it accepts.

Targets are checked and encoded once, before training begins, so that a training step need not look at them again.
"""

from typing import ClassVar

import numpy as np

from core.options import Configurable
from core.types import Array, DataError, ShapeError, shape_text


class Loss(Configurable):
    """One number for a batch; subclasses are frozen dataclasses of options.

    Results have the dtype of the prediction, provided that targets which are not class numbers have it too.
    """

    takes: ClassVar[str] = "values"
    """What a prediction has to be: "values", "logits" or "probabilities"."""

    class_targets: ClassVar[bool] = False
    """Whether a target is a class number (N,), rather than an array like the prediction."""

    class_threshold: ClassVar[float] = 0.5
    """With a single output: above it the sample is taken for class 1."""

    def per_sample(self, prediction: Array, target: Array) -> Array:
        """The loss of every sample, shape (N,); their mean is the loss of the batch."""
        raise NotImplementedError

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        """The loss of the batch and its gradient by the prediction (same shape as the prediction)."""
        raise NotImplementedError

    def probabilities(self, prediction: Array) -> Array:
        """The prediction as probabilities where it can be read so, otherwise as it is."""
        return prediction

    def predicted_class(self, prediction: Array) -> Array:
        """The class each sample is taken for, shape (N,): the largest of several outputs, or one output against ½."""
        if prediction.shape[1] > 1:
            return prediction.argmax(axis=1)
        return (prediction[:, 0] > self.class_threshold).astype(np.int64)

    def encode(self, labels: Array, outputs: int, classes: int) -> Array:
        """Class labels (N,) as the targets this loss takes for a network with that many outputs.

        Errors: ShapeError when the outputs cannot stand for the classes; DataError when a label is not a class number
        """
        _check_labels(labels, classes)
        if self.class_targets or outputs > 1:
            if outputs != classes:
                raise ShapeError(
                    f"The last layer gives {outputs} value{'s' * (outputs > 1)} and the data has {classes} classes: "
                    f"give the last layer {self._outputs_wanted(classes)}."
                )
            return labels if self.class_targets else np.eye(classes, dtype=np.float32)[labels]
        if classes != 2:
            raise ShapeError(
                f"The last layer gives 1 value and the data has {classes} classes: give the last layer {classes} units."
            )
        return labels[:, None].astype(np.float32)

    def check_values(self, target: Array) -> None:
        """Raise `DataError` unless the targets of a regression, (N, outputs), are numbers that suit this loss."""
        if not np.isfinite(target).all():
            row = int(np.argmin(np.isfinite(target.reshape(len(target), -1)).all(axis=1)))
            raise DataError(f"The target of row {row + 1} is not a finite number: mend or remove that row.")

    def check_shapes(self, prediction: Array, target: Array) -> None:
        """Raise `ShapeError` unless prediction and target fit each other."""
        fits = target.shape == prediction.shape[:1] if self.class_targets else target.shape == prediction.shape
        if not fits:
            raise ShapeError(
                f"{self.title} was given predictions of shape {shape_text(prediction.shape)} "
                f"and targets of shape {shape_text(target.shape)}, which do not belong together."
            )

    def _outputs_wanted(self, classes: int) -> str:
        one = " (or 1)" if classes == 2 and not self.class_targets else ""
        return f"{classes} units{one}"


def total(elementwise: Array) -> float:
    """The sum of all elements."""
    # The method .sum() goes through Python and takes half as long again on the few numbers of a small batch.
    return float(np.add.reduce(elementwise, axis=None))


def mean_of_others(elementwise: Array) -> Array:
    """The mean over all axes but the first: (N, ...) → (N,)."""
    return elementwise.reshape(len(elementwise), -1).mean(axis=1)


def _check_labels(labels: Array, classes: int) -> None:
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"Class labels are whole numbers from 0 to {classes - 1}, not values of type {labels.dtype}.")
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        row = int(outside.argmax())
        raise DataError(
            f"The label of row {row + 1} is {labels[row]}, but there are {classes} classes, numbered 0 to "
            f"{classes - 1}: mend or remove that row."
        )
