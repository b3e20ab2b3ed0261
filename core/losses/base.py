"""What every loss has in common: what it takes, how its predictions are read, and which targets it accepts.

Targets are encoded once, before training begins, and their values looked at; whether they belong to the predictions at
all is asked with every use of a loss.
"""

from typing import Any, ClassVar

import numpy as np

from core.options import Configurable
from core.types import Array, DataError, ShapeError, shape_text
from core.words import count, said


class Loss(Configurable):
    """One number for a batch; subclasses are frozen dataclasses of options.

    Results have the dtype of the prediction, and so have targets that are no class numbers. Whether such targets are
    finite, and lie where the loss wants them, is the caller's to ask beforehand, of `check_values`.
    """

    takes: ClassVar[str] = "values"
    """What a prediction has to be: "values", "logits" or "probabilities"."""

    class_targets: ClassVar[bool] = False
    """Whether a target is a class number (N,), rather than an array like the prediction."""

    class_threshold: ClassVar[float] = 0.5
    """With a single output: above it the sample is taken for class 1."""

    def per_sample(self, prediction: Array, target: Array) -> Array:
        """The loss of every sample, shape (N,); their mean is the loss of the batch. Errors: those of `check`"""
        raise NotImplementedError

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        """The loss of the batch and its gradient by the prediction (of the same shape). Errors: those of `check`"""
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
        self._check_labels(labels, classes)
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

    def check(self, prediction: Array, target: Array) -> None:
        """Make sure that the targets belong to the predictions; asked in every step, so quick where they do.

        Errors: ShapeError for shapes that do not belong together; DataError for no samples at all, targets of another
        type, and labels that are no class
        """
        try:
            if target.shape == prediction.shape and target.dtype is prediction.dtype and target.size:
                return
        except AttributeError:
            pass  # no arrays at all
        self._check_arrays(prediction, target)
        if target.dtype != prediction.dtype:
            raise DataError(
                f"{self.title} takes targets of {prediction.dtype}, the type of the predictions, not of "
                f"{target.dtype}: convert them with astype."
            )

    def _check_arrays(self, prediction: Any, target: Any) -> None:
        """What the slow half of `check` asks first."""
        for name, array in (("predictions", prediction), ("targets", target)):
            if not isinstance(array, np.ndarray):
                raise DataError(f"{self.title} takes a NumPy array of {name}, not {said(array)}.")
        if target.shape != (prediction.shape[:1] if self.class_targets else prediction.shape):
            wanted = "the number of one class for every sample" if self.class_targets else "one target for every value"
            raise ShapeError(
                f"{self.title} was given predictions of shape {shape_text(prediction.shape) or '()'} and targets of "
                f"shape {shape_text(target.shape) or '()'}, which do not belong together: it takes {wanted}."
            )
        if not prediction.size:
            raise DataError(f"{self.title} is a mean over samples, and was given none.")

    def _check_labels(self, labels: Array, classes: int) -> None:
        if labels.ndim != 1:
            raise ShapeError(
                f"{self.title} takes one class label a sample, not an array of {shape_text(labels.shape)}."
            )
        if not np.issubdtype(labels.dtype, np.integer):
            raise DataError(
                f"{self.title} takes class labels that are whole numbers from 0 to {classes - 1}, not values of type "
                f"{labels.dtype}."
            )
        outside = (labels < 0) | (labels >= classes)
        if outside.any():
            row = int(outside.argmax())
            raise DataError(
                f"{self.title} tells {count(classes)} classes apart, numbered 0 to {classes - 1}, but the label of row "
                f"{row + 1} is {labels[row]}: mend or remove that row."
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
