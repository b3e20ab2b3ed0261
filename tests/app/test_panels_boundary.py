"""The surface is what the network at the cursor answers at that very place of the plane."""

import itertools
import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.panels.boundary import NO_PLANE, RESOLUTION, Boundary
from app.plots.numbers import format_number
from app.theme import current_theme
from core.types import Array, Arrays
from tests.app.panel_documents import (
    XOR_RECORDS,
    number_document,
    picture_document,
    show,
    step,
    tape_of,
    xor_document,
)

EXTENT = 1.2


def said_at(view: Boundary, x: float, y: float) -> str:
    """What the picture says with the pointer at a point of the plane."""
    place = view.plane.widget_position(x, y)
    nothing = Qt.MouseButton.NoButton
    where = QPointF(view.plane.mapToGlobal(place))
    move = QMouseEvent(QEvent.Type.MouseMove, place, where, nothing, nothing, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view.plane, move)
    return view.plane.hover_text().split(": ")[1]


def xor_probability(parameters: Arrays, x: float, y: float) -> float:
    """Dense, Tanh, Dense, sigmoid, written out, at the centre of the cell the point lies in."""
    cell = 2 * EXTENT / RESOLUTION
    centre = [(np.floor((v + EXTENT) / cell) + 0.5) * cell - EXTENT for v in (x, y)]
    hidden = np.tanh(parameters["0.weight"] @ np.array(centre) + parameters["0.bias"])
    return 1 / (1 + math.exp(-(parameters["2.weight"] @ hidden + parameters["2.bias"])[0]))


@pytest.mark.parametrize("place", [(0.51, 0.82), (-0.95, 0.21), (0.33, -1.1), (-0.4, -0.7)])
def test_the_probability_at_a_place_is_the_networks_own(qtbot: QtBot, place: tuple[float, float]) -> None:
    document = xor_document()
    view = show(qtbot, Boundary(document))
    assert float(said_at(view, *place)) == pytest.approx(xor_probability(document.parameters(), *place), abs=6e-5)


def test_the_surface_follows_the_updates_forward_and_back(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Boundary(document))
    for _ in range(3):
        document.next_batch()
    step(document, XOR_RECORDS - 4)
    before = said_at(view, 0.51, 0.82)
    said = [before]
    for _ in range(4):
        step(document, 1)
        said.append(said_at(view, 0.51, 0.82))
        assert float(said[-1]) == pytest.approx(xor_probability(document.parameters(), 0.51, 0.82), abs=6e-5)
    assert len(set(said)) == 5
    for _ in range(4):
        document.back()
    assert said_at(view, 0.51, 0.82) == before


def test_two_outputs_say_the_likelier_class_and_its_probability(qtbot: QtBot) -> None:
    document = xor_document()
    layers = (*document.experiment.layers[:-1], {"kind": "dense", "units": 2})
    document.edit("softmax", layers=layers, loss={"kind": "cross_entropy"})
    view = show(qtbot, Boundary(document))
    name, probability = said_at(view, 0.51, 0.82).split()
    p = document.parameters()
    cell = 2 * EXTENT / RESOLUTION
    centre = np.array([(np.floor((v + EXTENT) / cell) + 0.5) * cell - EXTENT for v in (0.51, 0.82)])
    logits = p["2.weight"] @ np.tanh(p["0.weight"] @ centre + p["0.bias"]) + p["2.bias"]
    odds = np.exp(logits) / np.exp(logits).sum()
    assert name == document.data.class_names[odds.argmax()]
    assert float(probability) == pytest.approx(odds.max(), abs=6e-4)


def test_another_loss_reads_the_same_output_in_another_way(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Boundary(document))
    notes: list[str] = []
    view.note_changed.connect(notes.append)
    document.next_batch()
    probability = float(said_at(view, 0.51, 0.82))
    document.edit("loss", loss={"kind": "mse"})
    logit = float(said_at(view, 0.51, 0.82).replace("−", "-"))
    assert probability == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-3) != pytest.approx(logit, abs=1e-3)
    assert notes[-1].startswith("score of ")


def test_a_regression_shows_the_output_itself(qtbot: QtBot) -> None:
    document = number_document()
    view = show(qtbot, Boundary(document))
    p = document.parameters()
    cell = 2 * EXTENT / RESOLUTION
    centre = np.array([(np.floor((v + EXTENT) / cell) + 0.5) * cell - EXTENT for v in (0.51, -0.82)])
    expected = (p["0.weight"] @ centre + p["0.bias"])[0]
    assert said_at(view, 0.51, -0.82) == format_number(expected)


def test_pictures_have_no_plane_and_other_data_brings_it_back(qtbot: QtBot) -> None:
    pictures, xor = picture_document(), xor_document()
    view = show(qtbot, Boundary(pictures))
    assert view.plane.message() == NO_PLANE
    pictures.change("XOR", xor.experiment, xor.data)
    assert view.plane.message() == ""


def test_a_network_that_does_not_fit_gives_its_reason(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Boundary(document))
    document.edit("wrong", layers=(*document.experiment.layers, {"kind": "dense", "units": 3}))
    assert document.problem and view.plane.message() == document.problem


def test_training_points_are_filled_and_test_points_are_rings(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    document = xor_document()
    view = show(qtbot, Boundary(document))
    given: list[tuple[Array, ...]] = []
    monkeypatch.setattr(view.plane, "set_points", lambda *points: given.append(points))
    document.reset()
    assert given == []  # the same points are not given again
    view._points_of = None
    document.reset()
    (x, labels, test) = given[0]
    data = document.data
    assert np.array_equal(x[~test], data.x_train) and np.array_equal(labels[~test], data.t_train)
    assert np.array_equal(x[test], data.x_test) and np.array_equal(labels[test], data.t_test)


def click(view: Boundary, point: Array) -> None:
    place = view.plane.widget_position(*point.tolist()).toPoint()
    QTest.mouseClick(view.plane, Qt.MouseButton.LeftButton, pos=place)


def alone(points: Array, others: Array) -> int:
    """A point that no other one lies upon."""
    apart = [np.hypot(*(others - point).T) for point in points]
    return int(np.argmax([np.sort(distances)[1] for distances in apart]))


def test_a_click_on_a_point_selects_it_if_the_batch_has_it_and_otherwise_says_why_not(qtbot: QtBot) -> None:
    document = xor_document()
    view, data = show(qtbot, Boundary(document), 700, 700), document.data
    every = np.concatenate([data.x_train, data.x_test])
    rows = tape_of(document).rows
    sample = alone(data.x_train[rows], every)
    click(view, data.x_train[rows[sample]])
    assert document.sample == sample
    assert view.plane.hover_text() == f"sample {sample} of this batch is selected"
    others = np.setdiff1d(np.arange(len(data.x_train)), rows)
    row = others[alone(data.x_train[others], every)]
    click(view, data.x_train[row])
    assert view.plane.hover_text() == f"Row {row} is not in this batch of 10: another batch has it."
    click(view, data.x_test[alone(data.x_test, every)])
    assert view.plane.hover_text() == "A test point: the network never learns from it, so no batch has it."
    assert document.sample == sample
    said_at(view, 0.5, 0.5)
    assert "test point" not in view.plane.hover_text()


def test_a_ring_marks_the_selected_sample(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Boundary(document), 400, 400)

    def is_ringed(sample: int) -> bool:
        image, (x, y) = view.grab().toImage(), tape_of(document).x[sample].tolist()
        centre = view.plane.mapTo(view, view.plane.widget_position(x, y).toPoint())
        around = [QPoint(*by) for by in itertools.product(range(-8, 9), repeat=2) if 5 <= math.hypot(*by) <= 8]
        dark = QColor(current_theme().text).lightness() + 20
        return sum(image.pixelColor(centre + by).lightness() < dark for by in around) > 10

    for sample in (4, 7):
        document.select_sample(sample)
        assert is_ringed(sample)
    assert not is_ringed(4)
    document.show_whole_batch(True)
    assert not is_ringed(7)
