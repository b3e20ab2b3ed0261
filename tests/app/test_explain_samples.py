"""The share of every sample in a number, with what the samples look like: images, or dots in the plane."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.panels.explain import samples
from app.panels.explain.samples import Samples, plane_rect
from app.panels.explain.shares import SharesView
from app.panels.explain.sources import sources
from app.plots.color_maps import finite_range
from app.plots.numbers import format_number
from core.explain import Place, by_sample, explain
from core.tape import Phase
from core.types import Array
from tests.app.explain_tabs import BATCH_NORM, CONV, MAX_POOL, click, hover, image_document, open_inspector, step_of

SHARES = np.array([0.1, -0.9, 0.3, 0.0, 0.7, -0.2, 0.05])


@pytest.fixture
def view(qtbot: QtBot) -> SharesView:
    view = SharesView()
    qtbot.addWidget(view)
    view.resize(260, 200)
    view.show()
    return view


def images(count: int) -> Samples:
    """Every image has one bright row, of its own number."""
    x = np.zeros((count, 1, 8, 8), np.float32)
    x[np.arange(count), 0, np.arange(count)] = 1
    return Samples(x)


def test_images_are_those_of_the_selected_sample_and_of_the_largest_shares(view: SharesView) -> None:
    view.set_shares(SHARES, images(7), selected=3)
    assert view.row().places[:4] == (3, 1, 4, 2)
    image = view.grab().toImage()
    for number, sample in enumerate(view.row().places):
        rect = view.row().rect(number)
        rows = [rect.top() + (row + 0.5) * rect.height() / 8 for row in range(8)]
        inks = [image.pixelColor(QPointF(rect.center().x(), y).toPoint()).lightness() for y in rows]
        assert int(np.argmin(inks)) == sample


def test_the_scale_of_the_images_is_looked_for_once(view: SharesView, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []

    def counting(x: Array) -> tuple[float, float]:
        found.append(x.size)
        return finite_range(x)

    monkeypatch.setattr(samples, "finite_range", counting)
    view.set_shares(SHARES, images(7), selected=3)
    for _ in range(3):
        view.grab()
    assert len(found) == 1


def test_pointing_at_a_bar_shows_its_sample_and_an_image_is_as_good_as_its_bar(view: SharesView) -> None:
    view.set_shares(SHARES, images(7), selected=3)
    chosen: list[int] = []
    view.sample_clicked.connect(chosen.append)
    hover(view, lambda: view.bar_rect(6).center())
    assert view.hover_text() == f"sample 6 adds {format_number(0.05)}"
    hover(view, lambda: view.row().rect(1).center())
    assert view.hover_text() == f"sample 1 adds {format_number(-0.9)}"
    click(view, lambda: view.row().rect(2).center())
    click(view, lambda: view.bar_rect(5).center())
    assert chosen == [4, 5]


def test_in_the_plane_a_sample_is_a_dot_with_its_coordinates(view: SharesView) -> None:
    x = np.array([[-0.5, 0.5], [0.5, 0.5], [0.5, -0.5], [0, 0], [1, 1], [-1, -1], [-1, 1]], np.float32)
    view.set_shares(SHARES, Samples(x), selected=0)
    assert view.hover_text() == f"sample 0 (−0.500, 0.500) adds {format_number(0.1)}"
    chosen: list[int] = []
    view.sample_clicked.connect(chosen.append)
    room = plane_rect(view._pictures_room())

    def dot(sample: int) -> QPointF:
        right, up = (x[sample].astype(float) + 1.2) / 2.4
        return QPointF(room.left() + right * room.width(), room.bottom() - up * room.height())

    def beside(sample: int) -> QPointF:
        return dot(sample) + QPointF(2, 1)

    for sample in (2, 5, 1):
        click(view, partial(beside, sample))
    assert chosen == [2, 5, 1]


def test_other_data_has_neither(view: SharesView) -> None:
    view.set_shares(SHARES, Samples(np.zeros((7, 9), np.float32)), selected=0)
    low = view.height()
    assert view.hover_text() == f"sample 0 adds {format_number(0.1)}"
    view.set_shares(SHARES, images(7), selected=0)
    assert view.height() > low
    assert view.cell_at(QPointF(3, low + 100)) is None


def test_a_gradient_of_a_filter_shows_the_images_of_its_batch(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    step, shares = step_of(document), inspector.explain.shares
    place = Place(step.position("backward", CONV), "d_weight", (1, 0, 2, 1))
    document.questions.ask(place)
    expected = by_sample(step, place)
    strongest = int(np.abs(expected).argmax())
    first = next(number for number in shares.row().places if number != document.sample)
    assert strongest in (first, document.sample)
    click(shares, lambda: shares.row().rect(shares.row().places.index(first)).center())
    assert document.sample == first
    pictures = inspector.explain.pictures
    if first == strongest:
        assert not pictures.equation.isVisible(), "the window that slides shows that sample already"
        document.select_sample((strongest + 1) % len(step.tape.rows))
    assert pictures.equation.isVisible() and f"sample {strongest}, which weighs most" in pictures.equation_note.text()
    assert f"selected sample, {document.sample}" in pictures.equation_note.text()


def test_losses_show_the_samples_as_well(qtbot: QtBot) -> None:
    experiment = dataclasses.replace(load_preset("xor"), batch_size=6)
    document = Document(experiment, experiment.source().load())
    inspector = open_inspector(qtbot, document)
    step = step_of(document)
    document.questions.ask(Place(step.position("loss", len(step.layers)), "value", ()))
    losses = inspector.explain.pictures.losses
    assert losses.isVisible() and " (" in losses.hover_text() and losses.height() > 120


@pytest.mark.parametrize(
    ("layer", "phase", "tensor", "names"),
    [
        (CONV, "backward", "d_bias", ("dy",)),
        (BATCH_NORM, "backward", "d_weight", ("dy", "x_hat")),
        (BATCH_NORM, "forward", "mean", ("x",)),
    ],
)
def test_all_pictures_of_a_sum_over_the_batch_are_of_the_sample_that_weighs_most_and_say_so(
    qtbot: QtBot, layer: int, phase: Phase, tensor: str, names: tuple[str, ...]
) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    step, tab = step_of(document), inspector.explain
    position = step.position(phase, layer)
    document.questions.ask(Place(position, tensor, (1,)))
    factors = [step.tensor(position, name)[:, 1] for name in names]
    shares = np.prod(np.asarray(factors, np.float64), axis=0).sum(axis=(1, 2))
    heaviest = int(np.abs(shares).argmax())
    document.select_sample((heaviest + 1) % len(shares))
    found, _ = sources(step, explain(step, Place(position, tensor, (1,))))
    assert [source.title for source in found] == [f"{name}[{heaviest}, 1, :, :]" for name in names]
    assert tab.sources.notes() == [f"Sample {heaviest}, which weighs most of all {len(shares)}."]
    assert tab.sources.notes()[0] in tab.sources.accessibleDescription()
    equation = tab.pictures.equation
    assert equation.isVisible() == (tensor != "d_bias")
    if equation.isVisible():
        assert tab.pictures.equation_note.text() == f"The products of sample {heaviest}:"
        assert equation.tool_tip_text().startswith(f"{names[0]}[{heaviest}, 1, :, :] × ")


def test_a_number_of_one_sample_needs_no_word_about_samples(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    step = step_of(document)
    for position, tensor in (
        (step.position("backward", BATCH_NORM), "dx"),
        (step.position("forward", BATCH_NORM), "y"),
        (step.position("forward", MAX_POOL), "y"),
    ):
        document.questions.ask(Place(position, tensor, (3, 1, 1, 1)))
        assert not any("weighs most" in note for note in inspector.explain.sources.notes())
    document.questions.ask(Place(step.update_positions["0.weight"], "after", (1, 0, 2, 1)))
    assert inspector.explain.sources.notes() == []
