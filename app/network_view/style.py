"""Fonts, colours and words that the cards and the tape share; made once, because cards are painted often."""

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from app.plots.color_maps import finite_limit, finite_range
from app.plots.non_finite import non_finite_words
from app.plots.numbers import MINUS, format_number
from app.theme import SMALL_POINT_SIZE, Theme, blend, current_theme, readable, ui_font
from core.tape import Phase
from core.types import Array


@lru_cache(maxsize=16)
def font(points: float = SMALL_POINT_SIZE, bold: bool = False) -> QFont:
    """The font of words in this size."""
    return ui_font(points, bold)


@lru_cache(maxsize=16)
def metrics(points: float = SMALL_POINT_SIZE, bold: bool = False) -> QFontMetricsF:
    """The measures of that font."""
    return QFontMetricsF(font(points, bold))


def phase_color(phase: Phase) -> str:
    """The colour of a direction: blue forward, amber loss, vermilion backward, green update."""
    theme = current_theme()
    return {"forward": theme.forward, "loss": theme.loss, "backward": theme.backward, "update": theme.update}[phase]


def text_color(color: str) -> QColor:
    """The colour, made readable as small text on a panel."""
    return _text_color(current_theme(), color)


@lru_cache(maxsize=64)
def _text_color(theme: Theme, color: str) -> QColor:
    return readable(color)


def mixed(color: str, share: float) -> QColor:
    """That share of a colour on the panel's colour."""
    return blend(color, current_theme().panel, share)


def short_number(value: float) -> str:
    """A value with two significant digits, as the ends of a range are written: `−2.1`, `8.7e−4`."""
    return format_number(value, 2)


def range_words(values: Array) -> str:
    """From the smallest to the largest value: `−2.1…3.4`, or just one; what is not finite is counted instead."""
    ends = dict.fromkeys(map(short_number, finite_range(values)))
    return non_finite_words(values) or "…".join(ends)


def limit_words(values: Array) -> str:
    """The largest magnitude: `±8.7e−4`; what is not finite is counted instead."""
    limit = finite_limit(values)
    return non_finite_words(values) or (f"±{short_number(limit)}" if limit else "0")


def ends_words(low: float, high: float) -> str:
    """The ends of a colour scale, for a tool tip."""
    if low == -high:
        return f"{MINUS}{short_number(high)} to {short_number(high)}"
    return f"{short_number(low)} to {short_number(high)}"


@lru_cache(maxsize=512)
def fitting(texts: tuple[str, ...], sizes: tuple[float, ...], room: float, bold: bool = False) -> tuple[str, float]:
    """The first text that fits into a line, in the largest of the sizes; the last one cut short if none does."""
    for text in texts:
        for points in sizes:
            if metrics(points, bold).horizontalAdvance(text) <= room:
                return text, points
    return metrics(sizes[-1], bold).elidedText(texts[-1], Qt.TextElideMode.ElideRight, room), sizes[-1]


def draw_fitting(
    painter: QPainter, rect: QRectF, texts: tuple[str, ...], sizes: tuple[float, ...], bold: bool = False
) -> None:
    """That text, left in its rectangle."""
    text, points = fitting(texts, sizes, rect.width(), bold)
    painter.setFont(font(points, bold))
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
