"""What is being explained is marked in every tab that shows it, and what a layer keeps can be seen and asked for."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.panels.activations_tab import ActivationsTab
from app.panels.gradients_tab import GradientsTab
from app.panels.weights_tab import WeightsTab
from app.plots.numbers import format_number
from core.explain import Place, explain
from tests.app.panel_documents import filter_document, picture_document, show, tape_of, xor_document

LEFT = Qt.MouseButton.LeftButton


def wide_document() -> Document:
    document = xor_document()
    layers = ({"kind": "dense", "units": 300}, {"kind": "dense", "units": 200}, {"kind": "dense", "units": 1})
    document.edit("wide", layers=layers)
    document.next_batch()
    document.select_layer(1)
    return document


def norm_document() -> Document:
    document = picture_document()
    layers = (
        {"kind": "conv2d", "filters": 4, "kernel_size": 3},
        {"kind": "batch_norm"},
        {"kind": "dropout"},
        {"kind": "flatten"},
        {"kind": "dense", "units": 3},
    )
    document.edit("norm", layers=layers)
    return document


@pytest.mark.parametrize("tensor", ["weight", "gradient", "update"])
def test_the_matrix_scrolls_to_the_weight_that_is_asked_for_and_marks_it(qtbot: QtBot, tensor: str) -> None:
    document = wide_document()
    tab = show(qtbot, WeightsTab(document), 370, 650)
    tab.grab()
    tape = tape_of(document)
    backward = tape.position("backward", 1)
    update = next(at for at, record in enumerate(tape.records) if record.name == "1.weight")
    places = {
        "weight": Place(None, "1.weight", (187, 250)),
        "gradient": Place(backward, "d_weight", (187, 250)),
        "update": Place(update, "m after", (187, 250)),
    }
    assert min(tab.matrix.viewport.cell_size().width(), tab.matrix.viewport.cell_size().height()) < 4
    document.questions.ask(places[tensor])
    tab.grab()
    assert tab.matrix.selected() == (187, 250)
    assert tab.matrix.viewport.room.contains(tab.matrix.viewport.cell_rect(187, 250))
    assert tab.matrix.numbers_shown(), "zoomed in until the number can be read"
    document.questions.ask(Place(None, "1.bias", (199,)))
    tab.grab()
    assert tab.matrix.selected() is None and tab.bias.selected() == (0, 199)


def test_a_click_marks_without_zooming(qtbot: QtBot) -> None:
    document = wide_document()
    tab = show(qtbot, WeightsTab(document), 370, 650)
    tab.grab()
    before = tab.matrix.viewport.zoom
    QTest.mouseClick(tab.matrix, LEFT, pos=tab.matrix.viewport.cell_rect(100, 100).center().toPoint())
    tab.grab()
    assert tab.matrix.selected() is not None and tab.matrix.viewport.zoom == before


def test_filters_and_histograms_mark_the_entry_too(qtbot: QtBot) -> None:
    document = filter_document()
    document.next_batch()
    document.select_layer(0)
    weights, gradients = show(qtbot, WeightsTab(document)), show(qtbot, GradientsTab(document))
    weights.grab()
    position = tape_of(document).position("backward", 0)
    gradient = tape_of(document).records[position].tensors["d_weight"]
    index = tuple(int(size) - 1 for size in gradient.shape)
    document.questions.ask(Place(position, "d_weight", index))
    weights.grab()
    for view in (weights.filters, weights.filter_gradients):
        assert f"[{', '.join(map(str, index))}] = " in view.hover_text()
    low, _, high = gradients.histograms[0].hover_text().partition(":")[0].partition(" … ")
    ends = [float(end.replace("−", "-")) for end in (low, high)]
    assert ends[0] <= gradient[index] * (1 + 1e-2) and gradient[index] <= ends[1] + abs(ends[1]) * 1e-2


def test_activations_mark_the_bar_of_the_value_that_is_asked_for(qtbot: QtBot) -> None:
    document = xor_document()
    document.next_batch()
    tab = show(qtbot, ActivationsTab(document))
    document.select_layer(0)
    document.questions.ask(Place(0, "y", (2, 1)))
    assert tab.values.hover_text() and not tab.gradients.hover_text()


def test_running_mean_and_variance_stand_with_the_weights(qtbot: QtBot) -> None:
    document = norm_document()
    document.next_batch()
    document.next_layer()
    document.select_layer(1)
    tab = show(qtbot, WeightsTab(document), 370, 600)
    QTest.mouseClick(tab.bar.buttons["Running"], LEFT)
    tab.grab()
    before = tape_of(document).buffers_before
    for view, name in ((tab.matrix, "running_mean"), (tab.bias, "running_var")):
        value = before[f"1.{name}"][2]
        assert value not in (0, 1)
        view.show_cell(0, 2)
        assert view.hover_text().startswith(f"{name}[2] = ")
        QTest.mouseClick(view, LEFT, pos=view.viewport.cell_rect(0, 2).center().toPoint())
        assert document.questions.current == Place(None, f"1.{name}", (2,))
    document.go_to(len(tape_of(document)))
    document.select_layer(1)
    tab.choose("Running")
    tab.grab()
    after = tape_of(document).buffers_after
    for view, name in ((tab.matrix, "running_mean"), (tab.bias, "running_var")):
        QTest.mouseClick(view, LEFT, pos=view.viewport.cell_rect(0, 2).center().toPoint())
        place = document.questions.current
        assert place == Place(tape_of(document).position("forward", 1), f"{name} after", (2,)) and document.step
        explanation = explain(document.step, place)
        assert explanation.value == after[f"1.{name}"][2] != before[f"1.{name}"][2]
        assert view.hover_text().startswith(f"{name}[2] = {format_number(explanation.value)}")
        view.mark_entry(None)
        document.questions.forget()
        document.questions.ask(place)
        assert view.selected() == (0, 2), "whoever asks for it, it is marked"
    document.select_layer(4)
    assert tab.choice == "Value" and not tab.bar.buttons["Running"].isVisible()


@pytest.mark.parametrize(
    ("layer", "names"), [(1, ["x_hat", "mean", "variance", "inv_std"]), (2, ["mask"]), (3, []), (0, [])]
)
def test_what_a_layer_keeps_is_shown_and_explained(qtbot: QtBot, layer: int, names: list[str]) -> None:
    document = norm_document()
    document.next_batch()
    document.select_layer(layer)
    tab = show(qtbot, ActivationsTab(document), 370, 600)
    offered = [name for name, button in tab.bar.buttons.items() if button.isVisible()]
    assert offered == (["y", *names] if names else [])
    record = tape_of(document).records[layer]
    for name in names:
        QTest.mouseClick(tab.bar.buttons[name], LEFT)
        assert tab.values.distribution().total == record.cache[name].size
        bar = int(np.flatnonzero(tab.values.distribution().counts)[0])
        edges = tab.values.distribution().edges
        QTest.mouseClick(tab.values, LEFT, pos=QPoint(round(tab.values._x_of(edges[bar : bar + 2].mean())), 60))
        place = document.questions.current
        assert place is not None and (place.record, place.tensor) == (layer, name)
        assert document.step and explain(document.step, place).value == record.cache[name][place.index]
