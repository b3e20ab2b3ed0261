"""In a narrow window the cards and the tape still tell what they can: fewer digits, shorter names, but something."""

import pytest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.network_view.card import Card
from app.network_view.card_content import CardContent, Row
from app.network_view.segments import fitting_labels, segment_label, segment_rects
from app.network_view.tape_bar import TapeBar
from app.plots.numbers import format_number
from tests.app.explain_tabs import image_document, numbers_document
from tests.app.panel_documents import show, tape_of

NARROW_BAR = 708
"""Pixels of the tape in a window of 1280."""


@pytest.mark.parametrize(("loss", "digits"), [(3.6654321, 4), (0.00012345, 2)])
def test_the_loss_has_all_of_its_digits_where_there_is_room(qtbot: QtBot, loss: float, digits: int) -> None:
    card = show(qtbot, Card(), 102, 280)
    row = Row("", "ahead")
    card.set_content(CardContent(3, "Loss", ("MSE",), row, row, value=(format_number(loss), format_number(loss, 2))))
    assert card.value_text() == format_number(loss, digits)
    assert format_number(loss) in card.hover_text(card.value_rect().center()), "the tool tip has room for all"
    assert format_number(loss) in card.accessibleName()


def deep() -> Document:
    document = image_document()
    layers = document.experiment.layers
    document.edit("deeper", layers=(*layers[:-2], {"kind": "dense", "units": 6}, *layers[-2:]))
    return document


@pytest.mark.parametrize("document", [numbers_document({"kind": "adam"}), deep()], ids=["shallow", "deep"])
def test_updates_are_labelled_in_a_window_of_1280_pixels(qtbot: QtBot, document: Document) -> None:
    bar = show(qtbot, TapeBar(document), NARROW_BAR, 80)
    records = tape_of(document).records
    phases = [record.phase for record in records]
    rooms = [rect.width() - 4 for rect in segment_rects(phases, bar.segment_rect(0).united(bar.segment_rect(-1)))]
    found = fitting_labels([segment_label(record) for record in records], phases, rooms)
    assert all(text for text, _ in found), found


def test_the_penalty_is_not_called_a_second_loss(qtbot: QtBot) -> None:
    document = numbers_document({"kind": "sgd"}, penalty={"kind": "l2", "strength": 0.1})
    bar = show(qtbot, TapeBar(document), NARROW_BAR, 80)
    assert bar.labels.count("loss") == 1 and bar.labels[bar.labels.index("loss") + 1] == "penalty"
