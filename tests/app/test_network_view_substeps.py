"""Inside of a record its card shows what the sub-step gives; arrows carry the shape of what travels on them."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF
from PySide6.QtGui import QPaintEvent, QRegion
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.network_view.card import Card
from app.network_view.matrices import Kernels, Matrix, tensor_picture
from app.network_view.network_view import NetworkView
from app.network_view.pictures import Cells, Maps
from app.plots.color_maps import finite_limit
from app.plots.numbers import format_number
from core.datasets.base import Dataset
from core.experiment import Experiment
from tests.app.documents import tape_of

LAYERS = (
    {"kind": "conv2d", "filters": 2, "kernel_size": 3},
    {"kind": "batch_norm"},
    {"kind": "relu"},
    {"kind": "max_pool2d", "kernel_size": 2},
    {"kind": "flatten"},
    {"kind": "layer_norm"},
    {"kind": "dense", "units": 3},
)


@pytest.fixture(autouse=True)
def _exceptions_fail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An exception in a slot, which Qt would only print, fails the test."""
    raised: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: raised.append(error))
    yield
    assert not raised


def document_of(*layers: dict[str, Any], **changes: Any) -> Document:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(12, 1, 8, 6)).astype(np.float32)
    t = np.arange(12) % 3
    data = Dataset("Pictures", x[:8], t[:8], x[8:], t[8:], ("a", "b", "c"))
    experiment = Experiment(
        name="pictures",
        data={"kind": "digits"},
        layers=layers,
        loss={"kind": "cross_entropy"},
        optimizer={"kind": "adam"},
        batch_size=4,
        **changes,
    )
    return Document(experiment, data)


@pytest.fixture
def show(qtbot: QtBot) -> Callable[[Document], NetworkView]:
    def show(document: Document) -> NetworkView:
        view = NetworkView(document)
        qtbot.addWidget(view)
        view.resize(1400, 420)
        view.show()
        return view

    return show


def active(view: NetworkView) -> Card:
    (card,) = (card for card in view.cards if card.content.active)
    return card


def test_the_active_card_shows_every_sub_step_of_every_record(show: Callable[[Document], NetworkView]) -> None:
    document = document_of(*LAYERS)
    view = show(document)
    document.select_sample(2)
    tape, count = tape_of(document), 0
    for cursor, record in enumerate(tape.records, 1):
        document.go_to(cursor)
        before = [(card.content.top, card.content.bottom) for card in view.cards]
        document.walk.step_into()
        for step in document.walk.substeps:
            card = active(view)
            row, other = card.content.top, card.content.bottom
            if step.backward:
                row, other = other, row
            values = step.tensor[2] if step.per_sample else step.tensor
            assert row.picture and row.name == step.name and row.phase == record.phase
            assert row.picture.values.size == values.size
            np.testing.assert_array_equal(np.ravel(row.picture.values), np.ravel(values))
            assert other.phase is None
            view.grab()
            count += 1
            if step is not document.walk.substeps[-1]:
                document.walk.next()
        document.walk.step_out()
        assert [(card.content.top, card.content.bottom) for card in view.cards] == before
    assert count > 80


def test_a_convolution_fills_its_output_maps_window_by_window(show: Callable[[Document], NetworkView]) -> None:
    document = document_of(*LAYERS)
    view = show(document)
    document.next_layer()
    document.walk.step_into()
    y = tape_of(document).records[0].tensors["y"][0]
    assert len(document.walk.substeps) == y[0].size == 24
    for number in range(24):
        picture = active(view).content.top.picture
        assert picture is not None
        filled = np.arange(24).reshape(6, 4) <= number
        np.testing.assert_array_equal(picture.values, np.where(filled, y, 0))
        assert picture.scale.high == finite_limit(y), "the colours of what is there stay as they are"
        assert f"row {number // 4}, column {number % 4}" in document.walk.substeps[number].words
        document.walk.next()


def test_the_mean_over_the_batch_goes_inside_too(show: Callable[[Document], NetworkView]) -> None:
    document = document_of(*LAYERS)
    view = show(document)
    document.show_whole_batch(True)
    document.go_to(2)
    document.walk.step_into()
    assert active(view).content.top.name == "mean", "of every channel: no sample in it"
    document.walk.next()
    (step, row) = document.walk.substep, active(view).content.top
    assert step and row.picture and row.name == "mean x − mean"
    np.testing.assert_array_equal(row.picture.values, step.tensor.mean(axis=0))


def test_the_frame_keeps_the_colour_of_the_direction(show: Callable[[Document], NetworkView]) -> None:
    document = document_of(*LAYERS)
    view = show(document)
    for cursor, record in enumerate(tape_of(document).records, 1):
        document.go_to(cursor)
        document.walk.step_into()
        assert (active(view).index, active(view).content.active) == (record.index, record.phase)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((), "Bars"),
        ((1,), "Bars"),
        ((16,), "Bars"),
        ((17,), "Cells"),
        ((3, 4), "Matrix"),
        ((2, 3, 4), "Maps"),
        ((2, 3, 4, 5), "Kernels"),
    ],
)
def test_a_tensor_of_any_shape_has_a_picture(shape: tuple[int, ...], kind: str) -> None:
    values = np.random.default_rng(1).normal(size=shape)
    assert type(tensor_picture("m", np.asarray(values))).__name__ == kind


def test_entries_of_kernels_and_matrices_are_named_by_their_own_index() -> None:
    weight = np.random.default_rng(1).normal(size=(2, 3, 4, 5))
    kernels = tensor_picture("d_weight", weight)
    assert isinstance(kernels, Kernels) and kernels.entry_words(4, 2, 3).startswith("d_weight[1, 1, 2, 3] = ")
    assert kernels.entry_words(4, 2, 3).endswith(format_number(weight[1, 1, 2, 3]))
    np.testing.assert_array_equal(kernels.values[4, 2, 3], weight[1, 1, 2, 3])
    matrix = tensor_picture("m", weight[0, 0])
    assert isinstance(matrix, Matrix)
    rect = QRectF(0, 0, 50, 40)
    assert matrix.hover_text(QPointF(15, 25), rect) == matrix.entry_words(2, 1)
    assert matrix.hover_text(QPointF(60, 25), rect) == ""


def test_negative_values_are_never_drawn_as_ink() -> None:
    for shape in ((20,), (2, 3, 4), (5, 4), (2, 2, 3, 3)):
        values = np.ones(shape)
        picture = tensor_picture("y", values)
        if isinstance(picture, Maps | Cells) and not isinstance(picture, Kernels):
            assert not picture.scale.signed
        values.flat[0] = -2.0
        signed = tensor_picture("y", values).scale
        assert signed.signed and (signed.low, signed.high) == (-2.0, 2.0)


def arrow_words(view: NetworkView, gap: int) -> list[str]:
    return [view.row.hover_text(arrow.centre) for arrow in view.row.arrows(gap)]


def test_arrows_carry_the_shape_of_what_travels(show: Callable[[Document], NetworkView]) -> None:
    document = document_of(*LAYERS)
    view = show(document)
    shapes = ["1×8×6", "2×6×4", "2×6×4", "2×6×4", "2×3×2", "12", "12", "3"]
    assert [view.row.arrows(gap)[0].shape for gap in range(8)] == shapes
    there, back = arrow_words(view, 1)
    assert there == "2×6×4 values of every sample go from 1 · Conv2D to 2 · BatchNorm, later"
    assert back == "2×6×4 gradients of every sample come from 2 · BatchNorm to 1 · Conv2D, later"
    assert len(arrow_words(view, 0)) == 1, "nobody asks for the gradient of the input"
    document.next_batch()
    there, back = arrow_words(view, 1)
    assert not there.endswith("later") and not back.endswith("later")


class Painted(QObject):
    """Which widgets were painted, and how far."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.regions: dict[QWidget, QRegion] = {}
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent) and isinstance(watched, QWidget):
            self.regions[watched] = self.regions.get(watched, QRegion()) + event.region()
        return False


def test_a_step_paints_the_gap_it_came_over_and_the_cards_it_touched(show: Callable[[Document], NetworkView]) -> None:
    document = document_of(*LAYERS)
    view = show(document)
    document.next_batch()
    document.go_to(4)
    QApplication.processEvents()
    painted = Painted(view.row, *view.cards)
    document.next_layer()  # forward of layer 5, which is card 5; its values came over gap 4
    QApplication.processEvents()
    assert painted.regions[view.row].contains(view.row.arrows(4)[0].centre.toPoint())
    cards = {view.cards.index(card) for card in painted.regions if isinstance(card, Card)}
    assert {4, 5} <= cards <= {3, 4, 5, 6}, "an update of everything takes too long"


def test_another_shape_is_another_text(show: Callable[[Document], NetworkView]) -> None:
    document = document_of({"kind": "flatten"}, {"kind": "dense", "units": 20}, {"kind": "dense", "units": 3})
    view = show(document)
    assert view.row.arrows(2)[0].shape == "20"
    document.edit("units", layers=({"kind": "flatten"}, {"kind": "dense", "units": 21}, {"kind": "dense", "units": 3}))
    assert view.row.arrows(2)[0].shape == "21"
