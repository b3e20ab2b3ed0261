"""Curves as a picture in a file: pixels (PNG) or lines that stay sharp at any size (SVG).

What has no name in the plot has one below it, so that no name lies on a curve.
"""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsView

from app.plots.base import LINE_GAP, line_height, small_font
from app.theme import current_theme
from core.types import DataError

_SCALE = 2
"""Pixels of a PNG for each pixel on the screen, so that it can be printed."""

_MARGIN = 8.0
_SWATCH = 14.0
_LINE = 3.0
_ENDLESS = 1e4  # pixels, more than any name is high
_WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)

Names = Sequence[tuple[str, str]]
"""Words and the colour of their curve."""


def write_picture(view: QGraphicsView, path: Path, below: Names = ()) -> None:
    """Write what a view shows, with these names below it, as a PNG or SVG, by the ending of the name.

    Errors: DataError when the name ends in anything else, or the file cannot be written
    """
    kind = path.suffix.lower()
    if kind == ".png":
        content = _png(view, below)
    elif kind == ".svg":
        content = _svg(view, below)
    else:
        raise DataError(f"A picture is written as .png or .svg, not as {path.name!r}: choose one of these endings.")
    try:
        path.write_bytes(content)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"The picture cannot be written to {path}: {reason}. Choose another place.") from error


def _png(view: QGraphicsView, below: Names) -> bytes:
    image = QImage(_size(view, below) * _SCALE, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.scale(_SCALE, _SCALE)
    _paint(painter, view, below)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs want bytes, Qt wants a text
    return bytes(buffer.data().data())


def _svg(view: QGraphicsView, below: Names) -> bytes:
    size = _size(view, below)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(view.logicalDpiX())  # letters as large as on the screen
    generator.setSize(size)
    generator.setViewBox(QRect(QPoint(), size))
    generator.setTitle("Curves")
    painter = QPainter(generator)
    _paint(painter, view, below)
    painter.end()
    return bytes(buffer.data().data())


def _size(view: QGraphicsView, below: Names) -> QSize:
    places = _places(view, below)
    return QSize(view.width(), round(places[-1].bottom() + _MARGIN) if places else view.height())


def _paint(painter: QPainter, view: QGraphicsView, below: Names) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(QRect(QPoint(), _size(view, below)), view.backgroundBrush())
    view.render(painter, QRectF(view.rect()), view.rect(), Qt.AspectRatioMode.IgnoreAspectRatio)
    painter.setFont(small_font())
    for (name, color), place in zip(below, _places(view, below), strict=True):
        line = QRectF(_MARGIN, place.top() + line_height() / 2 - _LINE, _SWATCH, _LINE)
        painter.fillRect(line, QColor(color))
        painter.setPen(QColor(current_theme().text))
        painter.drawText(place, _WRAPPED, name)


def _places(view: QGraphicsView, below: Names) -> list[QRectF]:
    """Where the names go: one below the other, those that are too long in several lines."""
    metrics, left = QFontMetricsF(small_font()), _MARGIN + _SWATCH + _MARGIN
    places: list[QRectF] = []
    for name, _ in below:
        top = places[-1].bottom() if places else view.height()
        room = QRectF(left, top, view.width() - left - _MARGIN, _ENDLESS)
        lines = metrics.boundingRect(room, _WRAPPED, name).height()
        places.append(QRectF(left, top, room.width(), lines + LINE_GAP))
    return places
