"""The Inspector shows the tensors of the tape at the cursor, and says what to press where there are none yet."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.panels import reached
from app.panels.activations_tab import ActivationsTab
from app.panels.gradients_tab import GradientsTab
from app.panels.inspector import Inspector
from app.panels.weight_views import FilterView, VectorView
from app.panels.weights_tab import WeightsTab
from app.plots.distribution import Distribution
from app.plots.numbers import format_number
from app.theme import apply_theme
from core.explain import Place
from core.substeps import SubStep
from core.trainer import Trainer
from core.types import Array, OptionError
from tests.app.panel_documents import (
    XOR_RECORDS,
    filter_document,
    last,
    norm,
    picture_document,
    show,
    step,
    tape_of,
    xor_document,
)

ROOM_FOR_TABS = 291
"""Pixels the Inspector has for its tabs in a window of 1280 × 800."""


@pytest.fixture
def xor() -> Document:
    return xor_document()


def matrix_says(tab: WeightsTab, name: str, array: Array) -> None:
    """Whether every cell of the matrix, pointed at, says the name and the value of the array."""
    for (row, column), value in np.ndenumerate(array):
        tab.matrix.show_cell(row, column)
        assert tab.matrix.hover_text() == f"{name}[{row}, {column}] = {format_number(value)}"


def bias_says(tab: WeightsTab, name: str, array: Array) -> None:
    for index, value in enumerate(array.tolist()):
        tab.bias.show_cell(*((index, 0) if tab.bias.viewport.columns == 1 else (0, index)))
        assert tab.bias.hover_text() == f"{name}[{index}] = {format_number(value)}"


def is_of(found: Distribution, values: Array) -> bool:
    """Whether a histogram counts these values."""
    values = values.astype(np.float64)
    rest, ends = values[values != 0], (values.min(), values.max())
    is_wide = ends[1] - ends[0] > 1e-6 * max(abs(end) for end in ends)
    counts, edges = np.histogram(rest, bins=len(found.counts), range=ends) if is_wide else (found.counts, found.edges)
    return bool(
        found.total == values.size
        and found.zeros == values.size - rest.size
        and (found.low, found.high) == ends
        and np.array_equal(found.counts, counts)
        and np.allclose(found.edges, edges)
    )


def test_heading_and_note_name_the_selected_layer(qtbot: QtBot, xor: Document) -> None:
    inspector = Inspector(xor)
    headings: list[str] = []
    notes: list[str] = []
    inspector.title_changed.connect(headings.append)
    inspector.note_changed.connect(notes.append)
    show(qtbot, inspector)
    for layer in (1, 3, -1):
        xor.select_layer(layer)
    assert headings == ["Inspector — 1 · Dense", "Inspector — 2 · Tanh", "Inspector — Loss", "Inspector — 0 · Input"]
    assert notes == [
        "4 units · 12 parameters",
        "4 out · no parameters",
        "BCE with logits",
        "XOR · 2",
    ]


def test_the_weights_are_those_at_the_cursor_also_behind_an_update_and_back(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    tape = tape_of(xor)
    before, after = tape.params_before["0.weight"].copy(), tape.params_after["0.weight"].copy()
    assert not np.array_equal(before, after)
    step(xor, 7)
    xor.select_layer(0)
    matrix_says(tab, "weight", before)
    step(xor, 1)
    assert (last(xor).phase, last(xor).name) == ("update", "0.weight")
    matrix_says(tab, "weight", after)
    bias_says(tab, "bias", tape.params_before["0.bias"])
    step(xor, 1)
    bias_says(tab, "bias", tape.params_after["0.bias"])
    xor.back()
    xor.back()
    xor.select_layer(0)
    matrix_says(tab, "weight", before)
    bias_says(tab, "bias", tape.params_before["0.bias"])


def test_the_weights_of_another_layer_follow_the_selection(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    xor.select_layer(2)
    matrix_says(tab, "weight", xor.parameters()["2.weight"])
    bias_says(tab, "bias", xor.parameters()["2.bias"])


def test_the_gradient_of_the_weights_appears_with_its_backward_record(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    tab.choose("Gradient")
    step(xor, 6)
    xor.select_layer(0)
    assert tab.sentence.isVisible() and tab.sentence.text() == reached.BACKWARD_MISSING
    assert not tab.matrix.isVisible() and not tab.bias.isVisible()
    step(xor, 1)
    assert not tab.sentence.isVisible()
    record = tape_of(xor).records[6]
    matrix_says(tab, "d_weight", record.tensors["d_weight"])
    bias_says(tab, "d_bias", record.tensors["d_bias"])
    xor.back()
    xor.select_layer(0)
    assert tab.sentence.isVisible()


def test_the_change_is_after_minus_before_and_each_parameter_waits_for_its_own_update(
    qtbot: QtBot, xor: Document
) -> None:
    tab = show(qtbot, WeightsTab(xor))
    tab.choose("Change")
    step(xor, 7)
    assert tab.sentence.text() == "This step has not updated the weight yet: press Next layer."
    step(xor, 1)
    tape = tape_of(xor)
    matrix_says(tab, "change of weight", tape.params_after["0.weight"] - tape.params_before["0.weight"])
    assert tab.bias.message() == "This step has not updated the bias yet: press Next layer."
    step(xor, 1)
    bias_says(tab, "change of bias", tape.params_after["0.bias"] - tape.params_before["0.bias"])


def test_a_step_leaves_the_keyboard_and_the_marked_entry_where_they_are(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    with qtbot.waitActive(tab):
        tab.activateWindow()
    tab.matrix.setFocus()
    tab.matrix.show_cell(2, 1)
    assert tab.matrix.hasFocus()
    xor.go_to(7)
    xor.go_to(8)
    assert tab.matrix.hasFocus() and tab.matrix.selected() == (2, 1)


def test_a_question_about_another_number_leaves_the_marked_weight_where_it_is(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    xor.select_layer(0)
    tab.matrix.show_cell(2, 1)
    xor.questions.ask(Place(1, "y", (0, 0)))
    assert tab.matrix.selected() == (2, 1)
    xor.questions.ask(Place(None, "0.weight", (3, 0)))
    assert tab.matrix.selected() == (3, 0)
    xor.questions.ask(Place(1, "y", (0, 0)))
    assert tab.matrix.selected() is None


def test_what_has_no_weights_says_so_and_offers_no_choice(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    said = []
    for layer in (1, -1, 3):
        xor.select_layer(layer)
        assert not tab.matrix.isVisible()
        said.append(tab.sentence.text())
    nothing = "has no weights: its values and their gradients are under Activations."
    assert said == [f"Tanh {nothing}", "The input has no weights: it is the data.", f"The loss {nothing}"]


def test_matrix_and_bias_beside_it_have_one_scale_and_rows_at_the_same_height(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    tab.grab()
    parameters = xor.parameters()
    largest = max(np.abs(parameters["0.weight"]).max(), np.abs(parameters["0.bias"]).max())
    assert tab.matrix.limit() == tab.bias.limit() == pytest.approx(largest)
    for row in range(4):
        left, right = (view.viewport.cell_rect(row, 0) for view in (tab.matrix, tab.bias))
        assert (left.top(), left.height()) == (right.top(), right.height())


def test_a_network_that_does_not_fit_gives_its_reason_instead_of_numbers(qtbot: QtBot, xor: Document) -> None:
    inspector = show(qtbot, Inspector(xor))
    xor.edit("Add Conv", layers=(*xor.experiment.layers, {"kind": "dense", "units": 3}))
    assert xor.problem
    weights, activations, gradients = inspector.weights, inspector.activations, inspector.gradients
    assert weights.sentence.text() == xor.problem
    inspector.tabs.setCurrentIndex(1)
    assert activations.values.message() == xor.problem
    inspector.tabs.setCurrentIndex(2)
    assert gradients.histograms[0].message() == xor.problem


def test_histograms_of_y_and_dy_count_the_tape_and_wait_for_it(qtbot: QtBot) -> None:
    document = picture_document()
    tab = show(qtbot, ActivationsTab(document))
    document.select_layer(1)
    assert tab.values.message() == reached.FORWARD_MISSING
    step(document, 2)
    y = tape_of(document).records[1].tensors["y"]
    assert 0.3 < (y == 0).mean() < 0.7
    assert is_of(tab.values.distribution(), y) and tab.values.message() == ""
    assert tab.gradients.message() == reached.NOT_NEEDED
    step(document, 1)
    assert document.selected_layer == 2 and tab.gradients.message() == reached.BACKWARD_MISSING
    step(document, 2)
    assert (last(document).phase, last(document).index) == ("backward", 2)
    assert is_of(tab.gradients.distribution(), last(document).tensors["dy"]) and tab.gradients.message() == ""
    document.back()
    document.select_layer(2)
    assert tab.gradients.message() == reached.BACKWARD_MISSING


def test_input_and_loss_have_values_too(qtbot: QtBot) -> None:
    document = picture_document()
    tab = show(qtbot, ActivationsTab(document))
    document.select_layer(-1)
    assert is_of(tab.values.distribution(), tape_of(document).x)
    assert tab.gradients.message() == reached.NOT_NEEDED
    document.select_layer(3)
    assert tab.values.message() == tab.gradients.message() == reached.LOSS_MISSING
    step(document, 4)
    found = tab.values.distribution()
    assert found.total == 21 and found.mean == pytest.approx(1 / 3) and 0 <= found.low < found.high <= 1
    assert is_of(tab.gradients.distribution(), tape_of(document).records[3].tensors["dy"])


def test_saturation_is_said_of_tanh_only(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, ActivationsTab(xor))
    step(xor, 1)
    assert "saturated" not in tab.values_facts.text()
    step(xor, 1)
    assert "saturated" in tab.values_facts.text()


def test_gradients_tab_shows_both_parameters_and_the_ratio_after_the_update(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, GradientsTab(xor))
    step(xor, 6)
    xor.select_layer(0)
    assert [view.message() for view in tab.histograms] == [reached.BACKWARD_MISSING] * 2
    step(xor, 1)
    tensors = tape_of(xor).records[6].tensors
    assert is_of(tab.histograms[0].distribution(), tensors["d_weight"])
    assert is_of(tab.histograms[1].distribution(), tensors["d_bias"])
    assert format_number(norm(tensors["d_weight"]), 3) in tab.facts[0].text()
    assert "update/weight not updated yet" in tab.facts[0].text()
    step(xor, 1)
    before, after = tape_of(xor).params_before["0.weight"], tape_of(xor).params_after["0.weight"]
    ratio = norm(after - before) / norm(before)
    assert f"update/weight {format_number(ratio, 3)}" in tab.facts[0].text()
    assert "update/bias not updated yet" in tab.facts[1].text()


def test_the_facts_say_how_a_norm_is_made_and_take_the_same_room_whatever_they_say(qtbot: QtBot, xor: Document) -> None:
    gradients, activations = show(qtbot, GradientsTab(xor), 360, 600), show(qtbot, ActivationsTab(xor), 360, 600)
    places = set()
    for _ in range(XOR_RECORDS):
        step(xor, 1)
        xor.select_layer(0)
        QApplication.processEvents()  # lays out
        places.add((gradients.histograms[1].y(), activations.gradients.y()))
    assert len(places) == 1
    assert "root of the sum of the squares" in gradients.facts[0].toolTip()


def test_gradients_tab_of_a_layer_without_weights_says_so(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, GradientsTab(xor))
    step(xor, XOR_RECORDS)
    xor.select_layer(1)
    assert tab.histograms[0].message() == "Tanh has no weights: its values and their gradients are under Activations."
    assert not tab.histograms[1].isVisible()


def test_without_a_tape_the_reason_is_said_and_no_layer_is_called_one_without_weights(
    qtbot: QtBot, xor: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, gradients = show(qtbot, WeightsTab(xor)), show(qtbot, GradientsTab(xor))
    step(xor, XOR_RECORDS + 3)

    def fail(trainer: Trainer) -> None:
        raise OptionError("The batch cannot be computed.")

    monkeypatch.setattr(Trainer, "record_step", fail)
    xor.edit("rate", optimizer={"kind": "sgd", "learning_rate": 0.5})
    assert xor.network and xor.tape is None
    for layer in (0, 1):
        xor.select_layer(layer)
        assert weights.sentence.text() == gradients.histograms[0].message() == "The batch cannot be computed."


def test_hidden_tabs_are_not_computed_until_they_are_shown(qtbot: QtBot, xor: Document) -> None:
    inspector = show(qtbot, Inspector(xor))
    step(xor, 1)
    activations = inspector.activations
    assert activations.values.distribution().total == 0
    inspector.tabs.setCurrentIndex(1)
    assert activations.values.distribution().total == tape_of(xor).records[0].tensors["y"].size


def test_filters_are_named_by_filter_channel_row_and_column(qtbot: QtBot) -> None:
    view = show(qtbot, FilterView())
    weight = np.random.default_rng(1).normal(size=(4, 3, 2, 5))
    view.set_filters(weight, "weight")
    # Filter 2, channel 1 lies in the third row and second column of maps of 2×5 with gaps of one.
    view.show_cell(2 * 3 + 1, 1 * 6 + 4)
    value = format_number(weight[2, 1, 1, 4])
    assert view.hover_text() == f"weight[2, 1, 1, 4] = {value}  (filter 2, channel 1, row 1, column 4)"


def test_a_lying_vector_counts_along_the_row(qtbot: QtBot) -> None:
    view = show(qtbot, VectorView())
    values = np.linspace(-1, 1, 30)
    view.set_vector(values, "bias", standing=False)
    view.show_cell(0, 17)
    assert view.hover_text() == f"bias[17] = {format_number(values[17])}"


def filters_say(view: FilterView, name: str, array: Array) -> None:
    """Whether the entries of the mosaic, walked through row by row, are those of the array."""
    view.window().grab()  # lays the tab out, which may want other columns
    said = []
    for row in range(view.viewport.rows):
        for column in range(view.viewport.columns):
            view.show_cell(row, column)
            said.append(view.hover_text())
    entries = [
        f"{name}[{f}, {c}, {i}, {j}] = {format_number(value)}  (filter {f}, channel {c}, row {i}, column {j})"
        for (f, c, i, j), value in np.ndenumerate(array)
    ]
    assert sorted(text for text in said if text) == sorted(entries)


@pytest.mark.parametrize("layer", [0, 1])
def test_filters_and_their_gradient_are_mosaics_of_the_tape(qtbot: QtBot, layer: int) -> None:
    document = filter_document()
    tab = show(qtbot, WeightsTab(document))
    document.select_layer(layer)
    filters_say(tab.filters, "weight", tape_of(document).params_before[f"{layer}.weight"])
    assert not tab.filter_gradients.isVisible()
    assert tab.gradient_caption.text() == f"d_weight · {reached.BACKWARD_MISSING}"
    document.next_batch()
    document.select_layer(layer)
    filters_say(tab.filters, "weight", tape_of(document).params_after[f"{layer}.weight"])
    gradient = next(r for r in tape_of(document).records if r.phase == "backward" and r.index == layer)
    assert tab.filter_gradients.isVisible()
    filters_say(tab.filter_gradients, "d_weight", gradient.tensors["d_weight"])
    bias_says(tab, "bias", document.parameters()[f"{layer}.bias"])
    tab.choose("Gradient")
    filters_say(tab.filters, "d_weight", gradient.tensors["d_weight"])
    assert not tab.filter_gradients.isVisible()


def test_rows_of_a_wide_matrix_stay_beside_those_of_its_bias(qtbot: QtBot) -> None:
    document = xor_document()
    layers = ({"kind": "dense", "units": 16}, {"kind": "dense", "units": 16}, {"kind": "dense", "units": 1})
    document.edit("wide", layers=layers)
    tab = show(qtbot, WeightsTab(document), 300, 600)
    document.select_layer(1)
    tab.grab()
    assert tab.matrix.named_columns() > 1, "the numbers of 16 columns do not all fit"
    for row in (0, 9, 15):
        left, right = (view.viewport.cell_rect(row, 0) for view in (tab.matrix, tab.bias))
        assert (left.top(), left.height()) == (right.top(), right.height())


def test_a_narrow_inspector_shows_all_four_tabs(qtbot: QtBot, qapp: QApplication, xor: Document) -> None:
    apply_theme(qapp, "light")
    inspector = show(qtbot, Inspector(xor), 303, 600)
    bar = inspector.tabs.tabBar()
    for chosen in range(4):
        inspector.tabs.setCurrentIndex(chosen)
        inspector.grab()
        assert bar.sizeHint().width() <= ROOM_FOR_TABS
    assert not bar.usesScrollButtons(), "where it is narrower still, names are cut short before a tab is hidden"


# Inside of a record


def shown_line(document: Document) -> SubStep:
    line = document.walk.substep
    assert line is not None
    return line


def walk_inside(document: Document) -> Iterator[SubStep]:
    """Step into the record that was done last and go through its lines."""
    document.walk.step_into()
    for position in range(len(document.walk.substeps)):
        document.walk.go_to_substep(position)
        yield shown_line(document)


def norm_document() -> Document:
    """Conv2D, BatchNorm, Flatten, Dense with Adam on pictures, at the end of the first batch."""
    document = picture_document()
    layers = (
        {"kind": "conv2d", "filters": 4, "kernel_size": 3},
        {"kind": "batch_norm"},
        {"kind": "flatten"},
        {"kind": "dense", "units": 3},
    )
    document.edit("norm", layers=layers, optimizer={"kind": "adam"})
    return document


def test_activations_show_each_line_of_a_forward_under_its_name_and_then_y_again(qtbot: QtBot) -> None:
    document = norm_document()
    tab = show(qtbot, ActivationsTab(document))
    step(document, 2)
    assert last(document).name == "BatchNorm" and tab.values_line.isHidden()
    lines = []
    for line in walk_inside(document):
        lines.append(line.name)
        assert is_of(tab.values.distribution(), line.tensor)
        assert tab.values.accessibleName() == f"Histogram of {line.name}"
        assert tab.values_line.isVisible() and tab.gradients_line.isHidden()
        assert tab.values_line.text() == f"sub-step {len(lines)} of 6 · {line.name}: {line.formula}"
        assert tab.gradients.message() == reached.BACKWARD_MISSING
        size = "7 samples × 4×4×3" if line.per_sample else "4 · "
        assert tab.values_facts.text().startswith(size)
    assert lines == ["mean", "x − mean", "var", "x̂", "γ·x̂", "y"]
    document.walk.step_out()
    assert is_of(tab.values.distribution(), last(document).tensors["y"])
    assert tab.values_line.isHidden() and tab.values.accessibleName() == "Histogram of y"


def test_lines_on_the_way_back_stand_where_dy_does_or_with_their_parameter(qtbot: QtBot) -> None:
    document = norm_document()
    activations, gradients = show(qtbot, ActivationsTab(document)), show(qtbot, GradientsTab(document))
    tape = tape_of(document)
    document.go_to(tape.position("backward", 1) + 1)
    y, dy = tape.records[1].tensors["y"], last(document).tensors["dy"]
    for line in walk_inside(document):
        assert is_of(activations.values.distribution(), y), "what went forward stays"
        if line.name in ("d_weight", "d_bias"):
            at = ("d_weight", "d_bias").index(line.name)
            assert is_of(activations.gradients.distribution(), dy) and activations.gradients_line.isHidden()
            assert gradients.lines[at].isVisible() and gradients.lines[1 - at].isHidden()
            assert f": {line.formula}" in gradients.lines[at].text()
            assert format_number(norm(line.tensor), 3) in gradients.facts[at].text()
        else:
            assert is_of(activations.gradients.distribution(), line.tensor)
            assert activations.gradients_line.isVisible() and line.name in activations.gradients_line.text()
            assert [text.isHidden() for text in gradients.lines] == [True, True]
            assert is_of(gradients.histograms[0].distribution(), last(document).tensors["d_weight"])


@pytest.mark.parametrize("name", ["0.weight", "1.weight", "1.bias", "3.weight", "3.bias"])
def test_the_lines_of_an_update_stand_with_the_parameter_they_belong_to(qtbot: QtBot, name: str) -> None:
    document = norm_document()
    gradients, weights = show(qtbot, GradientsTab(document)), show(qtbot, WeightsTab(document))
    tape = tape_of(document)
    document.go_to(next(at for at, record in enumerate(tape.records) if record.name == name) + 1)
    own = ("weight", "bias").index(name.split(".")[1])
    other = tape.find("backward", last(document).index, document.cursor)
    assert other
    seen = []
    for line in walk_inside(document):
        seen.append(line.name)
        assert is_of(gradients.histograms[own].distribution(), line.tensor)
        assert gradients.lines[own].isVisible() and gradients.lines[1 - own].isHidden()
        assert is_of(gradients.histograms[1 - own].distribution(), other.tensors[("d_bias", "d_weight")[own]])
        assert weights.line.isVisible() and weights.line.text().startswith(f"sub-step {len(seen)} of 8 · {line.name}: ")
        if name == "0.weight":
            filters_say(weights.filters, line.name, line.tensor)
        elif name == "3.weight":
            matrix_says(weights, line.name, line.tensor)
            bias_says(weights, "bias", document.parameters()["3.bias"])
        elif own:
            bias_says(weights, line.name, line.tensor)
    assert seen == ["g", "m", "v", "m̂", "v̂", "size", "step", "new θ"]
    document.walk.step_out()
    assert weights.line.isHidden() and gradients.lines[own].isHidden()


def test_memory_and_weights_beside_one_another_have_scales_of_their_own(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    step(xor, XOR_RECORDS + 1)
    xor.go_to(next(at for at, record in enumerate(tape_of(xor).records) if record.name == "2.weight") + 1)
    for line in walk_inside(xor):
        assert tab.matrix.limit() == pytest.approx(np.abs(line.tensor).max())
        assert tab.bias.limit() == pytest.approx(np.abs(xor.parameters()["2.bias"]).max())
    assert tab.bias.limit() > 0


def test_a_click_inside_of_an_update_asks_for_what_is_shown_or_for_what_it_leads_to(
    qtbot: QtBot, xor: Document
) -> None:
    tab = show(qtbot, WeightsTab(xor))
    tape = tape_of(xor)
    position = next(at for at, record in enumerate(tape.records) if record.name == "0.weight")
    xor.go_to(position + 1)
    for line in walk_inside(xor):
        tab.grab()
        cell = tab.matrix.viewport.cell_rect(2, 1).center().toPoint()
        QTest.mouseClick(tab.matrix, Qt.MouseButton.LeftButton, pos=cell)
        assert xor.questions.current == Place(position, line.result or "after", (2, 1)), line.name


def test_a_line_of_another_layers_record_changes_nothing(qtbot: QtBot) -> None:
    document = norm_document()
    tab = show(qtbot, ActivationsTab(document))
    step(document, 2)
    document.walk.step_into()
    document.select_layer(0)
    assert tab.values_line.isHidden()
    assert is_of(tab.values.distribution(), tape_of(document).records[0].tensors["y"])
    document.select_layer(1)
    assert tab.values_line.isVisible()


def test_the_mark_of_a_number_goes_with_its_question(qtbot: QtBot, xor: Document) -> None:
    tab = show(qtbot, WeightsTab(xor))
    xor.go_to(8)
    xor.select_layer(0)
    position = tape_of(xor).position("backward", 0)
    xor.go_to(position + 1)
    xor.questions.ask(Place(position, "d_weight", (2, 1)))
    assert tab.matrix.selected() == (2, 1)
    xor.questions.forget()
    assert tab.matrix.selected() is None


def test_the_mark_in_a_histogram_goes_with_its_question_but_not_where_a_person_has_walked(
    qtbot: QtBot, xor: Document
) -> None:
    activations, gradients = ActivationsTab(xor), GradientsTab(xor)
    for tab in (activations, gradients):
        show(qtbot, tab, 500, 500)
    xor.next_batch()
    xor.select_layer(0)
    forward, backward = (tape_of(xor).position(phase, 0) for phase in ("forward", "backward"))
    for view, place in (
        (activations.values, Place(forward, "y", (2, 1))),
        (activations.gradients, Place(backward, "dy", (2, 1))),
        (gradients.histograms[0], Place(backward, "d_weight", (2, 1))),
        (gradients.histograms[1], Place(backward, "d_bias", (1,))),
    ):
        xor.questions.ask(place)
        assert view.hover_text()
        xor.questions.follow(Place(forward, "x", (0, 1)))
        assert not view.hover_text()
        xor.questions.back_to(0)
        assert view.hover_text()
        xor.questions.forget()
        assert not view.hover_text()
        QTest.keyClick(view, Qt.Key.Key_End)
        walked = view.hover_text()
        xor.questions.ask(Place(forward, "x", (0, 1)))
        xor.questions.forget()
        assert walked and view.hover_text() == walked


def test_inside_of_a_record_the_mark_is_that_of_the_line_that_is_asked_for(qtbot: QtBot) -> None:
    document = norm_document()
    activations, gradients = ActivationsTab(document), GradientsTab(document)
    for tab in (activations, gradients):
        show(qtbot, tab, 500, 500)
    step(document, 2)
    for line in walk_inside(document):
        document.questions.ask(Place(document.cursor - 1, "x_hat", (2, 1, 0, 0)))
        assert bool(activations.values.hover_text()) == (line.result == "x_hat"), line.name
    document.questions.forget()
    place = next(at for at, record in enumerate(tape_of(document).records) if record.name == "1.weight")
    document.go_to(place + 1)
    for line in walk_inside(document):
        document.questions.ask(Place(place, "after", (1,)))
        assert bool(gradients.histograms[0].hover_text()) == (line.result == "after"), line.name
