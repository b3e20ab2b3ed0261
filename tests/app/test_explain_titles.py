"""Titles and numbers beside the pictures of the Explain tab can be read in the narrow Inspector of a small window."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.panels.explain.pointed import PointedView
from app.panels.explain.table import Table, TableView
from app.plots import base
from app.plots.base import draw_title, small_font
from core.explain import Place
from tests.app.explain_tabs import CONV, MAX_POOL, image_document, open_inspector, step_of

NARROW = 282  # pixels: the Inspector of a window of 1280 by 800
Drawn = list[tuple[str, QRectF]]
Reader = Callable[[QWidget], Drawn]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Reader:
    """The titles of a view as they stand on it: what can be read of each, and where."""
    drawn: Drawn = []

    def draw_line(painter: QPainter, rect: QRectF, text: str, *more: Any) -> None:
        drawn.append((QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, rect.width()), rect))

    def titles(view: QWidget) -> Drawn:
        drawn.clear()
        with monkeypatch.context() as patch:
            patch.setattr(base, "draw_line", draw_line)  # which a title is drawn with
            view.grab()
        return [*drawn]

    return titles


def test_a_title_begins_with_its_name_and_stays_in_the_view(read: Reader, qtbot: QtBot) -> None:
    class Titles(QWidget):
        def paintEvent(self, event: QEvent) -> None:
            painter = QPainter(self)
            painter.setFont(small_font())
            for left, width in ((-20.0, 50.0), (40.0, 200.0), (90.0, 30.0), (60.0, 24.0)):
                draw_title(painter, QRectF(left, 0, width, 20), "x_hat[3]", self.width())
            painter.end()

    view = Titles()
    qtbot.addWidget(view)
    view.resize(110, 20)
    drawn = read(view)
    assert drawn[0][1].left() == 0 and all(rect.right() <= view.width() for _, rect in drawn)
    assert drawn[1][0] == "x_hat[3]" and all(text[0] == "x" for text, _ in drawn)
    assert drawn[3][0].endswith("…")


def test_the_two_tables_of_a_pooling_tell_x_from_dx(qtbot: QtBot, read: Reader) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    inspector.resize(NARROW, 700)
    document.questions.ask(Place(step_of(document).position("backward", MAX_POOL), "dx", (6, 1, 2, 2)))
    QApplication.processEvents()
    views = inspector.explain.pictures.tables
    assert [read(view)[0][0] for view in views] == ["x[6, 1, :, :]", "dx[6, 1, :, :]"]
    assert [view.tool_tip_text().splitlines()[0] for view in views] == ["x[6, 1, :, :]", "dx[6, 1, :, :]"]


def test_the_numbers_along_a_long_row_stand_apart_and_in_the_view(qtbot: QtBot, read: Reader) -> None:
    view = TableView()
    qtbot.addWidget(view)
    for count in (3, 40, 140, 256):
        names = tuple(map(str, range(count)))
        view.set_table(Table("mask", np.ones((1, count)), (), names, lambda row, column: None, title="mask[95]"))
        view.resize(262, view.height())
        (title, _), *numbers = read(view)
        assert title == "mask[95]" and len(numbers) > 2
        assert [text for text, _ in numbers] == [str(int(numbers[1][0]) * at) for at in range(len(numbers))]
        for (_, rect), (_, after) in pairwise(numbers):
            assert after.left() - rect.right() > 2
        assert numbers[0][1].left() >= 0 and numbers[-1][1].right() <= view.width()


def test_a_source_whose_title_does_not_fit_has_its_name_and_the_title_as_tool_tip(qtbot: QtBot, read: Reader) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    view = inspector.explain.sources
    document.questions.ask(Place(step_of(document).update_positions[f"{CONV}.weight"], "after", (1, 0, 2, 1)))
    whole = view.accessibleDescription().removeprefix("Made from ")
    names = [title.partition("[")[0] for title in whole.split("], ")]
    assert len(names) > 2 and whole.count("[1, 0, :, :]") == len(names)
    for width, full in ((NARROW, False), (900, True)):
        inspector.resize(width, 700)
        QApplication.processEvents()
        assert [text for text, _ in read(view)] == [f"{name}[1, 0, :, :]" if full else name for name in names]
        point_at(view, QPointF(view.width() - 5, 5))
        assert view.tool_tip_text().splitlines()[0] == f"{names[-1]}[1, 0, :, :]"


def point_at(view: PointedView, point: QPointF) -> None:
    none = Qt.MouseButton.NoButton
    move = QMouseEvent(QEvent.Type.MouseMove, point, view.mapToGlobal(point), none, none, Qt.KeyboardModifier(0))
    QApplication.sendEvent(view, move)
