"""Ready-made experiments, kept as JSON files beside the icons."""

import json
from pathlib import Path

from core.experiment import Experiment
from core.types import DataError, OptionError
from core.words import memory_text
from resources import resource

LARGEST = 10**6
"""Bytes of the largest file that is taken for an experiment."""


def preset_names() -> tuple[str, ...]:
    """The names of all presets, alphabetically."""
    return tuple(sorted(path.stem for path in resource("presets").glob("*.json")))


def load_preset(name: str) -> Experiment:
    """The preset of that name; raises OptionError that lists the names there are."""
    if name not in preset_names():
        raise OptionError(f"There is no preset {name!r}; the presets are {', '.join(preset_names())}.")
    return load_experiment(resource("presets", f"{name}.json"))


def load_experiment(path: Path) -> Experiment:
    """The experiment in a JSON file; raises DataError or OptionError that says what is wrong with the file."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(content) > LARGEST:
        raise DataError(f"{path} is not an experiment file: it is larger than {memory_text(LARGEST)}.")
    try:
        saved = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not an experiment file: {_fault(error)}.") from error
    try:
        return Experiment.from_dict(saved)
    except OptionError as error:
        raise OptionError(f"{path}: {error}") from error


def _fault(error: ValueError | RecursionError) -> str:
    """Why something cannot be read as JSON, in words that speak of the file."""
    match error:
        case json.JSONDecodeError(msg=what, lineno=line, colno=column):
            return f"it is not JSON text, see line {line}, column {column} ({what})"
        case UnicodeDecodeError():
            return "it is not text"
        case RecursionError():
            return "its brackets are nested too deeply"
    return "it has a number with too many digits"
