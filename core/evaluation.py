"""What a network makes of samples it does not learn from, so many at a time as are fast and fit into memory."""

from collections.abc import Iterator

import numpy as np

from core.metrics import Evaluation, accuracy, confusion_matrix, r_squared
from core.network import Network
from core.types import Array

_ROWS = 250
"""Samples that a forward pass takes at once: more make products no faster."""

_CACHE = 24 * 2**20
"""Bytes that a training step on those samples would take: with more, what is computed leaves the processor's cache,
and an evaluation takes a third longer.
"""


def prediction(network: Network, x: Array) -> Array:
    """The output for every sample: x (N, *input_shape) → (N, outputs)."""
    return np.concatenate([network.forward(x[rows]) for rows in _slices(network, len(x))])


def evaluation(
    network: Network, x: Array, target: Array, labels: Array, classes: int, confusion: bool
) -> Iterator[Evaluation | None]:
    """How good the outputs are, in pieces: None after every piece of the data, in the end what was found.

    `target` is what the loss takes, `labels` the numbers of the classes; of a regression (`classes` is 0) the numbers
    that are asked for. With `confusion` also which classes were taken for which.
    """
    total, outputs = 0.0, []
    for rows in _slices(network, len(x)):
        loss, output = _answer(network, x[rows], target[rows], is_regression=not classes)
        total += loss
        outputs.append(output)
        yield None
    result = np.concatenate(outputs)
    if classes:
        table = confusion_matrix(result, labels, classes) if confusion else None
        yield Evaluation(total / len(x), accuracy(result, labels), len(x), confusion=table)
    else:
        yield Evaluation(total / len(x), None, len(x), r_squared(result, labels))


def _answer(network: Network, x: Array, target: Array, *, is_regression: bool) -> tuple[float, Array]:
    """The sum of the losses of some rows; and the predicted classes, of a regression the outputs."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        output = network.forward(x)
        value = network.loss.value_and_gradient(output, target)[0] * len(output)
        return value, output if is_regression else network.loss.predicted_class(output)


def _slices(network: Network, size: int) -> Iterator[slice]:
    step = max(1, min(_ROWS, network.most_rows(_CACHE)))
    for start in range(0, size, step):
        yield slice(start, start + step)
