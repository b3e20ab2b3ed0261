"""The segments of the tape bar: their widths, labels and colours."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app.network_view.style import fitting, font, mixed, phase_color
from app.theme import current_theme, text_on
from core.explain.notation import numbered
from core.explain.scene import PENALTY
from core.tape import Phase, Record

_GAP = 2.0
_SHORT_SHARE = 0.8  # "W₁₁" needs more than "11"
_LABEL_PAD = 1.0
_RADIUS = 5.0
_PALE = 0.22
_SIZES = (8.5, 7.5, 6.5)
_CUT_FROM = 48.0
_SUBSTEP_WIDTH = 74.0
_SIGNS: dict[Phase, str] = {"forward": "→", "loss": "", "backward": "←", "update": "↑"}
_PARAMETERS = {"weight": "W", "bias": "b"}


def segment_label(record: Record) -> tuple[str, ...]:
    """What a segment may say, from the longest to the shortest: ("→ Dense", "→ 3", "3"), ("↑ W₁", "W₁", "1")."""
    sign, number = _SIGNS[record.phase], str(record.index + 1)
    if record.phase == "loss":
        return ("penalty", "P") if record.name == PENALTY else ("loss", "L")
    if record.phase == "update":
        name = record.name.split(".", 1)[1]
        short = numbered(_PARAMETERS.get(name, name), record.index)
        return f"{sign} {short}", short, number
    return f"{sign} {record.name}", f"{sign} {number}", number


def substep_rects(count: int, record: QRectF, room: QRectF) -> list[QRectF]:
    """The sub-steps of a record beside each other below it, as far as they need within a room to either side."""
    width = min(max(record.width(), count * _SUBSTEP_WIDTH), room.width())
    left = min(max(record.center().x() - width / 2, room.left()), room.right() - width)
    return [QRectF(left + i * width / count, room.top(), width / count, room.height()) for i in range(count)]


def paint_substeps(painter: QPainter, rects: list[QRectF], names: Sequence[str], phase: Phase, position: int) -> None:
    """Small segments: those up to the shown one in full colour, its name in bold."""
    for index, (rect, name) in enumerate(zip(rects, names, strict=True)):
        color = QColor(phase_color(phase)) if index <= position else mixed(phase_color(phase), _PALE)
        box = rect.adjusted(0.5, 0, -0.5, 0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(box, 2.5, 2.5)
        current = index == position
        text, points = fitting((name,), (8.0, 7.0), box.width() - 4, current)
        if text == name or box.width() >= _CUT_FROM:
            painter.setFont(font(points, current))
            painter.setPen(text_on(color) if index <= position else QColor(current_theme().muted))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
        if current:
            painter.setPen(QPen(QColor(current_theme().text), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 2.5, 2.5)


def segment_rects(phases: Sequence[Phase], bar: QRectF) -> list[QRectF]:
    """The segments beside each other over the whole bar, without the gaps between them."""
    shares = [_SHORT_SHARE if phase in ("loss", "update") else 1.0 for phase in phases]
    unit, left, rects = bar.width() / sum(shares), bar.left(), []
    for share in shares:
        rects.append(QRectF(left, bar.top(), share * unit, bar.height()))
        left += share * unit
    return rects


def paint_segments(
    painter: QPainter, rects: list[QRectF], phases: Sequence[Phase], labels: list[tuple[str, ...]], cursor: int
) -> None:
    """All segments: full colour where the cursor has been, pale where it has not."""
    if not rects:
        return
    texts = fitting_labels(labels, phases, [rect.width() - _GAP - 2 * _LABEL_PAD for rect in rects])
    outline = QPainterPath()
    outline.addRoundedRect(rects[0].united(rects[-1]), _RADIUS, _RADIUS)
    painter.save()
    painter.setClipPath(outline)
    for index, (rect, phase, (text, points)) in enumerate(zip(rects, phases, texts, strict=True)):
        color = QColor(phase_color(phase)) if index < cursor else mixed(phase_color(phase), _PALE)
        last = index == len(rects) - 1
        box = rect.adjusted(0, 0, 0 if last else -_GAP, 0)
        painter.fillRect(box, color)
        painter.setFont(font(points))
        painter.setPen(text_on(color) if index < cursor else QColor(current_theme().muted))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
    painter.restore()


def fitting_labels(
    labels: Sequence[tuple[str, ...]], phases: Sequence[Phase], rooms: Sequence[float]
) -> list[tuple[str, float]]:
    """The wording and the size of every label: of one kind in all layers, and of one kind in all updates.

    A name is cut short where that leaves enough of it.
    """
    found: list[tuple[str, float]] = [("", _SIZES[-1])] * len(labels)
    for group in ({"forward", "backward"}, {"loss"}, {"update"}):
        members = [at for at, phase in enumerate(phases) if phase in group]
        for level in range(max((len(labels[at]) for at in members), default=0)):
            texts = {at: fitting((labels[at][level],), _SIZES, rooms[at]) for at in members}
            if all(texts[at][0] == labels[at][level] or (not level and rooms[at] >= _CUT_FROM) for at in members):
                for at, text in texts.items():
                    found[at] = text
                break
    return found
