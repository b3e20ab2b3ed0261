"""The tensors a number was made from, beside each other, with the entries that contribute framed."""

import dataclasses
import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.panels.explain.heaviest import Heaviest, heaviest_sample, of_images
from app.panels.explain.pointed import Cell, PointedView
from app.panels.explain.words import place_name
from app.plots.base import draw_line, draw_title, line_height
from app.plots.color_maps import diverging_image, finite_limit
from app.plots.numbers import format_number
from app.theme import current_theme
from core.explain.notation import entry
from core.explain.protocol import Explanation, Place, Places, Region
from core.explain.scene import Step
from core.types import Array

MOST = 4
"""Source tensors that are shown; how many more there are is said."""

HINT = "Framed: what contributes. Click to follow."
MORE = "{} more not shown, see the terms."

_GAP = 10.0
_HEIGHT = 132
_STRIP = 14.0  # height of a row that is stretched
_FRAME = 2.0  # room for the frame around entries at the edge


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """A plane cut out of a tensor, and the box of entries in it that contribute."""

    name: str  # of the tensor
    title: str  # with the indices that all of the plane have in common
    values: Array  # (rows, columns)
    limit: float
    box: tuple[int, int, int, int]  # first and last row, first and last column
    origin: Place  # the first entry of the plane
    note: str = ""  # whose plane it is, where it stands for those of all samples

    def place(self, row: int, column: int) -> Place:
        """The entry at a cell of the plane."""
        index = (*self.origin.index[:-2], row, column) if len(self.origin.index) > 1 else (column,)
        return Place(self.origin.record, self.origin.tensor, index)


def sources(step: Step, explanation: Explanation) -> tuple[list[Source], int]:
    """The source tensors of an explanation, the largest term's plane of each, and how many more there are.

    Those of the largest terms come first, so that they are never among those that are left out.
    """
    heaviest = heaviest_sample(step, explanation)
    terms = [*([heaviest.term] if heaviest else []), *explanation.largest(MOST)]
    # All are cut where the largest term has its factors, so that the pictures belong together.
    largest = {
        (factor.place.record, factor.place.tensor): factor.place.index
        for term in reversed(terms)
        for factor in term.factors
        if factor.place
    }
    regions: dict[tuple[int | None, str], list[Places | Region]] = {}
    for region in explanation.regions:
        key = (region.record, region.tensor)
        if step.tensor(*key).ndim:
            regions.setdefault(key, []).append(region)
    shown = list(regions)
    if len(shown) > MOST:
        ranks = [*reversed(largest)]
        shown = sorted(shown, key=lambda key: ranks.index(key) if key in ranks else len(ranks))[:MOST]
    names = [_own_name(tensor) for _, tensor in shown]
    found = []
    for (record, tensor), name in zip(shown, names, strict=True):
        # Tensors of several layers may share their name; one of the layer itself needs no more than that.
        title = name if names.count(name) == 1 else place_name(step, Place(record, tensor, ()))
        key = record, tensor
        whose = heaviest if of_images(step, *key) else None
        found.append(_cut(step.tensor(*key), regions[key], largest.get(key), title, whose))
    return found, len(regions) - len(found)


def _own_name(tensor: str) -> str:
    """`weight` for `0.weight`: of which layer, the heading says; `∂P/∂weight` for what the penalty gives it."""
    of_penalty, own = tensor.startswith("d_"), tensor.partition(".")[2]
    return f"∂P/∂{own}" if own and of_penalty else own or tensor


def _cut(
    tensor: Array,
    regions: list[Places | Region],
    through: tuple[int, ...] | None,
    title: str,
    whose: Heaviest | None,
) -> Source:
    """The plane of a tensor's last two axes through one entry, by default the largest that contributes."""
    marked = np.zeros(tensor.shape, dtype=bool)
    for region in regions:
        marked[region.index] = True
    if whose is not None:
        samples = np.unique(np.nonzero(marked)[0])
        if len(samples) > 1 and whose.sample in samples:
            marked[np.arange(len(marked)) != whose.sample] = False
        else:
            whose = None
    entry = np.unravel_index(int(np.argmax(np.where(marked, np.abs(tensor), -1))), tensor.shape)
    leading = tuple(int(i) for i in (through or entry)[:-2])
    plane, mask = np.atleast_2d(tensor[leading]), np.atleast_2d(marked[leading])
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    whole = [":"] * (tensor.ndim - len(leading))
    name = f"{title}[{', '.join([*map(str, leading), *whole])}]" if leading else title
    box = (int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1]))
    origin = Place(region.record, region.tensor, (*leading, *[0] * (tensor.ndim - len(leading))))
    note = f"{whose.words}." if whose else ""
    return Source(title, name, plane, finite_limit(tensor), box, origin, note[:1].upper() + note[1:])


def _size(source: Source, room: QSizeF) -> QSizeF:
    """How large a picture is drawn: long rows are stretched to be seen, others keep their shape."""
    rows, columns = source.values.shape
    side = min(room.width() / columns, room.height() / rows)
    if max(rows, columns) > 4 * min(rows, columns):
        return QSizeF(room.width(), min(room.height(), max(side * rows, _STRIP)))
    return QSizeF(side * columns, side * rows)


class SourcesView(PointedView):
    """Draws the sources of one explanation; a click asks for the entry under the pointer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Source tensors", parent)
        self._sources: list[Source] = []
        self._more = 0
        self.setFixedHeight(_HEIGHT)

    def set_sources(self, found: list[Source], more: int) -> None:
        """Show these, and say how many more there are."""
        self._sources, self._more = found, more
        self.forget_pointed()
        self.setVisible(bool(found))
        self._fit_height()
        names = ", ".join(source.title for source in found)
        self.set_message("")
        self.setAccessibleDescription(". ".join((f"Made from {names}", *self.notes())))

    def notes(self) -> list[str]:
        """Whose planes these are, where they stand for those of all samples, and how many tensors are left out."""
        whose = next((source.note for source in self._sources if source.note), "")
        return [note for note in (whose, MORE.format(self._more) if self._more else "") if note]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A wider picture is a higher one."""
        super().resizeEvent(event)
        self._fit_height()

    def hover_text(self) -> str:
        """The entry that is pointed at: `x[3, 2, 5, 5] = 0.4112`; else what the frames mean."""
        if (cell := self.pointed()) is None:
            return HINT
        source, (row, column) = self._sources[cell[0]], cell[1:]
        place = source.place(row, column)
        return f"{entry(source.name, *place.index)} = {format_number(float(source.values[row, column]))}"

    def tool_tip_text(self) -> str:
        """The same, below the whole title of the picture that is pointed at, which may be cut short."""
        at = self._pointer
        over = [s.title for n, s in enumerate(self._sources) if at is not None and self._room(n).contains(at)]
        return "\n".join((*over, self.hover_text()))

    def paint_content(self, painter: QPainter) -> None:
        """Title, picture and frame of each, and the words below."""
        for position in range(len(self._sources)):
            self._paint(painter, position)
        if (cell := self.pointed()) is not None:
            painter.setPen(QPen(QColor(current_theme().text), 1.5))
            painter.drawRect(self.cell_rect(*cell))
        line = QRectF(0, self.height() - self._words_height(), self.width(), line_height())
        theme = current_theme()
        for note in self.notes():
            draw_line(painter, line, note)
            line.translate(0, line_height())
        draw_line(painter, line, self.hover_text(), theme.muted if cell is None else theme.text)

    def cell_rect(self, source: int, row: int, column: int) -> QRectF:
        """Where an entry of a source lies."""
        place, (rows, columns) = self._place(source), self._sources[source].values.shape
        width, height = place.width() / columns, place.height() / rows
        return QRectF(place.left() + column * width, place.top() + row * height, width, height)

    def cell_at(self, point: QPointF) -> Cell | None:
        """Source, row and column."""
        for position, source in enumerate(self._sources):
            place, (rows, columns) = self._place(position), source.values.shape
            if place.contains(point):
                row = int((point.y() - place.top()) / place.height() * rows)
                column = int((point.x() - place.left()) / place.width() * columns)
                return position, min(row, rows - 1), min(column, columns - 1)
        return None

    def cell_beside(self, cell: Cell | None, down: int, right: int) -> Cell | None:
        """The next entry of the same source; the first that contributes to begin with."""
        if not self._sources:
            return None
        if cell is None:
            top, _, left, _ = self._sources[0].box
            return 0, top, left
        (rows, columns), row, column = self._sources[cell[0]].values.shape, cell[1] + down, cell[2] + right
        return (cell[0], row, column) if 0 <= row < rows and 0 <= column < columns else None

    def activate(self, cell: Cell) -> None:
        """Ask for the entry."""
        self.place_asked.emit(self._sources[cell[0]].place(cell[1], cell[2]))

    def _room(self, position: int) -> QRectF:
        """Where a source has its title and its picture."""
        width = self._width()
        return QRectF(position * (width + _GAP), 0, width, self.height() - self._words_height())

    def _place(self, position: int) -> QRectF:
        """Where a source has its picture."""
        room = self._room(position).adjusted(_FRAME, line_height(), -_FRAME, -_FRAME)
        size = _size(self._sources[position], room.size())
        return QRectF(QPointF(room.center().x() - size.width() / 2, room.top()), size)

    def _width(self) -> float:
        """What each source has."""
        return (self.width() - _GAP * (len(self._sources) - 1)) / max(1, len(self._sources))

    def _words_height(self) -> int:
        """What the words below the pictures have."""
        return line_height() * (1 + len(self.notes()))

    def _fit_height(self) -> None:
        """No higher than the highest picture: long rows are low."""
        room = QSizeF(self._width() - 2 * _FRAME, _HEIGHT - 2 * line_height() - 2 * _FRAME)
        highest = max((_size(source, room).height() for source in self._sources), default=room.height())
        self.setFixedHeight(math.ceil(line_height() + highest + 2 * _FRAME + self._words_height()))

    def _paint(self, painter: QPainter, position: int) -> None:
        theme, source, room = current_theme(), self._sources[position], self._room(position)
        # Cut inside its brackets a title would name another entry; side by side all say as much.
        fit = all(painter.fontMetrics().horizontalAdvance(one.title) <= room.width() for one in self._sources)
        draw_title(painter, room, source.title if fit else source.name)
        place = self._place(position)
        painter.drawImage(place, diverging_image(source.values, source.limit))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawRect(place)
        top, bottom, left, right = source.box
        frame = self.cell_rect(position, top, left).united(self.cell_rect(position, bottom, right))
        painter.setPen(QPen(QColor(theme.backward), 2))
        painter.drawRect(frame.adjusted(-1, -1, 1, 1))

    def sizeHint(self) -> QSize:
        """As wide as the tab, of a fixed height."""
        return QSize(280, _HEIGHT)
