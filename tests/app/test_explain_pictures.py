"""The pictures of layers: their numbers are the tape's, and a click asks for the number it was made on."""

import re
from functools import partial
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtWidgets import QApplication

from app.panels.explain import pictures as pictures_module
from app.plots.numbers import format_number
from core.explain import Place, explain
from tests.app.explain_tabs import (
    AVG_POOL,
    BATCH_NORM,
    DENSE,
    DROPOUT,
    LAYER_NORM,
    MAX_POOL,
    SOFTMAX,
    click,
    hover,
    image_document,
    numbers_document,
    open_inspector,
    step_of,
)

SGD = {"kind": "sgd", "learning_rate": 0.1}


def number_after(label: str, words: str) -> float:
    """The number that follows a label in a sentence."""
    found = re.search(rf"{label}(−?[\d.]+(?:e−?\d+)?)[,;:. ]", words)
    assert found, words
    return float(found[1].replace("−", "-"))


def test_a_trail_that_ends_at_the_data_shows_the_sample(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    document.questions.ask(Place(None, "x", (5, 1, 3, 2)))
    explain_tab, (table, _) = inspector.explain, inspector.explain.pictures.tables
    assert table.isVisible() and explain_tab.pictures.caption.text().startswith("Sample 5 of the batch, channel 1")
    shown, tape = table.table(), step_of(document).tape
    np.testing.assert_array_equal(shown.values, tape.x[5, 1])
    assert shown.asked == (3, 2) and shown.places(0, 4) == Place(None, "x", (5, 1, 0, 4))
    sentences = explain_tab.name.text().split(". ")
    assert sentences[-1] == "The data: what the network is asked."


def test_a_point_of_the_plane_is_a_row(qtbot):
    document = numbers_document(SGD)
    inspector = open_inspector(qtbot, document)
    document.questions.ask(Place(None, "x", (4, 1)))
    shown = inspector.explain.pictures.tables[0].table()
    np.testing.assert_array_equal(shown.values, step_of(document).tape.x[4][None])
    assert shown.asked == (0, 1) and shown.places(0, 0) == Place(None, "x", (4, 0))


@pytest.mark.parametrize("layer", [BATCH_NORM, LAYER_NORM])
def test_the_three_paths_add_up_to_dx_and_lead_on(qtbot, layer: int):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position = step.position("backward", layer)
    start = Place(position, "dx", (3, 1, 2, 1))
    document.questions.ask(start)
    stack = pictures.stack.stack()
    assert [bar.label for bar in stack.bars] == ["directly", "through the mean", "through the variance"]
    assert stack.total == pytest.approx(step.value(start), rel=1e-4, abs=1e-9)
    paths: dict[int, list[tuple[str, tuple[int, ...] | None]]] = {
        BATCH_NORM: [("dy", (3, 1, 2, 1)), ("d_bias", (1,)), ("d_weight", (1,))],
        LAYER_NORM: [("dy", (3, 1, 2, 1)), ("dy", None), ("dy", None)],
    }
    for number, (tensor, index) in enumerate(paths[layer]):
        document.questions.ask(start)
        click(pictures.stack, partial(pictures.stack.bar_rect, number))
        asked = document.questions.current
        assert asked is not None and (asked.record, asked.tensor) == (position, tensor)
        assert asked.index[0] == 3 if index is None else asked.index == index


@pytest.mark.parametrize("layer", [BATCH_NORM, LAYER_NORM])
def test_normalisation_shows_before_and_after_with_its_numbers(qtbot, layer: int):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position = step.position("forward", layer)
    record = step.tape.records[position]
    index = (3, 1, 2, 1)
    n, c = index[:2]
    document.questions.ask(Place(position, "y", index))
    x, y = record.tensors["x"], record.tensors["y"]
    group = x[:, c] if layer == BATCH_NORM else x[n]
    words = pictures.words.text()
    assert number_after("mean ", words) == pytest.approx(float(group.mean()), rel=2e-3)
    assert number_after("variance ", words) == pytest.approx(float(group.var()), rel=2e-3)
    for histogram, tensor in zip(pictures.histograms, (x, y), strict=True):
        assert histogram.isVisible()
        assert histogram.distribution().total == group.size
        click(histogram, histogram.mark)
        asked = document.questions.current
        assert asked is not None and asked.record == position
        # A bar is as near as one can click, or its neighbour where the mark stands between them.
        reach = 2 * float(np.ptp(tensor)) / len(histogram.distribution().counts)
        assert float(tensor[asked.index]) == pytest.approx(float(tensor[index]), abs=reach)
        assert asked.index[1] == c if layer == BATCH_NORM else asked.index[0] == n
        document.questions.ask(Place(position, "y", index))


@pytest.mark.parametrize("layer", [BATCH_NORM, LAYER_NORM])
@pytest.mark.parametrize("from_first", [True, False])
def test_the_two_histograms_of_a_normalisation_mark_the_same_entry(qtbot, layer: int, from_first: bool):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures, step = inspector.explain.pictures, step_of(document)
    position = step.position("forward", layer)
    document.questions.ask(Place(position, "y", (3, 1, 2, 1)))
    pointed, beside = pictures.histograms if from_first else reversed(pictures.histograms)
    own, other = ("x", "y") if from_first else ("y", "x")
    hover(pointed, pointed.mark)
    value, same = pointed.pointed_value(), beside.pointed_value()
    assert value is not None and same is not None
    index = tuple(int(axis) for axis in np.argwhere(step.tensor(position, own) == np.float32(value))[0])
    assert step.tensor(position, other)[index] == np.float32(same)
    assert beside.hover_text() == f"{other}[{', '.join(map(str, index))}] = {format_number(same)}"
    before = beside.grab().toImage()
    QApplication.sendEvent(pointed, QEvent(QEvent.Type.Leave))
    assert beside.pointed_value() is None and beside.grab().toImage() != before
    qtbot.keyClick(pointed, Qt.Key.Key_Home)
    value = pointed.pointed_value()
    assert value is not None and value <= pointed.distribution().edges[1] and beside.pointed_value() is not None


def test_pointing_along_a_table_makes_the_pinned_pictures_once(qtbot, monkeypatch):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    view, step = inspector.explain.pictures.tables[0], step_of(document)
    position, made = step.position("forward", SOFTMAX), Mock(wraps=pictures_module._gallery)
    monkeypatch.setattr(pictures_module, "_gallery", made)
    document.questions.ask(Place(position, "y", (2, 1)))
    pinned = view.table().values.copy()
    for row in (0, 2, 3, 1):
        hover(view, partial(view.viewport.cell_rect, row, 2))
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    indices = [call.args[1].place.index for call in made.call_args_list]
    assert indices == [(2, 1), (2, 0), (2, 2), (2, 3)], "the pinned one, then each that is pointed at"
    np.testing.assert_array_equal(view.table().values, pinned)


class Hidings(QObject):
    """Counts how often a widget is hidden."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Hide
        return False


def test_a_table_whose_numbers_change_is_not_hidden_for_a_moment(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    position, hidings = step_of(document).position("forward", SOFTMAX), Hidings()
    document.questions.ask(Place(position, "y", (2, 1)))
    inspector.explain.pictures.tables[0].installEventFilter(hidings)
    document.questions.ask(Place(position, "y", (2, 2)))
    assert hidings.count == 0, "or it would lose the keyboard"
    document.questions.ask(Place(position - 1, "y", (2, 2)))
    assert hidings.count == 1


# Activations.


@pytest.mark.parametrize("phase", ["forward", "backward"])
def test_an_activation_says_its_slope_and_what_passes(qtbot, phase: Any):
    document = numbers_document(SGD)
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position, index = step.position(phase, 1), (3, 2)
    document.questions.ask(Place(position, "y" if phase == "forward" else "dx", index))
    y = float(step.tape.records[step.position("forward", 1)].tensors["y"][index])
    slope = 1 - y * y
    words = pictures.words.text()
    assert number_after("slope is ", words) == pytest.approx(slope, rel=2e-3) and f"{100 * slope:.0f} %" in words
    if phase == "backward":
        tensors = step.tape.records[position].tensors
        assert (
            format_number(float(tensors["dy"][index])) in words and format_number(float(tensors["dx"][index])) in words
        )


def test_the_curve_leads_to_the_unit_that_lies_nearest(qtbot):
    document = numbers_document(SGD)
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position = step.position("forward", 1)
    document.questions.ask(Place(position, "y", (3, 2)))
    x = step.tape.records[position].tensors["x"]
    curve = pictures.curve
    far_right = QPointF(curve.width() - 2, 30)
    hover(curve, lambda: far_right)
    assert "around here" in curve.hover_text()
    click(curve, lambda: far_right)
    asked = document.questions.current
    assert asked == Place(position, "y", tuple(int(i) for i in np.unravel_index(x.argmax(), x.shape)))


# Softmax.


def test_softmax_shows_exponentials_their_sum_and_the_jacobian(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position, (n, c) = step.position("forward", SOFTMAX), (3, 2)
    document.questions.ask(Place(position, "y", (n, c)))
    record = step.tape.records[position].tensors
    table, jacobian = (view.table() for view in pictures.tables)
    exponentials = np.exp(record["x"][n] - record["x"][n].max())
    np.testing.assert_array_equal(table.values[:-1, 0], record["x"][n])
    np.testing.assert_allclose(table.values[:-1, 1], exponentials, rtol=1e-6)
    np.testing.assert_array_equal(table.values[:-1, 2], record["y"][n])
    assert table.values[-1, 1] == pytest.approx(exponentials.sum(), rel=1e-6)
    y = record["y"][n].astype(np.float64)
    np.testing.assert_allclose(jacobian.values, np.diag(y) - np.outer(y, y), atol=1e-7)
    assert jacobian.frames == ((0, c, 3, c),)
    view = pictures.tables[0]
    view.grab()
    click(view, lambda: view.viewport.cell_rect(1, 0).center())
    assert document.questions.current == Place(position, "x", (n, 1))


def test_a_gradient_of_softmax_is_dy_times_the_framed_row(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position, (n, c) = step.position("backward", SOFTMAX), (3, 2)
    place = Place(position, "dx", (n, c))
    document.questions.ask(place)
    jacobian = pictures.tables[1].table()
    assert jacobian.frames == ((c, 0, c, 3),)
    dy = step.tape.records[position].tensors["dy"][n]
    assert float(dy @ jacobian.values[c]) == pytest.approx(step.value(place), rel=1e-4, abs=1e-7)


# Pooling.


def test_an_input_that_lost_names_the_one_that_won_and_leads_to_it(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position, forward = step.position("backward", MAX_POOL), step.position("forward", MAX_POOL)
    x, dx = step.tensor(forward, "x"), step.tensor(position, "dx")
    # A corner lies in one window only.
    n, c = next((n, c) for n, c in np.ndindex(x.shape[:2]) if x[n, c, :3, :3].argmax() != 0)
    winner = np.unravel_index(int(x[n, c, :3, :3].argmax()), (3, 3))
    document.questions.ask(Place(position, "dx", (n, c, 0, 0)))
    words = pictures.words.text()
    assert "lost" in words and "Here the gradient stops" in words
    assert f"x[{n}, {c}, {winner[0]}, {winner[1]}] = {format_number(float(x[n, c, :3, :3].max()))}" in words
    inputs, gradients = (view.table() for view in pictures.tables)
    np.testing.assert_array_equal(inputs.values, x[n, c, :3, :3])
    np.testing.assert_array_equal(gradients.values, dx[n, c, :3, :3])
    assert inputs.asked == (0, 0) and inputs.frames == ((*map(int, winner), *map(int, winner)),)
    view = pictures.tables[1]
    click(view, lambda: view.viewport.cell_rect(int(winner[0]), int(winner[1])).center())
    assert document.questions.current == Place(position, "dx", (n, c, int(winner[0]), int(winner[1])))
    assert "It won" in pictures.words.text()


def test_an_average_shares_its_gradient(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position = step.position("backward", AVG_POOL)
    dy = step.tensor(position, "dy")
    document.questions.ask(Place(position, "dx", (2, 1, 1, 1)))
    words = pictures.words.text()
    explanation = explain(step, Place(position, "dx", (2, 1, 1, 1)))
    assert len(explanation.values) == 4 and "lies in 4 windows" in words
    first = explanation.parts[0].factors[0].places
    assert first is not None
    index = first.at(0).index
    assert f"every input of its window gets {format_number(float(dy[index]) / 4)}" in words


# Dropout and Dense.


@pytest.mark.parametrize("phase", ["forward", "backward"])
def test_dropout_shows_the_mask_its_scale_and_the_entry(qtbot, phase: Any):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position = step.position(phase, DROPOUT)
    mask = step.tensor(step.position("forward", DROPOUT), "mask")
    tensor = "y" if phase == "forward" else "dx"
    for wanted, says in ((0, "was dropped"), (1, "was kept")):
        index = tuple(int(i) for i in np.argwhere((mask != 0) == wanted)[3])
        document.questions.ask(Place(position, tensor, index))
        table = pictures.tables[0].table()
        np.testing.assert_array_equal(table.values, mask[index[:2]])
        assert table.asked == index[2:]
        assert f"This value {says}: {tensor} =" in pictures.words.text()
        assert "p = 0.25" in pictures.caption.text() and "1/(1 − p) = 1.333" in pictures.caption.text()


def test_a_dense_weight_gradient_is_said_to_be_an_outer_product_and_its_entries_can_be_asked(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    pictures = inspector.explain.pictures
    step = step_of(document)
    position, forward = step.position("backward", DENSE), step.position("forward", DENSE)
    document.questions.ask(Place(position, "d_weight", (1, 4)))
    assert "outer product" in pictures.caption.text()
    note = pictures.equation_note.text()
    assert "column 1 of dy" in note and "column 4 of x" in note
    view = pictures.equation
    hover(view, lambda: view.cell_rect(1, 0, 5).center())
    dy, x = step.tensor(position, "dy")[5, 1], step.tensor(forward, "x")[5, 4]
    names, numbers = view.hover_text().splitlines()
    assert names == "dy[5, 1] × x[5, 4]"
    assert numbers.startswith(f"{format_number(float(dy))} × {format_number(float(x))} = ")
    click(view, lambda: view.cell_rect(1, 0, 5).center())
    assert document.questions.current == Place(forward, "x", (5, 4))
    document.questions.ask(Place(position, "d_weight", (1, 4)))
    click(view, lambda: view.cell_rect(2, 0, 6).center())
    assert document.questions.current == Place(position, "dy", (6, 1))


def test_an_entry_of_a_source_tensor_can_be_read_and_asked(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    sources = inspector.explain.sources
    step = step_of(document)
    position = step.position("forward", BATCH_NORM)
    document.questions.ask(Place(position, "y", (3, 1, 4, 4)))
    x_hat = step.tensor(position, "x_hat")
    assert sources.hover_text().startswith("Framed")
    hover(sources, lambda: sources.cell_rect(1, 7, 2).center())
    name, value = sources.hover_text().split(" = ")
    index = tuple(int(axis) for axis in name.removeprefix("x_hat[").removesuffix("]").split(", "))
    assert index == (3, 1, 7, 2) and value == format_number(float(x_hat[index]))
    click(sources, lambda: sources.cell_rect(1, 7, 2).center())
    assert document.questions.current == Place(position, "x_hat", index)


def test_a_drag_is_no_click(qtbot):
    document = image_document()
    inspector = open_inspector(qtbot, document)
    sources = inspector.explain.sources
    start = Place(step_of(document).position("forward", BATCH_NORM), "y", (3, 1, 4, 4))
    document.questions.ask(start)
    sources.grab()
    qtbot.mousePress(sources, Qt.MouseButton.LeftButton, pos=sources.cell_rect(1, 7, 2).center().toPoint())
    qtbot.mouseRelease(sources, Qt.MouseButton.LeftButton, pos=sources.cell_rect(1, 1, 5).center().toPoint())
    assert document.questions.current == start
