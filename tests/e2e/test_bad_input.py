"""Nonsense typed into the window or found in files: a sentence that can be read, and nothing lost or changed."""

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.forms.option_field import OptionField
from app.panels.data import DataPanel
from app.panels.layers import LayersPanel
from app.panels.training import TrainingPanel
from app.window.main_window import MainWindow
from core.experiment import Experiment
from core.types import Arrays
from tests.e2e.hands import (
    choose_in,
    click,
    click_row,
    press,
    same_bits,
    says,
    tool_button,
    wait_for_data,
    write,
)
from tests.in_view import bring_into_view

Before = tuple[Experiment, Arrays, int, int]


@pytest.fixture
def before(window: MainWindow) -> Before:
    """What holds before the nonsense: a trained network in the middle of a batch."""
    press(window, "next_batch", 2)
    press(window, "next_layer", 3)
    document = window.document
    return document.experiment, document.weights(), document.steps_done, document.cursor


def assert_unchanged(window: MainWindow, before: Before) -> None:
    document = window.document
    experiment, weights, steps, cursor = before
    assert document.experiment == experiment and document.problem == ""
    assert (document.steps_done, document.cursor) == (steps, cursor)
    assert same_bits(document.weights(), weights)
    assert not tool_button(window, "undo").isEnabled()


def assert_goes_on(window: MainWindow) -> None:
    cursor = window.document.cursor
    press(window, "next_layer")
    assert window.document.cursor == cursor + 1


def line_of(field: OptionField) -> QLineEdit:
    assert isinstance(field.field, QLineEdit)
    return field.field


def units(window: MainWindow) -> OptionField:
    panel = window.arrangement.panel(LayersPanel)
    click_row(panel.list, 0)
    assert panel.form is not None
    return panel.form.fields["units"]


@pytest.mark.parametrize("typed", ["0", "-1", "−1", "abc", "", "2.5", "nan", "1e400", "8 8x", "True"])
def test_units_that_are_no_units(window: MainWindow, before: Before, typed: str) -> None:
    field = units(window)
    write(line_of(field), typed)
    bring_into_view(field)
    assert says(field, "Dense: units must be a whole number of at least 1")
    assert line_of(field).text() == typed
    assert_unchanged(window, before)
    assert_goes_on(window)


def test_a_wrong_entry_is_forgotten_when_a_right_one_is_typed(window: MainWindow) -> None:
    field = units(window)
    write(line_of(field), "abc")
    assert says(field, "must be")
    write(line_of(field), "8")
    assert not says(field, "must be") and not tool_button(window, "undo").isEnabled()
    write(line_of(field), "abc")
    write(line_of(field), "7")
    assert not says(field, "must be")
    assert window.document.experiment.layers[0]["units"] == 7


def test_a_wrong_entry_stays_with_its_sentence_while_one_steps_and_goes_with_the_layer(window: MainWindow) -> None:
    field = units(window)
    write(line_of(field), "abc")
    window.document.select_layer(2)
    assert not says(window.arrangement.panel(LayersPanel), "not 'abc'")
    assert line_of(units(window)).text() == "8"


def test_far_too_many_units_name_the_memory_they_would_take(window: MainWindow, before: Before) -> None:
    write(line_of(units(window)), "1000000000")
    document = window.document
    assert says(window, "GB") and document.problem
    assert not tool_button(window, "run").isEnabled()
    write(line_of(units(window)), "8")
    assert document.problem == "" and tool_button(window, "run").isEnabled()
    click(tool_button(window, "undo"))
    click(tool_button(window, "undo"))
    assert document.experiment == before[0] and same_bits(document.weights(), before[1])
    assert_goes_on(window)


def shown_in_full(sentence: QLabel) -> bool:
    """Whether a sentence has the height it needs and nothing lies over it."""
    seen = sentence.visibleRegion().boundingRect()
    return seen == sentence.rect() and sentence.height() >= sentence.heightForWidth(sentence.width())


@pytest.mark.parametrize("typed", ["nan", "inf", "-1", "abc", "", "1e400"])
def test_learning_rates_that_are_none(window: MainWindow, before: Before, typed: str) -> None:
    field = window.tool_bar.rate
    write(line_of(field), typed)
    assert says(window, "Adam", "must be a number")
    assert shown_in_full(field.error)
    assert_unchanged(window, before)
    assert_goes_on(window)
    write(line_of(window.tool_bar.rate), "0.25")
    assert window.document.experiment.optimizer["learning_rate"] == 0.25
    assert not says(window, "must be a number")


def test_another_optimizer_brings_another_rate_whose_sentence_is_its_own(window: MainWindow) -> None:
    write(line_of(window.tool_bar.rate), "abc")
    choose_in(window.arrangement.panel(TrainingPanel).forms["optimizer"].kind, "SGD")
    assert not says(window, "must be a number") and window.document.experiment.optimizer["kind"] == "sgd"
    write(line_of(window.tool_bar.rate), "abc")
    assert says(window, "SGD", "must be a number") and shown_in_full(window.tool_bar.rate.error)
    write(line_of(window.tool_bar.rate), "0.25")
    assert window.document.experiment.optimizer["learning_rate"] == 0.25


def test_the_tool_bar_and_the_panel_show_the_same_learning_rate(window: MainWindow) -> None:
    form = window.arrangement.panel(TrainingPanel).forms["optimizer"]
    write(line_of(window.tool_bar.rate), "0.5")
    assert line_of(form.fields["learning_rate"]).text() == "0.5"
    write(line_of(form.fields["learning_rate"]), "0.125")
    assert line_of(window.tool_bar.rate).text() == "0.125"


@pytest.mark.parametrize(
    ("name", "typed"), [("batch_size", "0"), ("batch_size", "x"), ("seed", "-3"), ("seed", "1e30")]
)
def test_training_numbers_out_of_range(window: MainWindow, before: Before, name: str, typed: str) -> None:
    field = window.arrangement.panel(TrainingPanel).numbers[name]
    write(line_of(field), typed)
    bring_into_view(field)
    assert says(field, "Training:", "must be a whole number of at least")
    assert_unchanged(window, before)
    assert_goes_on(window)


@pytest.mark.parametrize(
    ("name", "typed"), [("points", "0"), ("points", "many"), ("noise", "-1"), ("train_share", "2")]
)
def test_data_options_that_make_no_sense(window: MainWindow, before: Before, name: str, typed: str) -> None:
    field = window.arrangement.panel(DataPanel).form.fields[name]
    write(line_of(field), typed)
    bring_into_view(field)
    assert says(field, "XOR:", "must be")
    assert_unchanged(window, before)
    assert_goes_on(window)


def test_data_options_are_taken_as_typed(window: MainWindow, qtbot: QtBot) -> None:
    fields = window.arrangement.panel(DataPanel).form.fields
    for name, typed, points in (("points", "100", 100), ("noise", "0.3", 100), ("seed", "7", 100)):
        data = window.document.data
        wait_for_data(qtbot, window, lambda name=name, typed=typed: write(line_of(fields[name]), typed))  # type: ignore[misc]
        assert window.document.data is not data and window.document.experiment.data[name] == float(typed)
        assert len(window.document.data.x_train) + len(window.document.data.x_test) == points
        assert line_of(fields[name]).text() == typed
    assert says(window, "50 train · 50 test")
    press(window, "next_batch")
    for _ in range(3):
        click(tool_button(window, "undo"))
    assert window.document.experiment.data["points"] == 400 and line_of(fields["points"]).text() == "400"
    assert says(window, "200 train · 200 test")


def test_an_export_into_a_folder_that_is_not_there(window: MainWindow, before: Before, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "weights.npz"
    window.export_weights(path)
    assert says(window.banner, str(path))
    assert_unchanged(window, before)
    assert_goes_on(window)
    click(window.banner.close_button)
    assert not window.banner.isVisible()


def test_an_export_of_layers_that_do_not_fit_says_so(window: MainWindow, tmp_path: Path) -> None:
    panel = window.arrangement.panel(LayersPanel)
    for _ in range(3):
        click_row(panel.list, 0)
        click(panel.remove_button)
    window.export_weights(tmp_path / "weights.npz")
    assert says(window.banner, "no weights to export", "no layers")
    assert list(tmp_path.iterdir()) == []


def damaged(experiment: Experiment) -> dict[str, str | bytes]:
    saved = experiment.to_dict()
    return {
        "cut.json": json.dumps(saved)[:-20],
        "binary.json": bytes(range(256)),
        "empty.json": "",
        "list.json": "[1, 2]",
        "newer.json": json.dumps({**saved, "schema": 99}),
        "layer.json": json.dumps({**saved, "layers": [{"kind": "dense", "units": "many"}]}),
        "unknown.json": json.dumps({**saved, "layers": [{"kind": "attention"}]}),
        "missing.json": json.dumps({name: entry for name, entry in saved.items() if name != "loss"}),
        "nan.json": json.dumps({**saved, "optimizer": {"kind": "adam", "learning_rate": float("nan")}}),
    }


@pytest.mark.parametrize("name", [*damaged(Experiment("", {"kind": "xor"}, (), {"kind": "mse"}, {"kind": "adam"}))])
def test_a_damaged_experiment_file(window: MainWindow, before: Before, tmp_path: Path, name: str) -> None:
    content = damaged(window.document.experiment)[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    window.opener.open_file(path)
    assert says(window.banner, str(path))
    assert_unchanged(window, before)
    assert_goes_on(window)


def test_an_experiment_file_that_is_not_there(window: MainWindow, before: Before, tmp_path: Path) -> None:
    window.opener.open_file(tmp_path / "none.json")
    assert says(window.banner, "none.json", "cannot be read")
    assert_unchanged(window, before)


def test_a_sound_experiment_file_opens_and_takes_the_sentence_away(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    saved = window.document.experiment.to_dict()
    saved = {**saved, "name": "mine", "layers": [{"kind": "dense", "units": 3}, {"kind": "dense", "units": 1}]}
    path = tmp_path / "mine.json"
    window.opener.open_file(path)
    assert window.banner.isVisible()
    path.write_text(json.dumps(saved))
    wait_for_data(qtbot, window, lambda: window.opener.open_file(path))
    assert not window.banner.isVisible()
    assert window.windowTitle().startswith("mine") and len(window.network_view.cards) == 4
    click(tool_button(window, "undo"))
    assert window.windowTitle().startswith("xor") and len(window.network_view.cards) == 5
