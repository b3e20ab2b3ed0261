"""The ready-made experiments, and what is said about files that hold none."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.document.presets import LARGEST, load_experiment, load_preset, preset_names
from core.datasets.base import Dataset
from core.datasets.sampled import SampledSource
from core.experiment import Experiment
from core.types import ChainruleError, DataError, OptionError

SPEC = load_preset("xor").to_dict()


def write(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "experiment.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_the_presets_are_there_and_carry_their_own_name() -> None:
    assert {"circles", "mnist-dense", "xor"} <= set(preset_names())
    for name in preset_names():
        assert load_preset(name).name == name


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_fits_its_data(name: str) -> None:
    experiment = load_preset(name)
    source = experiment.source()
    # A few samples of the shape it will have: the real data may be slow to make, or not on this computer.
    if isinstance(source, SampledSource) and not source.is_slow:
        data = dataclasses.replace(source, points=100).load()
    else:
        x, t = np.zeros((20, 1, 28, 28), np.float32), np.arange(20) % 10
        data = Dataset("pictures", x, t, x, t, tuple("0123456789"))
    experiment.trainer(data).train_step()


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(OptionError) as refused:
        load_preset("nix")
    assert str(refused.value) == f"There is no preset 'nix'; the presets are {', '.join(preset_names())}."


def test_a_saved_experiment_comes_back(tmp_path: Path) -> None:
    assert load_experiment(write(tmp_path, SPEC)) == load_preset("xor")
    # What the Notepad of Windows puts before the text.
    assert load_experiment(write(tmp_path, b"\xef\xbb\xbf" + json.dumps(SPEC).encode())) == load_preset("xor")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "it is not JSON text"),
        ("chainrule", "it is not JSON text"),
        (json.dumps(SPEC)[:-20], "it is not JSON text, see line 1, column "),
        (b"\xff\xfe\x00\x80", "it is not text."),
        ("[" * 100_000, "its brackets are nested too deeply."),
        ('{"schema": ' + "9" * 5000 + "}", "it has a number with too many digits."),
        (" " * (LARGEST + 1), "it is larger than 1.0 MB"),
        ([], "This is not an experiment"),
        ("null", "This is not an experiment"),
        ({"weights": 1}, "This is not an experiment"),
        ({**SPEC, "schema": 2}, "saved by a newer Chainrule (schema 2;"),
        ({**SPEC, "schema": "1"}, 'it has no "schema" number'),
        ({**SPEC, "layers": [{"kind": "convex"}]}, "'convex'"),
        ({**SPEC, "layers": {"kind": "dense"}}, "The layers of an experiment are a list"),
        ({**SPEC, "layers": [7]}, 'A layer is described by an object with a "kind"'),
        ({**SPEC, "layers": [{"kind": "dense", "units": 8, "colour": "red"}]}, "there is no option 'colour'"),
        ({**SPEC, "layers": [{"kind": "dense"}]}, "the option 'units' is missing"),
        ({**SPEC, "optimizer": {"kind": "adam", "learning_rate": float("nan")}}, "learning_rate must be a number"),
        ({**SPEC, "data": {"kind": "iris"}}, "There is no data set of kind 'iris'"),
        ({**SPEC, "batch_size": 1e999}, "batch_size must be a whole number"),
        ({**SPEC, "epoch": 3}, "an entry 'epoch' that Chainrule does not know"),
        ({key: value for key, value in SPEC.items() if key != "loss"}, "has no entry 'loss'"),
    ],
)
def test_a_file_that_holds_no_experiment_is_refused_with_its_name(tmp_path: Path, content: Any, sentence: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises((DataError, OptionError)) as refused:
        load_experiment(path)
    text = str(refused.value)
    assert text.startswith(str(path)) and sentence in text and text.endswith(".") and "\n" not in text


def test_a_missing_file_a_folder_and_an_endless_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nix\.json cannot be read: No such file or directory\.$"):
        load_experiment(tmp_path / "nix.json")
    with pytest.raises(DataError, match="cannot be read"):
        load_experiment(tmp_path)
    endless = tmp_path / "endless.json"
    endless.touch()
    os.truncate(endless, 10**12)  # sparse: reading all of it would take a terabyte of memory
    with pytest.raises(DataError, match=r"larger than 1\.0 MB"):
        load_experiment(endless)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "units", "a"]), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(SPEC)), json_values)
def test_whatever_stands_in_an_entry_is_taken_or_refused_in_words(entry: str, value: object) -> None:
    try:
        experiment = Experiment.from_dict({**SPEC, entry: value})
    except ChainruleError as error:
        assert str(error).endswith(".")
    else:
        assert json.loads(json.dumps(experiment.to_dict())) == {**SPEC, entry: value}
