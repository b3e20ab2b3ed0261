"""Names of curves at their right ends, pushed apart so that none covers another, a curve or the marker."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF

from app.plots.base import line_height
from app.plots.curve import Curve
from app.plots.curve_canvas import CurveCanvas

GAP = 7.0
"""Pixels between the end of a curve, where the marker often stands, and its name."""


_MOST_ROOM = 0.65
"""The share of the width that names may take: in a narrow panel they need more than half of it."""


def label_room(curves: Sequence[Curve], width: float) -> float:
    """Pixels that names need at the right of the curves, of all there are."""
    widest = max((curve.label.boundingRect().width() for curve in curves if curve.style.named), default=0.0)
    return min(widest + 2 * GAP, _MOST_ROOM * width)


def place_labels(curves: Sequence[Curve], canvas: CurveCanvas) -> None:
    """Put every name behind the end of its curve, in pixels; names of pale curves give way where room is short.

    Where another curve goes on beneath a name, the name stands behind the end of all curves.
    """
    height, width = canvas.left.height(), canvas.left.width()
    ended = [(curve, last) for curve in curves if curve.style.named and (last := curve.end())]
    ended.sort(key=lambda pair: pair[0].style.pale)
    del ended[max(int(height / (line_height() - 1)), 1) :]
    for curve in curves:
        curve.label.setVisible(any(curve is shown for shown, _ in ended))
    ends = [_pixels(curve, end, canvas) for curve, end in ended]
    drawn = [(curve, _pixels(curve, last, canvas).x()) for curve in curves if (last := curve.end())]
    half = line_height() / 2
    middles = spread([end.y() for end in ends], line_height() - 1, half, height - half)
    for (curve, _), end, middle in zip(ended, ends, middles, strict=True):
        room = curve.label.boundingRect().width()
        # Curves end where they were last measured: behind all that end within the reach of the name it covers none.
        behind = max(other.x() for other in ends if other.x() <= end.x() + GAP + room)
        words = QRectF(behind + GAP, middle - half, room, 2 * half)
        if any(x > words.left() and _goes_on_beneath(words, other, canvas) for other, x in drawn):
            behind = max(x for _, x in drawn)
        curve.label.place(max(0.0, min(behind + GAP, width - room)), middle)


def _pixels(curve: Curve, place: tuple[float, float], canvas: CurveCanvas) -> QPointF:
    at: QPointF = canvas.view_of(curve.style.axis).mapFromView(QPointF(*place))
    return at


def _goes_on_beneath(words: QRectF, curve: Curve, canvas: CurveCanvas) -> bool:
    """Whether a curve passes through a rectangle of pixels."""
    view = canvas.view_of(curve.style.axis)
    first, last = view.mapToView(words.bottomLeft()), view.mapToView(words.topRight())
    return curve.crosses((first.x(), last.x()), (first.y(), last.y()))


def spread(wanted: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Positions as near to the wanted ones as they can be with at least `distance` between any two, inside low..high.

    Range: where there is no room for all, they keep their distance and leave at `high`
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed: list[float] = []
    for index in order:
        at = max(wanted[index], low)
        placed.append(max(at, placed[-1] + distance) if placed else at)
    # Those pushed over the upper edge move back, and push the ones before them.
    edge = high
    for position in range(len(placed) - 1, -1, -1):
        placed[position] = max(min(placed[position], edge), low + position * distance)
        edge = placed[position] - distance
    result = [0.0] * len(wanted)
    for position, index in enumerate(order):
        result[index] = placed[position]
    return result
