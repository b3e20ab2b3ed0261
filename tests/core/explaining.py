"""What the tests of `core.explain` share: the checker of an explanation, and ways to walk a tape."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from core.explain import Explanation, Place, Places, Region, Step, explain
from core.layers.activations import Softmax
from core.layers.normalization import BatchNorm
from core.types import Array

KEPT = {"x_hat", "inv_std", "mean", "variance", "mask"}
"""What a layer keeps for backward and shows."""

BUFFERS = ("running_mean", "running_var")

TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-10}
"""By how much the terms may miss the number, relative to the sum of their sizes."""


def tensors(step: Step, position: int) -> list[str]:
    """Every tensor of a record that can be asked about."""
    record = step.tape.records[position]
    names = list(record.tensors)
    if record.phase == "forward":
        names += KEPT & record.cache.keys()
        names += [f"{name} after" for name in BUFFERS if isinstance(step.layers[record.index], BatchNorm)]
    if record.phase == "loss" and record.name != "Penalty":
        names += ["value", "per_sample"] + ["p"] * (step.loss.takes == "logits")
    return sorted(names)


def everything(step: Step) -> list[tuple[int, str]]:
    """Every tensor of every record."""
    return [(at, name) for at in range(len(step.tape.records)) for name in tensors(step, at)]


def some_places(step: Step, record: int | None, tensor: str, rng: np.random.Generator, count: int) -> Iterator[Place]:
    """The first, the last, and some entries in between."""
    shape = step.tensor(record, tensor).shape
    yield Place(record, tensor, tuple(0 for _ in shape))
    yield Place(record, tensor, tuple(size - 1 for size in shape))
    for _ in range(count):
        yield Place(record, tensor, tuple(int(rng.integers(size)) for size in shape))


def faults(step: Step, explanation: Explanation) -> list[str]:
    """Everything that is untrue about an explanation: the terms, their factors, and the places they name."""
    place, found = explanation.place, []
    shown = step.tensor(place.record, place.tensor)[place.index]
    if explanation.value != shown:
        found.append(f"the value is {explanation.value}, and {shown} stands there")
    for part in explanation.parts:
        for factor in part.factors:
            if factor.values.shape != (len(part),):
                found.append(f"{part.label}, {factor.label}: {factor.values.shape} numbers for {len(part)} terms")
            if factor.places is not None:
                there = step.tensor(factor.places.record, factor.places.tensor)[factor.places.index]
                if not np.array_equal(there, factor.values):
                    found.append(f"{part.label}, {factor.label}: other numbers stand at the places given")
    if not explanation.is_end:
        sizes, tolerance = np.abs(explanation.values).sum(), TOLERANCE[step.tape.x.dtype]
        if not abs(explanation.total - explanation.value) <= tolerance * sizes + cancellation(step, place):
            found.append(f"the terms sum to {explanation.total}, the value is {explanation.value}")
    return found


def cancellation(step: Step, place: Place) -> float:
    """How far the layer's own dx may be off by rounding where its terms do not show what cancels.

    Softmax computes y·(dy − Σ dy·y), whose two parts are nearly equal where y is near 1; the Jacobian in its terms has
    that difference in it already.
    """
    if place.record is None or place.tensor != "dx":
        return 0.0
    record = step.tape.records[place.record]
    if record.phase != "backward" or not isinstance(step.layers[record.index], Softmax):
        return 0.0
    y = step.tensor(step.position("forward", record.index), "y")[place.index[0]]
    dy = record.tensors["dy"][place.index[0]]
    return float(4 * np.finfo(y.dtype).eps * np.abs(dy * y).sum())


def check(step: Step, place: Place) -> Explanation:
    """An explanation, demanded to be faultless."""
    explanation = explain(step, place)
    assert not (found := faults(step, explanation)), f"{explanation.name}: {'; '.join(found)}"
    assert explanation.name and explanation.formula
    return explanation


def unexplained(explanations: Iterable[Explanation]) -> list[str]:
    """Factors that name neither a place nor what they depend on, and yet are not the same number everywhere."""
    seen: dict[str, set[float]] = {}
    for explanation in explanations:
        for part in explanation.parts:
            for factor in part.factors:
                if factor.places is None and not factor.depends:
                    seen.setdefault(factor.label, set()).update(factor.values.tolist())
    return [label for label, values in seen.items() if len(values) > 1]


def sources(step: Step, explanation: Explanation, rng: np.random.Generator | None = None) -> list[Place]:
    """The places an explanation leads to: all of them, or with `rng` a few of every kind."""
    found = []
    for region in explanation.regions:
        shape = step.tensor(region.record, region.tensor).shape
        size = region.size(shape) if isinstance(region, Region) else region.index[0].size if region.index else 1
        numbers: Any = range(size) if rng is None else rng.integers(size, size=min(size, 2)) if size else ()
        for number in numbers:
            found.append(region.at(int(number)) if isinstance(region, Places) else region.at(int(number), shape))
    return found


def entries(step: Step, explanation: Explanation) -> dict[tuple[int | None, str], Array]:
    """For each source tensor, which of its entries contribute: a mask."""
    masks: dict[tuple[int | None, str], Array] = {}
    for region in explanation.regions:
        key = (region.record, region.tensor)
        masks.setdefault(key, np.zeros(step.tensor(*key).shape, bool))[region.index] = True
    return masks
