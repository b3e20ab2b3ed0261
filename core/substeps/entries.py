"""Which number of a line of calculation belongs to a number that was asked for, so that one can follow one's own.

A value between two layers, its gradient and what optimizers keep of a parameter all have the same index everywhere;
lines that add up along an axis have the rest of it.
"""

from core.explain.protocol import Place
from core.explain.scene import PENALTY, Step
from core.layers.activations import Sigmoid, Softmax, Tanh
from core.layers.dropout import Dropout
from core.layers.normalization import BatchNorm, LayerNorm
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus
from core.substeps.substep import SubStep
from core.tape import Record

_KEEPS_PLACES = (
    *(ReLU, LeakyReLU, ELU, SiLU, GELU, Softplus, Sigmoid, Tanh),
    *(Softmax, Dropout, BatchNorm, LayerNorm),
)
"""Layers whose output stands where its input stood."""

Owner = int | str
"""What an index belongs to: the values before that layer and their gradients, or a parameter by its name."""


def entry_of(step: Step, position: int, line: SubStep, place: Place) -> tuple[int, ...] | None:
    """Where in the array of a line of record number `position` the number of a place is; None where it has none."""
    asked = _owner(step, place)
    if asked is None or asked not in _owners(step, step.tape.records[position], line):
        return None
    shape = line.tensor.shape
    index = place.index
    if isinstance(asked, int):
        # Without the batch a line has one number for each channel, or for each entry of a sample.
        start = 0 if line.per_sample else 1
        index = index[start : start + len(shape)]
    fits = len(index) == len(shape) and all(i < n for i, n in zip(index, shape, strict=True))
    return index if fits else () if not shape else None


def _owner(step: Step, place: Place) -> Owner | None:
    """What the index of a place belongs to."""
    if place.record is None:
        return 0 if place.tensor == "x" else place.tensor if place.tensor in step.tape.params_before else None
    record, layers = step.tape.records[place.record], len(step.layers)
    match record.phase:
        case "update":
            return record.name
        case "loss":
            return place.tensor.removeprefix("d_") if record.name == PENALTY else layers
        case "backward" if place.tensor.startswith("d_"):
            return f"{record.index}.{place.tensor.removeprefix('d_')}"
        case "backward":
            return record.index + (place.tensor == "dy")
    if place.tensor == "x":
        return record.index
    same = step.tensor(place.record, place.tensor).shape == record.tensors["y"].shape
    return record.index + 1 if same else None


def _owners(step: Step, record: Record, line: SubStep) -> set[Owner]:
    """What the entries of a line belong to."""
    match record.phase:
        case "update":
            return {record.name}
        case "loss":
            return {line.result.removeprefix("d_")} if record.name == PENALTY else {len(step.layers)}
    before, behind = record.index, record.index + 1
    found: set[Owner] = {before, behind} if isinstance(step.layers[record.index], _KEEPS_PLACES) else set()
    if line.leads_to.startswith("d_"):
        return found | {f"{record.index}.{line.leads_to.removeprefix('d_')}"}
    return found | {behind if record.phase == "forward" or line.like == "dy" else before}
