"""Which sample the cards show, the mean over the batch, and wrong predictions marked."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.network_view.network_view import NetworkView
from app.network_view.planes import Planes
from core.types import Array
from tests.app.documents import tape_of, with_memory, xor_document

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def document() -> Document:
    return with_memory()


@pytest.fixture
def view(document: Document, qtbot: QtBot) -> NetworkView:
    view = NetworkView(document)
    qtbot.addWidget(view)
    view.resize(1000, 420)
    view.show()
    return view


def shown(view: NetworkView) -> list[tuple[Array | None, Array | None]]:
    return [(card.shown_y, card.shown_dy) for card in view.cards]


def test_the_arrows_go_from_sample_to_sample(document: Document, view: NetworkView) -> None:
    document.next_batch()
    samples, tape = view.samples, tape_of(document)
    assert samples.words == "sample 0 of 0…7" and not samples.before.isEnabled()
    for sample in range(1, 8):
        QTest.mouseClick(samples.after, LEFT)
        assert document.sample == sample and samples.words == f"sample {sample} of 0…7"
        y = view.cards[1].shown_y
        assert y is not None and np.array_equal(y, tape.records[0].tensors["y"][sample])
    assert not samples.after.isEnabled()
    QTest.mouseClick(samples.before, LEFT)
    assert document.sample == 6


def test_the_mean_over_the_batch(document: Document, view: NetworkView) -> None:
    document.next_batch()
    tape, layers = tape_of(document), len(document.experiment.layers)
    QTest.mouseClick(view.samples.batch, LEFT)
    assert document.whole_batch and view.samples.words == "mean of 8"
    for card in view.cards[1:-1]:
        forward = tape.find("forward", card.index, document.cursor)
        backward = tape.find("backward", card.index, document.cursor)
        assert forward and backward and card.shown_y is not None and card.shown_dy is not None
        np.testing.assert_array_equal(card.shown_y, forward.tensors["y"].mean(axis=0))
        np.testing.assert_array_equal(card.shown_dy, backward.tensors["dy"].mean(axis=0))
        assert (card.content.top.name, card.content.bottom.name) == ("mean y", "mean dy")
    loss = view.cards[-1]
    prediction = tape.find("loss", layers, document.cursor)
    assert prediction and loss.shown_y is not None and loss.shown_dy is not None
    chances = 1 / (1 + np.exp(-prediction.tensors["prediction"]))
    np.testing.assert_allclose(loss.shown_y, [1 - chances.mean(), chances.mean()], rtol=1e-5)
    np.testing.assert_array_equal(loss.shown_dy, prediction.tensors["dy"].mean(axis=0))
    first = view.cards[0].shown_y
    assert first is not None
    np.testing.assert_array_equal(first, tape.x.mean(axis=0))
    view.grab()


def test_the_mean_of_points_is_no_point(document: Document, view: NetworkView) -> None:
    document.next_layer()
    document.show_whole_batch(True)
    picture = view.cards[1].content.top.picture
    assert isinstance(picture, Planes)
    rect = view.cards[1].top_rect()
    place = view.cards[1].neuron_rects()[0].center()
    assert picture.hover_text(place, rect).startswith("mean y[0] = ") and "over the batch" in picture.hover_text(
        place, rect
    )


def test_choosing_a_sample_ends_the_mean(document: Document, view: NetworkView) -> None:
    document.next_layer()
    document.select_sample(2)
    one = shown(view)
    document.show_whole_batch(True)
    assert not np.array_equal(shown(view)[1][0], one[1][0])  # type: ignore[arg-type]
    view.samples.next()
    assert document.sample == 2 and not document.whole_batch, "first back to the sample that was shown"
    assert np.array_equal(shown(view)[1][0], one[1][0])  # type: ignore[arg-type]
    document.show_whole_batch(True)
    document.select_sample(2)
    assert not document.whole_batch, "also the same sample, chosen elsewhere"
    view.samples.toggle_batch()
    view.samples.toggle_batch()
    assert not document.whole_batch


@pytest.mark.parametrize("scale", ["unit", "layer", "network"])
def test_every_scale_has_the_mean_in_it(document: Document, view: NetworkView, scale: str) -> None:
    document.next_batch()
    document.show_whole_batch(True)
    view.scale = scale  # type: ignore[assignment]
    tape = tape_of(document)
    limits = [
        float(np.abs(r.tensors["dy"].mean(axis=0)).max()) for r in tape.records if r.phase in ("loss", "backward")
    ]
    highs = [card.content.bottom.picture.scale.high for card in view.cards[1:] if card.content.bottom.picture]
    assert highs == pytest.approx([max(limits)] * len(limits) if scale == "network" else [*limits[:0:-1], limits[0]])
    view.grab()


def test_a_wrong_prediction_is_marked_from_the_loss_on(document: Document, view: NetworkView) -> None:
    tape, layers = tape_of(document), len(document.experiment.layers)
    predicted = tape.records[layers].tensors["prediction"][:, 0] > 0
    true = document.data.t_train[tape.rows] == 1
    assert predicted.tolist() != true.tolist(), "some are wrong at the start"
    for sample in range(len(true)):
        document.select_sample(sample)
        document.go_to(layers)
        assert view.samples.verdict.text() == "", "before the loss nothing is known"
        width = view.samples.sizeHint().width()
        document.go_to(layers + 1)
        wrong = bool(predicted[sample] != true[sample])
        assert view.samples.verdict.text() == ("wrong" if wrong else "")
        assert view.samples.sizeHint().width() == width, "nothing beside it moves"
        assert view.samples.verdict.sizeHint().width() <= view.samples.verdict.width()
        names = document.data.class_names
        words = f"Wrong: taken for {names[int(predicted[sample])]}, it is {names[int(true[sample])]}."
        for text in (view.samples.text, view.samples.verdict):
            assert text.toolTip().splitlines()[:-1] == ([words] if wrong else [])
    document.show_whole_batch(True)
    assert view.samples.verdict.text() == ""


def test_a_short_last_batch(view: NetworkView, document: Document) -> None:
    document.select_sample(7)
    for _ in range(3):
        document.next_batch()
    assert len(tape_of(document).rows) == 4 and view.samples.words == "sample 3 of 0…3"


def test_nothing_beside_it_moves_as_one_walks(document: Document, view: NetworkView) -> None:
    widths = set()
    for sample in range(8):
        document.select_sample(sample)
        widths.add(view.samples.sizeHint().width())
    document.next_batch()
    widths.add(view.samples.sizeHint().width())
    assert len(widths) == 1


def test_without_a_batch(qtbot: QtBot) -> None:
    document = xor_document(layers=())
    view = NetworkView(document)
    qtbot.addWidget(view)
    view.show()
    samples = view.samples
    assert samples.words == "no batch"
    assert not (samples.before.isEnabled() or samples.after.isEnabled() or samples.batch.isEnabled())
