"""The cards of a training that runs elsewhere: in two halves, so that no frame is held up, and whole when it pauses."""

from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.network_view.network_view import NetworkView
from core.trainer import Trainer
from core.types import Array
from tests.app.documents import xor_document


@pytest.fixture
def document() -> Document:
    document = xor_document()
    document.next_batch()
    return document


@pytest.fixture
def view(document: Document, qtbot: QtBot) -> NetworkView:
    view = NetworkView(document)
    qtbot.addWidget(view)
    view.resize(900, 360)
    view.show()
    return view


def elsewhere(document: Document) -> Trainer:
    """The trainer that goes on in another process."""
    trainer = document.experiment.trainer(document.data)
    trainer.restore(document.begin_run() or {})
    return trainer


def beat(document: Document, view: NetworkView, trainer: Trainer) -> None:
    """One step elsewhere, its state here, and the clock's call."""
    trainer.train_step()
    document.show_state(trainer.state())
    view._refreshed_at = 0.0
    assert view.tick()


def newest(document: Document, view: NetworkView) -> list[bool]:
    """Of every layer's card, whether it shows the tape's newest output."""
    tape, found = document.tape, []
    assert tape
    for card, record in zip(view.cards[1:-1], tape.records, strict=False):
        shown: Any = card.shown_y
        values: Array = record.tensors["y"][document.sample]
        found.append(shown is not None and np.array_equal(shown, values))
    return found


def test_the_second_half_has_the_next_beat_before_a_newer_picture(document: Document, view: NetworkView) -> None:
    trainer = elsewhere(document)
    for _ in range(3):
        beat(document, view, trainer)
        assert newest(document, view) == [True, False, False], "three layers between input and loss"
        assert view.is_unfinished
        view.invalidate()
        view._refreshed_at = 0.0
        assert view.tick()
        assert newest(document, view) == [True, True, True] and not view.is_unfinished
    document.end_run(trainer.state())


def test_a_pause_shows_everything_at_once(document: Document, view: NetworkView) -> None:
    trainer = elsewhere(document)
    beat(document, view, trainer)
    document.end_run(trainer.state())
    assert newest(document, view) == [True, True, True]
    assert not view.is_unfinished, "nothing older comes after it"


def test_a_hidden_row_is_whole_when_it_is_shown_again(document: Document, view: NetworkView) -> None:
    trainer = elsewhere(document)
    beat(document, view, trainer)
    view.hide()
    document.end_run(trainer.state())
    view.show()
    assert newest(document, view) == [True, True, True]
