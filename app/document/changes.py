"""What differs between two experiments, in the words a person reads beside the curves."""

import dataclasses
from collections.abc import Callable
from typing import Any

from core.clipping import clipping_from_spec
from core.datasets import dataset_from_spec
from core.experiment import Experiment
from core.initializers import initializer_from_spec
from core.losses import loss_from_spec
from core.optimizers import optimizer_from_spec
from core.options import Configurable
from core.penalties import penalty_from_spec
from core.schedules import schedule_from_spec
from core.types import Spec
from core.words import chosen

_PARTS: dict[str, Callable[[Spec], Configurable]] = {
    "data": dataset_from_spec,
    "loss": loss_from_spec,
    "optimizer": optimizer_from_spec,
    "initializer": initializer_from_spec,
    "schedule": schedule_from_spec,
    "penalty": penalty_from_spec,
    "clipping": clipping_from_spec,
}
"""Parts of an experiment that have a kind and options."""


def change_words(before: Experiment, after: Experiment) -> str:
    """`learning rate 0.01 → 0.003, batch size 10 → 32`; empty where nothing differs that can be told in a few words."""
    return ", ".join(f"{name} {_value(old)} → {_value(new)}" for name, old, new in _differences(before, after))


def difference_words(one: Experiment, other: Experiment) -> str:
    """What the other one has instead: `learning rate 0.003, batch size 32, other layers`; empty for nothing."""
    words = [f"{name} {_value(new)}" for name, _, new in _differences(one, other)]
    return ", ".join(words + ["other layers"] * (one.layers != other.layers))


def _differences(before: Experiment, after: Experiment) -> list[tuple[str, Any, Any]]:
    """Name, old and new value of everything that differs."""
    found: list[tuple[str, Any, Any]] = []
    for field in dataclasses.fields(Experiment):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old == new or (field.name == "data" and before.name != after.name):  # the name tells of other data
            continue
        if field.name in _PARTS:
            found += _differences_of_part(field.name, old, new)
        elif isinstance(old, int):
            found.append((_words(field.name), old, new))
    return found


def _differences_of_part(name: str, old: Spec, new: Spec) -> list[tuple[str, Any, Any]]:
    if old["kind"] != new["kind"]:
        return [(name, _words(old["kind"]), _words(new["kind"]))]
    # Built, because an option that a spec leaves out has a value all the same.
    one, other = _PARTS[name](old), _PARTS[name](new)
    prefix = "data " * (name == "data")  # its seed is not that of the start weights
    values = [
        (prefix + (choice.label or _words(choice.name)), getattr(one, choice.name), getattr(other, choice.name))
        for choice in one.options()
    ]
    return [entry for entry in values if entry[1] != entry[2]]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: Any) -> str:
    return "none" if value is None else chosen(value) if isinstance(value, float) else str(value)
