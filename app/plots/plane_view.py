"""The decision boundary: what the network answers over the plane, with the points it learns from on top.

Row 0 of a surface is the lowest y, as a mesh grid counts it; on the screen y goes up.
"""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from app.plots.base import MARGIN, PaintedView, draw_line, draw_warning, line_height
from app.plots.color_maps import class_image, class_table, colored_image, sequential_index
from app.plots.legend import draw_legend, legend_width
from app.plots.non_finite import non_finite_words
from app.plots.numbers import format_number
from app.theme import current_theme, rgb
from core.datasets.planes import EXTENT
from core.types import Array

_POINT = 3.6
_STAMP = 10  # room for a point and its outline


class PlaneView(PaintedView):
    """Shows a function over the square plane [−1.2, 1.2]² and labelled points.

    What a click has led to is said by `say`, until the pointer goes on.
    """

    point_clicked = Signal(int)
    """Number of the point that was clicked, in the order of `set_points`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Plane", parent)
        self._surface: Array | None = None
        self._range = (0.0, 1.0)
        self._class_names: tuple[str, ...] = ()
        self._points: Array = np.zeros((0, 2))
        self._labels: Array = np.zeros(0)
        self._test: Array = np.zeros(0, dtype=bool)
        self._image: QImage | None = None
        self._picture: QPixmap | None = None
        self._pointer: QPointF | None = None
        self._marked: tuple[float, float] | None = None
        self._said = ""
        self.provenance = ""
        """Where the values of the surface come from; the tool tip says it."""

        self.set_message("No points yet")

    def set_surface(self, values: Array, low: float = 0.0, high: float = 1.0) -> None:
        """Show one output over the plane, from the first class's colour at `low` to the second's at `high`.

        Shapes: values (H, W), row 0 at y = −1.2, column 0 at x = −1.2
        """
        if self._range != (low, high):
            self._picture = None  # real targets are coloured like the surface
        self._surface, self._range = np.array(values), (low, high)
        self._surface_changed()

    def set_class_surface(self, probabilities: Array, class_names: Sequence[str] = ()) -> None:
        """Show several classes over the plane, their colours mixed by probability.

        Shapes: probabilities (K, H, W), row 0 at y = −1.2, column 0 at x = −1.2
        """
        self._surface, self._class_names = np.array(probabilities), tuple(class_names)
        self._surface_changed()

    def mark(self, point: tuple[float, float] | None) -> None:
        """Put a ring around a point of the plane; None removes it."""
        if point != self._marked:
            self._marked = point
            self.update()

    def say(self, words: str) -> None:
        """Words for the line below the plane and the tool tip."""
        self._said = words
        self.setAccessibleDescription(words)
        self.update()

    def set_points(self, x: Array, labels: Array, test: Array | None = None) -> None:
        """Show points: training points filled, test points as rings.

        Shapes: x (N, 2); labels (N,), class numbers or real targets (coloured like the surface); test (N,) bool
        """
        self._points, self._labels = np.array(x), np.array(labels)
        self._test = np.zeros(len(x), dtype=bool) if test is None else np.array(test, dtype=bool)
        self._picture = None
        self.set_message("")

    def hover_text(self) -> str:
        """`(0.31, −0.20): 0.9421`, or the likeliest class and its probability."""
        if self._said:
            return self._said
        if self._pointer is None or self._message:
            return ""
        x, y = self.plane_position(self._pointer)
        if max(abs(x), abs(y)) > EXTENT:
            return ""
        where = f"({format_number(x, 3)}, {format_number(y, 3)})"
        if self._surface is None:
            return where
        height, width = self._surface.shape[-2:]
        row = min(int((y + EXTENT) / (2 * EXTENT) * height), height - 1)
        column = min(int((x + EXTENT) / (2 * EXTENT) * width), width - 1)
        here = self._surface[..., row, column]
        if here.ndim == 0:
            return f"{where}: {format_number(float(here))}"
        if not np.isfinite(here).all():
            return f"{where}: NaN"
        best = int(here.argmax())
        name = self._class_names[best] if best < len(self._class_names) else f"class {best}"
        return f"{where}: {name} {format_number(float(here[best]), 3)}"

    def point_at(self, place: QPointF) -> int | None:
        """The point under a place of the widget; of several the one that is painted last, on top of the others."""
        reach = (_POINT + 1.5) * 2 * EXTENT / self.square().width()
        x, y = self.plane_position(place)
        near = np.flatnonzero(np.hypot(self._points[:, 0] - x, self._points[:, 1] - y) <= reach)
        return int(near[-1]) if near.size else None

    def square(self) -> QRectF:
        """The plane's place on the widget."""
        room = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN - line_height())
        side = max(1.0, min(room.width(), room.height()))
        return QRectF(room.center().x() - side / 2, room.top() + (room.height() - side) / 2, side, side)

    def plane_position(self, point: QPointF) -> tuple[float, float]:
        """From a point of the widget to x and y on the plane."""
        square = self.square()
        x = (point.x() - square.left()) / square.width()
        y = (square.bottom() - point.y()) / square.height()
        return (2 * x - 1) * EXTENT, (2 * y - 1) * EXTENT

    def widget_position(self, x: float, y: float) -> QPointF:
        """From x and y on the plane to a point of the widget."""
        return _place(x, y, self.square())

    def restyle(self) -> None:
        """Make the picture again in the colours of the theme."""
        self._image = self._picture = None
        super().restyle()

    def paint_content(self, painter: QPainter) -> None:
        """Surface, axes, points, strip."""
        theme, square = current_theme(), self.square()
        painter.fillRect(square, QColor(theme.field))
        if self._surface is not None:
            if self._image is None:
                self._image = self._make_image(self._surface)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(square, self._image)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawRect(square)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._points_picture())
        if self._marked is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for color, width in ((theme.panel, 4.5), (theme.text, 2.0)):
                painter.setPen(QPen(QColor(color), width))
                painter.drawEllipse(_place(*self._marked, square), _POINT + 3, _POINT + 3)
        self._paint_strip(painter)

    def tool_tip_text(self) -> str:
        """The value, and where it comes from."""
        words = self.hover_text()
        has_value = bool(words) and not self._said and self._surface is not None
        return f"{words}\n{self.provenance}" if has_value and self.provenance else words

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the value under the pointer."""
        self._pointer, self._said = event.position(), ""
        on_point = not self._message and self.point_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if on_point else Qt.CursorShape.ArrowCursor)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a point chooses it."""
        number = None if self._message else self.point_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and number is not None:
            self.point_clicked.emit(number)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is read any more."""
        self._pointer, self._said = None, ""
        self.update()

    def sizeHint(self) -> QSize:
        """Square, and the strip."""
        return QSize(240, 260)

    def _surface_changed(self) -> None:
        self._image = None
        self.set_message("")

    def _make_image(self, surface: Array) -> QImage:
        upwards = surface[..., ::-1, :]
        if upwards.ndim == 3:
            return class_image(upwards)
        # Softened towards the panel, so that points in the same colour can still be told from their ground.
        table = class_table().copy()
        panel = np.array(rgb(current_theme().panel))
        table[1:, :3] = (0.6 * table[1:, :3] + 0.4 * panel).round()
        return colored_image(sequential_index(upwards, *self._range), table)

    def _point_color(self, label: float) -> QColor:
        theme = current_theme()
        if np.issubdtype(self._labels.dtype, np.integer):
            return QColor(theme.class_color(int(label)))
        row = class_table()[int(sequential_index(np.array([label]), *self._range)[0])]
        return QColor(*(int(channel) for channel in row))

    def _points_picture(self) -> QPixmap:
        """All points on a clear ground, made once: they stay while the surface changes many times a second."""
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.size() != self.size() * ratio:
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._picture)
            square = self.square()
            painter.setClipRect(square)
            stamps: dict[tuple[float, bool], QPixmap] = {}
            corner, scale = (square.left(), square.bottom()), square.width() / (2 * EXTENT)
            corners = (corner + (self._points + EXTENT) * (scale, -scale) - _STAMP / 2).tolist()
            for (x, y), label, test in zip(corners, self._labels.tolist(), self._test.tolist(), strict=True):
                if (label, test) not in stamps:
                    stamps[label, test] = self._stamp(label, test)
                painter.drawPixmap(QPointF(x, y), stamps[label, test])
            painter.end()
        return self._picture

    def _stamp(self, label: float, test: bool) -> QPixmap:
        """One point, painted once for all that look like it: printing hundreds is many times faster than painting."""
        ratio = self.devicePixelRatioF()
        stamp = QPixmap(QSize(_STAMP, _STAMP) * ratio)
        stamp.setDevicePixelRatio(ratio)
        stamp.fill(Qt.GlobalColor.transparent)
        painter = QPainter(stamp)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at, color, panel = QPointF(_STAMP / 2, _STAMP / 2), self._point_color(label), QColor(current_theme().panel)
        if test:
            painter.setBrush(panel)
            painter.setPen(QPen(color, 1.6))
            painter.drawEllipse(at, _POINT - 0.8, _POINT - 0.8)
        else:
            painter.setBrush(color)
            painter.setPen(QPen(panel, 1))
            painter.drawEllipse(at, _POINT, _POINT)
        painter.end()
        return stamp

    def _paint_strip(self, painter: QPainter) -> None:
        strip = QRectF(self.rect()).adjusted(MARGIN + 2, 0, -MARGIN - 2, -MARGIN)
        strip.setTop(strip.bottom() - line_height())
        if self._surface is not None:
            strip.setLeft(strip.left() + draw_warning(painter, strip, non_finite_words(self._surface)))
        low, high = format_number(self._range[0], 3), format_number(self._range[1], 3)
        if self._surface is not None and self._surface.ndim == 2:
            draw_legend(painter, strip, class_table(), low, high)
            strip.setRight(strip.right() - legend_width(painter, low, high))
        draw_line(painter, strip, self.hover_text() or self._key(), current_theme().text)

    def _key(self) -> str:
        return "● train  ○ test" if self._test.any() else ""


def _place(x: float, y: float, square: QRectF) -> QPointF:
    scale = square.width() / (2 * EXTENT)
    return QPointF(square.left() + (x + EXTENT) * scale, square.bottom() - (y + EXTENT) * scale)
