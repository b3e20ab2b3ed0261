"""Curves as a picture in a file: pixels (PNG) or lines that stay sharp at any size (SVG)."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsView

from core.types import DataError

_SCALE = 2
"""Pixels of a PNG for each pixel on the screen, so that it can be printed."""


def write_picture(view: QGraphicsView, path: Path) -> None:
    """Write what a view shows as a PNG or SVG, by the ending of the name.

    Errors: DataError when the name ends in anything else, or the file cannot be written
    """
    kind = path.suffix.lower()
    if kind == ".png":
        content = _png(view)
    elif kind == ".svg":
        content = _svg(view)
    else:
        raise DataError(f"A picture is written as .png or .svg, not as {path.name!r}: choose one of these endings.")
    try:
        path.write_bytes(content)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"The picture cannot be written to {path}: {reason}. Choose another place.") from error


def _png(view: QGraphicsView) -> bytes:
    image = QImage(view.size() * _SCALE, QImage.Format.Format_RGB32)
    image.fill(view.backgroundBrush().color())
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    view.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs want bytes, Qt wants a text
    return bytes(buffer.data().data())


def _svg(view: QGraphicsView) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(view.logicalDpiX())  # letters as large as on the screen
    generator.setSize(view.size())
    generator.setViewBox(view.rect())
    generator.setTitle("Curves")
    painter = QPainter(generator)
    painter.fillRect(view.rect(), view.backgroundBrush())
    view.render(painter, QRectF(view.rect()), view.rect(), Qt.AspectRatioMode.IgnoreAspectRatio)
    painter.end()
    return bytes(buffer.data().data())
