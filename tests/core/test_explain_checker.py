"""The checker of explanations has to see what is wrong: every way to spoil a right table has to be found."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from core.datasets.base import Dataset
from core.explain import Explanation, Factor, Part, Place, Places, Step, explain
from core.optimizers import optimizer_from_spec
from core.trainer import Trainer
from tests.core.explaining import faults
from tests.core.networks import layer, network_of


def example() -> Step:
    network = network_of(
        layer("conv2d", filters=3, kernel_size=3, padding=1),
        layer("batch_norm"),
        layer("tanh"),
        layer("max_pool2d", kernel_size=2),
        layer("flatten"),
        layer("dense", units=3),
        loss="cross_entropy",
    )
    network.build((2, 4, 6), 3)
    rng = np.random.default_rng(2)
    x, t = rng.normal(size=(7, 2, 4, 6)).astype(np.float32), np.arange(7) % 3
    trainer = Trainer(network, optimizer_from_spec({"kind": "adam"}), Dataset("X", x, t, x, t, ("a", "b", "c")), 7, 1)
    trainer.train_step()
    return Step.of(trainer.record_step(), trainer)


EXAMPLE = example()
TARGETS = {
    "y of Conv2D": Place(0, "y", (3, 1, 2, 4)),
    "d_weight of Conv2D": Place(EXAMPLE.position("backward", 0), "d_weight", (2, 1, 0, 2)),
    "mean of BatchNorm": Place(1, "mean", (1,)),
    "dx of BatchNorm": Place(EXAMPLE.position("backward", 1), "dx", (0, 2, 1, 1)),
    "y of Dense": Place(5, "y", (4, 1)),
    "dx of Dense": Place(EXAMPLE.position("backward", 5), "dx", (4, 7)),
    "the loss": Place(6, "value", ()),
    "weight after": Place(EXAMPLE.update_positions["5.weight"], "after", (1, 3)),
}


def largest_part(explanation: Explanation) -> int:
    return int(np.argmax([np.abs(part.values).max() for part in explanation.parts]))


def spoil(explanation: Explanation, change: Callable[[Part], Part]) -> Explanation:
    which = largest_part(explanation)
    parts = [change(part) if at == which else part for at, part in enumerate(explanation.parts)]
    return dataclasses.replace(explanation, parts=tuple(parts))


def rows(part: Part, keep: np.ndarray) -> Part:
    def of(places: Places | None) -> Places | None:
        return places and Places(places.record, places.tensor, tuple(axis[keep] for axis in places.index))

    return Part(part.label, tuple(Factor(f.label, f.values[keep], of(f.places)) for f in part.factors))


def without_the_largest_term(part: Part) -> Part:
    return rows(part, np.delete(np.arange(len(part)), np.abs(part.values).argmax()))


def with_the_largest_term_twice(part: Part) -> Part:
    return rows(part, np.append(np.arange(len(part)), np.abs(part.values).argmax()))


def without_the_last_factor(part: Part) -> Part:
    return Part(part.label, part.factors[:-1] or (dataclasses.replace(part.factors[0], values=np.ones(len(part))),))


def with_the_wrong_sign(part: Part) -> Part:
    return Part(part.label, (*part.factors, Factor("−1", np.full(len(part), -1.0))))


def moved(part: Part, take_values_along: bool) -> Part:
    """In the largest term, one factor names the neighbour of the entry it is."""
    row = int(np.abs(part.values).argmax())
    at, factor = next((at, one) for at, one in enumerate(part.factors) if one.places is not None)
    assert factor.places is not None
    array = EXAMPLE.tensor(factor.places.record, factor.places.tensor)
    axes = [axis.copy() for axis in factor.places.index]
    axes[-1][row] = (axes[-1][row] + 1) % array.shape[-1]
    places = Places(factor.places.record, factor.places.tensor, tuple(axes))
    values = array[places.index] if take_values_along else factor.values
    return Part(part.label, (*part.factors[:at], Factor(factor.label, values, places), *part.factors[at + 1 :]))


def with_a_wrong_place(part: Part) -> Part:
    return moved(part, take_values_along=False)


def with_a_wrong_index(part: Part) -> Part:
    return moved(part, take_values_along=True)


MISTAKES = (
    without_the_largest_term,
    with_the_largest_term_twice,
    without_the_last_factor,
    with_the_wrong_sign,
    with_a_wrong_place,
    with_a_wrong_index,
)


@pytest.mark.parametrize("target", TARGETS)
def test_the_checker_accepts_what_is_right(target: str):
    assert not faults(EXAMPLE, explain(EXAMPLE, TARGETS[target]))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_the_checker_finds_a_wrong_table(target: str, mistake: Callable[[Part], Part]):
    assert faults(EXAMPLE, spoil(explain(EXAMPLE, TARGETS[target]), mistake))


@pytest.mark.parametrize("target", TARGETS)
def test_the_checker_finds_a_missing_part_and_a_wrong_value(target: str):
    right = explain(EXAMPLE, TARGETS[target])
    which = largest_part(right)
    assert faults(EXAMPLE, dataclasses.replace(right, parts=right.parts[:which] + right.parts[which + 1 :]))
    assert faults(EXAMPLE, dataclasses.replace(right, value=float(np.nextafter(np.float32(right.value), np.inf))))
