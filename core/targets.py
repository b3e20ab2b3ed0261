"""Targets of a data set in the form a network's loss takes them."""

import numpy as np

from core.datasets.base import Dataset
from core.network import Network
from core.types import Array, ShapeError, shape_text


def encoded(network: Network, data: Dataset, targets: Array) -> Array:
    """What the loss compares the network's output with.

    Errors: ShapeError when the output does not fit the targets; DataError when a target makes no sense
    """
    shape, loss = network.shapes[-1] if network.shapes else data.input_shape, network.loss
    if len(shape) != 1:
        raise ShapeError("The last layer gives a picture, not a vector of outputs: add Flatten and Dense at the end.")
    if not data.is_regression:
        targets = loss.encode(targets, shape[0], len(data.class_names))
    elif loss.class_targets:
        raise ShapeError(
            f"{loss.title} tells classes apart, but {data.title} asks for numbers: choose mean squared error."
        )
    elif targets.ndim != 2:
        raise ShapeError(
            f"The targets of {data.title} must have the shape samples × outputs, not "
            f"{shape_text(targets.shape) or '()'}."
        )
    elif targets.shape[1:] != shape:
        raise ShapeError(
            f"The last layer gives {shape[0]} values and the data asks for {targets.shape[1]}: "
            f"give the last layer {targets.shape[1]} units."
        )
    else:
        loss.check_values(targets)
    if np.issubdtype(targets.dtype, np.floating):
        targets = targets.astype(network.flat_params.dtype, copy=False)
    return targets
