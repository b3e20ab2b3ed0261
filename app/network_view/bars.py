"""Short vectors as bars with their indices or class names, and the chances of the classes."""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.network_view.pictures import Picture, Scale
from app.network_view.style import font, metrics, mixed, text_color
from app.plots.numbers import format_number
from app.theme import current_theme
from core.types import Array

_PITCH = 18.0
_THICKEST = 11.0
_NAMED_FROM = 8.0
_NAME_SHARE = 0.5
_GAP = 4.0


class Bars(Picture):
    """One bar a value; signed ones grow from a line in the middle.

    Shapes: values (n,)
    """

    def __init__(self, name: str, values: Array, scale: Scale, note: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(name, values, scale, note)
        self.names = names or tuple(str(index) for index in range(len(values)))

    def bar_color(self, index: int) -> QColor:
        """The colour of one bar."""
        theme = current_theme()
        return QColor(theme.positive if self.values[index] >= 0 else theme.negative)

    def is_marked(self, index: int) -> bool:
        """Whether a bar's name is written in bold."""
        return False

    def paint_under(self, painter: QPainter, index: int, room: QRectF) -> None:
        """Paint what stands behind one bar; `room` is as long as a bar can get."""

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        pitch, points = self._pitch(rect), self._name_points(rect)
        left = self._name_width(rect)
        thickness = min(_THICKEST, max(1.0, pitch - (2.5 if pitch > 5 else 0.5)))
        room = QRectF(rect.left() + left, 0, rect.width() - left, thickness)
        align = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in range(len(self.values)):
            top = rect.top() + index * pitch
            room.moveTop(top + (pitch - thickness) / 2)
            self.paint_under(painter, index, room)
            self._paint_bar(painter, index, room)
            if points:
                marked = self.is_marked(index)
                painter.setFont(font(points, marked))
                painter.setPen(text_color(current_theme().text if marked else current_theme().muted))
                measure = metrics(points, marked)
                shown = measure.elidedText(self.names[index], Qt.TextElideMode.ElideRight, left - _GAP + 1)
                painter.drawText(QRectF(rect.left(), top, left, pitch), align, shown)
        if self.scale.signed:
            zero = room.left() + room.width() / 2
            painter.setPen(QPen(QColor(current_theme().scroll), 1))
            painter.drawLine(QPointF(zero, rect.top()), QPointF(zero, rect.top() + pitch * len(self.values)))

    def entry_at(self, point: QPointF, rect: QRectF) -> tuple[int, ...] | None:
        index = math.floor((point.y() - rect.top()) / self._pitch(rect))
        return (index,) if rect.contains(point) and 0 <= index < len(self.values) else None

    def hover_text(self, point: QPointF, rect: QRectF) -> str:
        index = self.entry_at(point, rect)
        return self.bar_words(*index) if index else ""

    def bar_words(self, index: int) -> str:
        """One value in words."""
        name = "" if self.names[index] == str(index) else f" ({self.names[index]})"
        return self.entry_words(index) + name

    def _paint_bar(self, painter: QPainter, index: int, room: QRectF) -> None:
        value = float(self.values[index])
        painter.setPen(Qt.PenStyle.NoPen)
        if not math.isfinite(value):
            painter.fillRect(room, QColor(current_theme().not_finite))
            return
        share = min(1.0, max(-1.0, value / self.scale.high)) if self.scale.high > 0 else 0.0
        zero = room.left() + (room.width() / 2 if self.scale.signed else 0)
        length = share * (room.width() / 2 if self.scale.signed else room.width())
        painter.setBrush(self.bar_color(index))
        painter.drawRoundedRect(QRectF(zero, room.top(), length, room.height()).normalized(), 1.5, 1.5)

    def _pitch(self, rect: QRectF) -> float:
        return min(_PITCH, rect.height() / max(1, len(self.values)))

    def _name_points(self, rect: QRectF) -> float:
        """The size of the names; 0 where they do not fit."""
        pitch = self._pitch(rect)
        return 0.0 if pitch < _NAMED_FROM else min(8.0, max(6.0, math.floor(pitch * 0.62 * 2) / 2))

    def _name_width(self, rect: QRectF) -> float:
        points = self._name_points(rect)
        if not points:
            return 0.0
        widest = max(metrics(points, True).horizontalAdvance(name) for name in self.names)
        return min(widest + _GAP, _NAME_SHARE * rect.width())


class Chances(Bars):
    """The probabilities of the classes; an outline as long as certainty stands at the true one.

    Shapes: values (classes,)
    """

    def __init__(self, values: Array, names: tuple[str, ...], true: int, outputs: int) -> None:
        super().__init__("p", values, Scale(0.0, 1.0, signed=False), "", names)
        self.true = true
        self._outputs = outputs  # of the network: with a single one, both classes come from it

    def asked_at(self, point: QPointF, rect: QRectF) -> tuple[int, ...] | None:
        index = self.entry_at(point, rect)
        return (min(index[0], self._outputs - 1),) if index else None

    def bar_color(self, index: int) -> QColor:
        theme = current_theme()
        return QColor(theme.forward if index == self.true else theme.scroll)

    def is_marked(self, index: int) -> bool:
        return index == self.true

    def paint_under(self, painter: QPainter, index: int, room: QRectF) -> None:
        if index == self.true:
            painter.setPen(QPen(mixed(current_theme().forward, 0.55), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room.adjusted(0.5, 0.5, -0.5, -0.5), 1.5, 1.5)

    def label_words(self) -> str:
        return "The probability of every class"

    def bar_words(self, index: int) -> str:
        true = ", the true class" if index == self.true else ""
        return f"p({self.names[index]}) = {format_number(self.values[index])}{true}"


class Scores(Chances):
    """What the network gives to every class, any number; the largest wins, and the true one stands out.

    Shapes: values (classes,)
    """

    def __init__(self, values: Array, scale: Scale, names: tuple[str, ...], true: int) -> None:
        super().__init__(values, names, true, len(values))
        self.name, self.scale = "prediction", scale

    def label_words(self) -> str:
        return "What the network gives to every class: the largest wins"

    def bar_words(self, index: int) -> str:
        true = ", the true class" if index == self.true else ""
        return f"{self.names[index]}: {format_number(self.values[index])}{true}"


class Predictions(Bars):
    """Predicted numbers, each with a line where the target lies.

    Shapes: values and target (outputs,)
    """

    def __init__(self, name: str, values: Array, scale: Scale, target: Array) -> None:
        super().__init__(name, values, scale, "")
        self.target = target

    def paint_under(self, painter: QPainter, index: int, room: QRectF) -> None:
        share = float(self.target[index]) / self.scale.high if self.scale.high > 0 else 0.0
        x = room.center().x() + share * room.width() / 2
        painter.setPen(QPen(QColor(current_theme().text), 2))
        painter.drawLine(QPointF(x, room.top() - 2), QPointF(x, room.bottom() + 2))

    def label_words(self) -> str:
        return "The prediction, and its target as a line"

    def bar_words(self, index: int) -> str:
        return f"{self.entry_words(index)}, target {format_number(self.target[index])}"
