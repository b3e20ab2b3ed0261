"""What the status line and the tool bar say of a training that runs: true words, however long its steps are."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.engine.protocol import Frame
from app.window.status_bar import StatusLine
from app.window.tool_bar import Position
from tests.app.documents import batches, with_memory


def frame(samples_per_second: float) -> Frame:
    return Frame(1, np.empty(0), {}, None, samples_per_second)


@pytest.fixture
def document() -> Document:
    document = with_memory()
    batches(document, 3)
    return document


def said(line: StatusLine) -> str:
    line.refresh()
    return line.sentence.text()


def test_a_run_is_told_from_its_start_to_its_pause(qtbot: QtBot, document: Document) -> None:
    line = StatusLine(document)
    qtbot.addWidget(line)
    document.begin_run()
    assert said(line) == "Starting to train…"
    line.show_speed(frame(0.0))
    assert said(line) == "Training: the cards show batch 3 · Space pauses"
    line.show_speed(frame(1e5))
    assert said(line) == "Training: the cards show batch 3 · Space pauses"
    line.show_slow(3.0)
    assert said(line).startswith("The current step has been running for 3 s")
    line.show_slow(0.0)
    line.show_pausing(True)
    assert said(line) == "Pausing after the current step…"


def test_of_long_steps_it_says_that_the_cards_wait(qtbot: QtBot, document: Document) -> None:
    line, position = StatusLine(document), Position(document)
    for view in (line, position):
        qtbot.addWidget(view)
    document.begin_run()
    assert document.trainer
    line.show_speed(frame(document.trainer.batch_size / 0.5))
    assert said(line) == "Training, 0.5 s a step: until a pause the cards show batch 3 · Space pauses"
    document.show_progress(4, np.array([0.5, 0.25]), {})
    position.refresh()
    words = position.text.accessibleDescription()
    assert "step <b>5</b>" in words and "loss <b>0.25" in words and document.steps_done == 3


def test_while_the_window_cannot_answer_it_says_why(qtbot: QtBot, document: Document) -> None:
    line = StatusLine(document)
    qtbot.addWidget(line)
    before = said(line)
    line.show_busy("This takes a while…")
    cursor = QApplication.overrideCursor()
    assert line.sentence.text() == "This takes a while…" and cursor and cursor.shape() == Qt.CursorShape.WaitCursor
    line.show_busy("And this too…")
    line.show_busy("")
    assert line.sentence.text() == before and QApplication.overrideCursor() is None
