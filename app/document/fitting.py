"""Fits an experiment to another data set, as little as possible being changed, and a new layer to where it is put."""

import dataclasses
import math
from typing import Any

from core.datasets.base import Dataset, DataSource
from core.experiment import Experiment
from core.types import ChainruleError, Shape, Spec

_PICTURE_LAYERS: tuple[Spec, ...] = (
    {"kind": "flatten"},
    {"kind": "dense", "units": 128},
    {"kind": "relu"},
    {"kind": "dense", "units": 64},
    {"kind": "relu"},
)
_START_OPTIONS: dict[str, dict[str, Any]] = {
    "dense": {"units": 8},
    "conv2d": {"filters": 8, "kernel_size": 3},
    "max_pool2d": {"kernel_size": 2},
    "avg_pool2d": {"kernel_size": 2},
}
_PLANE_LAYERS: tuple[Spec, ...] = ({"kind": "dense", "units": 8}, {"kind": "tanh"})


def fit_to_data(experiment: Experiment, source: DataSource, data: Dataset) -> tuple[Experiment, str]:
    """The experiment with that data, and a sentence about what else had to change (empty if nothing had to).

    With another kind of data it is called after that: the name it had speaks of the old one.
    """
    name = experiment.name if source.kind == experiment.data["kind"] else source.title
    wanted = dataclasses.replace(experiment, name=name, data=source.spec())
    if _works(wanted, data):
        return wanted, ""
    end, loss = _ending(data)
    hidden = experiment.layers[:-1] if experiment.layers and experiment.layers[-1]["kind"] == "dense" else ()
    fitted = dataclasses.replace(wanted, layers=(*hidden, end), loss=loss)
    if hidden and _works(fitted, data):
        return fitted, f"The last layer and the loss were fitted to {data.title}. Undo brings the old ones back."
    start = _PICTURE_LAYERS if data.is_image else _PLANE_LAYERS
    replaced = dataclasses.replace(wanted, layers=(*start, end), loss=loss, batch_size=64 if data.is_image else 10)
    return replaced, f"The layers did not fit {data.title} and were replaced. Undo brings the old ones back."


def start_options(kind: str, in_shape: Shape) -> dict[str, Any]:
    """What a new layer starts with where its options have no default; a new Reshape fits what it is given."""
    if kind == "reshape":
        size = math.prod(in_shape)
        height = max(rows for rows in range(1, math.isqrt(size) + 1) if size % rows == 0)
        channels, height, width = in_shape if len(in_shape) == 3 else (1, height, size // height)
        return {"channels": channels, "height": height, "width": width}
    return _START_OPTIONS.get(kind, {})


def _works(experiment: Experiment, data: Dataset) -> bool:
    try:
        experiment.trainer(data)
    except ChainruleError:
        return False
    return True


def _ending(data: Dataset) -> tuple[dict[str, Any], dict[str, Any]]:
    """The last layer and the loss that a data set asks for."""
    if data.is_regression:
        return {"kind": "dense", "units": data.t_train.shape[1]}, {"kind": "mse"}
    classes = len(data.class_names)
    if classes == 2:
        return {"kind": "dense", "units": 1}, {"kind": "bce_with_logits"}
    return {"kind": "dense", "units": classes}, {"kind": "cross_entropy"}
