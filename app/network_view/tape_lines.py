"""The words below the tape: broken into lines as large as there is room for, and as little as possible cut."""

import math
from itertools import accumulate

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from app.network_view.style import font, metrics
from app.network_view.tape_words import TAPE_SIZE
from app.theme import current_theme

_POINTS = (9.0, 8.5, 8.0, 7.5)
_LINES = 3  # of the smallest size, which take hardly more room than two of the largest


def text_height() -> int:
    """The room for the lines, in pixels; it does not change with the words."""
    return math.ceil(_LINES * metrics(_POINTS[-1]).height())


def text_lines(text: str, room: float) -> tuple[float, list[str]]:
    """The size of the type, and the text in one line or in two of about the same length; in three of the smallest type.

    What a tape takes gives way to what happened. `room` is the width of a line, in pixels.
    """
    for words in (text, text.partition(TAPE_SIZE)[0]):
        for points in _POINTS:
            lines = _halved(words, points, room)
            if max(map(metrics(points).horizontalAdvance, lines)) <= room:
                return points, lines
    return _POINTS[-1], _cut(words, _POINTS[-1], room)


def paint_text(painter: QPainter, text: str, room: QRectF) -> None:
    """The lines, at the right and in the middle of their room."""
    points, lines = text_lines(text, room.width())
    painter.setFont(font(points))
    painter.setPen(QColor(current_theme().muted))
    height = metrics(points).height()
    top = room.center().y() - len(lines) * height / 2
    for number, line in enumerate(lines):
        rect = QRectF(room.left(), top + number * height, room.width(), height)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), line)


def _halved(text: str, points: float, room: float) -> list[str]:
    """A text as it is where there is room for it in one line, else in the two lines that need the least."""
    measure, words = metrics(points).horizontalAdvance, text.split(" ")
    if len(words) == 1 or measure(text) <= room:
        return [text]
    ends = list(accumulate(measure(f"{word} ") for word in words))
    cut = min(range(1, len(words)), key=lambda cut: max(ends[cut - 1], ends[-1] - ends[cut - 1]))
    return [" ".join(words[:cut]), " ".join(words[cut:])]


def _cut(text: str, points: float, room: float) -> list[str]:
    """As many lines as there may be, each as full as it gets; what is too much is missing at the end of the last."""
    measure, lines = metrics(points), [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if len(lines) == _LINES or measure.horizontalAdvance(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return [measure.elidedText(line, Qt.TextElideMode.ElideRight, room) for line in lines]
