"""When a view is redrawn: once for every move while paused; while running when the clock says, one picture a beat."""

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.plots.numbers import Precision
from app.view import PICTURES, TEXT, FrameClock, View
from tests.app.documents import xor_document


class Counting(View):
    """Counts how often it was drawn, and what stood there when it was."""

    def __init__(self, document: Document, interval: int = PICTURES) -> None:
        super().__init__(document)
        self.interval = interval
        self.drawn: list[tuple[int, int, int]] = []
        for signal in (document.position_changed, document.selection_changed, document.history_changed):
            signal.connect(self.invalidate)

    def refresh(self) -> None:
        document = self.document
        self.drawn.append((document.cursor, document.selected_layer, len(document.history.losses)))


@pytest.fixture
def document() -> Document:
    return xor_document()


def shown(qtbot: QtBot, view: Counting) -> Counting:
    qtbot.addWidget(view)
    view.show()
    view.drawn.clear()
    return view


def test_a_move_is_drawn_once_and_as_it_ends(document: Document, qtbot: QtBot) -> None:
    view = shown(qtbot, Counting(document))
    assert document.tape
    for cursor in range(1, len(document.tape) + 1):
        view.drawn.clear()
        document.next_layer()
        done = int(cursor == len(document.tape))
        assert view.drawn == [(cursor, document.selected_layer, done)], "one picture, of the place that was reached"


def test_an_edit_is_drawn_once(document: Document, qtbot: QtBot) -> None:
    document.next_batch()
    view = shown(qtbot, Counting(document))
    document.edit("seed", seed=5)
    assert view.drawn == [(0, document.selected_layer, 0)]


def test_a_choice_alone_is_drawn_too(document: Document, qtbot: QtBot) -> None:
    view = shown(qtbot, Counting(document))
    document.select_layer(2)
    assert [selected for _, selected, _ in view.drawn] == [2]


def test_a_hidden_view_is_drawn_when_it_is_shown(document: Document, qtbot: QtBot) -> None:
    view = shown(qtbot, Counting(document))
    view.hide()
    document.next_batch()
    assert view.drawn == []
    view.show()
    assert view.drawn == [(document.cursor, document.selected_layer, 1)]


def test_a_beat_draws_one_picture_and_all_words(document: Document, qtbot: QtBot) -> None:
    pictures = [shown(qtbot, Counting(document)) for _ in range(3)]
    words = [shown(qtbot, Counting(document, TEXT)) for _ in range(2)]
    views: list[View] = [pictures[0], words[0], pictures[1], words[1], pictures[2]]
    clock = FrameClock(document, views)
    assert document.begin_run()
    clock.stop()  # the beats come from here
    for view in (*pictures, *words):
        view._refreshed_at = 0.0
        view.invalidate()
    QApplication.processEvents()
    for beat in range(1, 4):
        clock._tick()
        assert sum(len(view.drawn) for view in pictures) == beat
    assert [len(view.drawn) for view in (*pictures, *words)] == [1] * 5, "all have had their turn"


def test_a_beat_in_which_the_document_moves_on_draws_nothing(document: Document, qtbot: QtBot) -> None:
    view = shown(qtbot, Counting(document))
    clock = FrameClock(document, [view])
    state = document.begin_run()
    assert state
    clock.stop()  # the beats come from here
    document.show_state(state)
    view.drawn.clear()
    view._refreshed_at = 0.0
    clock._tick()
    assert not view.drawn
    clock._tick()
    assert len(view.drawn) == 1


class Halves(Counting):
    """Draws in two beats."""

    is_unfinished = False

    def tick(self) -> bool:
        if self.is_unfinished:
            self.drawn.append((0, 0, 0))
            self.is_unfinished = False
            return True
        self.is_unfinished = super().tick()
        return self.is_unfinished


def test_what_is_drawn_in_two_beats_has_the_next_one_too(document: Document, qtbot: QtBot) -> None:
    halves, other = shown(qtbot, Halves(document)), shown(qtbot, Counting(document))
    clock = FrameClock(document, [other, halves])
    assert document.begin_run()
    clock.stop()  # the beats come from here
    seen = []
    for view in (halves, other):
        view._refreshed_at = 0.0
        view.invalidate()
        view.drawn.clear()
    for _ in range(3):
        clock._tick()
        seen.append((len(halves.drawn), len(other.drawn)))
    assert seen == [(1, 0), (2, 0), (2, 1)]


def test_other_digits_are_drawn_everywhere(document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Precision, "digits", 4)
    view = shown(qtbot, Counting(document))
    Precision.choose(7)
    assert len(view.drawn) == 1
    Precision.choose(4)
    assert len(view.drawn) == 2
    gone = shown(qtbot, Counting(document))
    shiboken6.delete(gone)
    Precision.choose(5)
    assert len(view.drawn) == 3 and not gone.drawn
