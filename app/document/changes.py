"""What differs between two experiments, in the words a person reads beside the curves."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from core.experiment import Experiment


def change_words(before: Experiment, after: Experiment) -> str:
    """`learning rate 0.01 → 0.003, batch size 10 → 32`; empty where nothing differs that can be told in a few words."""
    words = []
    for field in dataclasses.fields(Experiment):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old == new or field.name in ("name", "data"):
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            words += _spec_words(field.name, old, new)
        elif isinstance(old, int | float):
            words.append(f"{_name(field.name)} {_value(old)} → {_value(new)}")
    return ", ".join(words)


def _spec_words(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    if old["kind"] != new["kind"]:
        return [f"{_name(name)} {_name(old['kind'])} → {_name(new['kind'])}"]
    shared = [entry for entry in new if entry in old and old[entry] != new[entry]]
    named = [f"{_name(entry)} {_value(old[entry])} → {_value(new[entry])}" for entry in shared]
    return named + [f"{_name(entry)} {_value(new[entry])}" for entry in new if entry not in old]


def _name(text: str) -> str:
    return text.replace("_", " ")


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
