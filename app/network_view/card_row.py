"""The cards beside each other and what lies between them: arrows in both directions, and weights as links."""

import math
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from app.network_view.arrows import Arrow
from app.network_view.card import HALO, TITLE_HEIGHT, Card
from app.network_view.card_content import CardContent
from app.network_view.links import Link
from app.plots.color_maps import finite_limit
from app.plots.kept import Kept
from app.plots.numbers import format_number
from app.theme import current_theme, theme_changed
from core.types import Array, Arrays

_CARD_WIDTHS = (94, 152)
_GAPS = (20, 34)
_LINKED_GAPS = (34, 84)
_MARGIN = 2
_LEAST_HEIGHT = 120  # both rows can still be told, in the lowest window
_NEAR = 5.0
_SHAPE_ROOM = 8.0  # the arrow stands above its shape


class CardRow(QWidget):
    """Lays the cards out over its width and paints the gaps."""

    chosen = Signal(int)
    """The index of the card that was chosen."""

    asked = Signal(int, str, object)
    """A number of a card, as `Card.asked` says it; of a link: the card it leads to, "weight", row and column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: list[Card] = []
        self._weights: Arrays = {}
        self._links: dict[int, list[Link]] = {}
        self._titles_only = False
        self._rest: list[CardContent] = []
        self._pictures: dict[int, Kept] = {}  # of the gaps
        self._drawing = object()  # another one whenever cards or links are laid out anew
        self.setMouseTracking(True)
        # Without it Qt paints everything that lies behind again, up to the window, with every frame.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme_changed.connect(self.update)

    def set_contents(self, contents: list[CardContent], weights: Arrays, titles_only: bool) -> None:
        """Show these cards; widgets that are there already are used again."""
        self._rest = []
        before = self._shape(), self._reached()
        self._titles_only = titles_only
        self._keep_cards(len(contents))
        for card, content in zip(self.cards, contents, strict=True):
            card.set_content(content, titles_only)
        other_weights, self._weights = _differ(weights, self._weights), weights
        if self._shape() != before[0]:
            self.setMinimumSize(self._least_size())
            self._lay_out()
        elif other_weights:
            self._make_links()
            self.update()
        else:
            # An update of the row would paint every card again.
            for index, (reached, was) in enumerate(zip(self._reached(), before[1], strict=True)):
                if reached != was:
                    # The arrows alone have changed, and these do not reach into the halos of the cards.
                    self.update(self.gap(index).adjusted(HALO, 0, -HALO, 0).toAlignedRect())

    def set_contents_in_halves(self, contents: list[CardContent], weights: Arrays) -> None:
        """The left half of them, the other one waits for `show_rest`: all at once would hold up a frame."""
        now, then = [card.content for card in self.cards], contents
        alike = len(now) == len(then) and weights.keys() == self._weights.keys() and not self._titles_only
        if not alike or any(_frame_of(a) != _frame_of(b) for a, b in zip(now, then, strict=True)):
            self.set_contents(contents, weights, titles_only=False)
            return
        self._weights, self._rest = weights, contents
        self._make_links()
        self._show_half(contents, 0, len(contents) // 2)

    @property
    def has_rest(self) -> bool:
        """Whether half of the cards wait to be shown."""
        return bool(self._rest)

    def show_rest(self) -> None:
        """Show the half that waits."""
        contents, self._rest = self._rest, []
        self._show_half(contents, len(contents) // 2, len(contents))

    def _show_half(self, contents: list[CardContent], first: int, last: int) -> None:
        for card, content in zip(self.cards[first:last], contents[first:last], strict=True):
            card.set_content(content)
        start = self.cards[first].geometry().left()
        end = self.cards[last].geometry().left() if last < len(self.cards) else self.width()
        if self._links:
            self.update(start, 0, end - start, self.height())

    def gap(self, index: int) -> QRectF:
        """The room between card number `index` of the row and the next one."""
        left, right = self.cards[index].geometry(), self.cards[index + 1].geometry()
        return QRectF(left.right() + 1 - HALO, left.top(), right.left() - left.right() - 1 + 2 * HALO, left.height())

    def hover_text(self, point: QPointF) -> str:
        """The weight whose link lies under a point, or what travels on the arrow there."""
        if found := self._link_at(point):
            _, link = found
            return f"weight[{link.row}, {link.column}] = {format_number(link.value)} · click explains it"
        reached = [] if self._titles_only else self._reached()
        arrows = (arrow for index, passed in enumerate(reached) for arrow in self.arrows(index, *passed))
        return next((arrow.words for arrow in arrows if arrow.place().contains(point)), "")

    def sizeHint(self) -> QSize:
        """As much as the cards want."""
        return QSize(800, 340)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the cards their places."""
        self._lay_out()

    def _keep_cards(self, count: int) -> None:
        """So many cards; those that are there are used again."""
        while len(self.cards) > count:
            card = self.cards.pop()
            card.hide()
            card.deleteLater()
        while len(self.cards) < count:
            card = Card(self)
            card.chosen.connect(self.chosen)
            card.asked.connect(self.asked)
            card.show()
            self.cards.append(card)

    def _shape(self) -> tuple[object, ...]:
        """What the places of the cards and the arrows between them depend on."""
        cards = [(c.content.neurons, c.content.shape, c.content.bottom.state == "not needed") for c in self.cards]
        return self._titles_only, sorted(self._weights), cards

    def _reached(self) -> list[tuple[bool, bool]]:
        """For every gap whether values have come through it forward and gradients backward."""
        contents = [card.content for card in self.cards]
        return [(after.top.state == "shown", before.bottom.state == "shown") for before, after in pairwise(contents)]

    def _least_size(self) -> QSize:
        count = len(self.cards)
        gap = (_LINKED_GAPS if self._weights else _GAPS)[0]
        height = TITLE_HEIGHT + 2 * HALO if self._titles_only else _LEAST_HEIGHT
        return QSize(int(count * _CARD_WIDTHS[0] + (count - 1) * gap + 2 * (_MARGIN + HALO)), int(height))

    def _lay_out(self) -> None:
        count = len(self.cards)
        if not count:
            return
        least, most = _LINKED_GAPS if self._weights else _GAPS
        room = int(self.width() - 2 * _MARGIN - 2 * HALO)
        width = min(_CARD_WIDTHS[1], max(_CARD_WIDTHS[0], (room - (count - 1) * least) // count))
        gap = min(most, max(least, (room - count * width) // max(1, count - 1)))
        for position, card in enumerate(self.cards):
            # A card's halo reaches into the gaps.
            card.setGeometry(_MARGIN + position * (width + gap), 0, int(width + 2 * HALO), self.height())
        self._make_links()
        self.update()

    # Links

    def _make_links(self) -> None:
        self._links, self._drawing = {}, object()
        for index, (before, after) in enumerate(pairwise(self.cards)):
            weight = self._weights.get(str(after.index))
            if weight is not None:
                self._links[index] = self._links_between(before, after, weight, self.gap(index))

    def _links_between(self, before: Card, after: Card, weight: Array, gap: QRectF) -> list[Link]:
        starts = [QPointF(gap.left() + 1, rect.center().y() + before.y()) for rect in before.neuron_rects()]
        ends = [QPointF(gap.right() - 1, rect.center().y() + after.y()) for rect in after.neuron_rects()]
        links = [
            Link(row, column, starts[column], ends[row], float(weight[row, column]))
            for row in range(weight.shape[0])
            for column in range(weight.shape[1])
        ]
        # The largest last, so that it lies on top.
        return sorted(links, key=lambda link: abs(link.value))

    def paintEvent(self, event: QPaintEvent) -> None:
        """What lies between the cards."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), QColor(current_theme().panel))
        for index, reached in enumerate([] if self._titles_only else self._reached()):
            gap = self.gap(index).toRect()
            if gap.intersects(event.rect()):
                kept = self._pictures.setdefault(index, Kept())
                kept.draw(painter, gap, (self._drawing, reached), partial(self._paint_gap, index, reached))
        painter.end()

    def _paint_gap(self, index: int, reached: tuple[bool, bool], painter: QPainter) -> None:
        """Links below, arrows above."""
        self._paint_links(painter, index)
        for arrow in self.arrows(index, *reached):
            arrow.paint(painter, self.gap(index))

    def _paint_links(self, painter: QPainter, index: int) -> None:
        theme, links = current_theme(), self._links.get(index, [])
        limit = finite_limit(self._weights[str(self.cards[index + 1].index)]) if links else 0.0
        for link in links:
            share = min(1.0, abs(link.value) / limit) if limit > 0 else 0.0
            color = QColor(theme.positive if link.value >= 0 else theme.negative)
            if not math.isfinite(link.value):
                color, share = QColor(theme.not_finite), 1.0
            color.setAlphaF(0.35 + 0.65 * share)
            painter.setPen(QPen(color, 0.5 + 3.0 * share, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawPath(link.path())

    def arrows(self, index: int, forward: bool = False, backward: bool = False) -> list[Arrow]:
        """The arrows between card number `index` and the next one, and whether something has come over them."""
        gap, before, after = self.gap(index), self.cards[index], self.cards[index + 1]
        shape, upper, lower = before.content.shape, after.top_rect(), after.bottom_rect()
        start, end = before.content.title, after.content.title
        # Links need the room beside the picture; the arrow moves up beside the row's label.
        height = upper.top() - 8 if index in self._links else upper.center().y() - _SHAPE_ROOM
        there = f"{shape} values of every sample go from {start} to {end}" + ("" if forward else ", later")
        above = index in self._links
        found = [Arrow(QPointF(gap.center().x(), height), 1, forward, shape, there, above)]
        if before.content.bottom.state != "not needed":
            back = f"{shape} gradients of every sample come from {end} to {start}" + ("" if backward else ", later")
            place = QPointF(gap.center().x(), lower.center().y() - _SHAPE_ROOM)
            found.append(Arrow(place, -1, backward, shape, back))
        return found

    # Pointer

    def _link_at(self, point: QPointF) -> tuple[Card, Link] | None:
        """The link under a point, and the card it leads to."""
        for index, links in self._links.items():
            if self.gap(index).contains(point) and links:
                nearest = min(links, key=lambda link: abs(link.height_at(point.x()) - point.y()))
                if abs(nearest.height_at(point.x()) - point.y()) <= _NEAR:
                    return self.cards[index + 1], nearest
        return None

    def event(self, event: QEvent) -> bool:
        """The tool tip names the weight under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.hover_text(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a link chooses the card it leads to, and asks for its weight."""
        found = self._link_at(event.position())
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        card, link = found
        self.chosen.emit(card.index)
        self.asked.emit(card.index, "weight", (link.row, link.column))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Once a tool tip is open it follows from link to link."""
        on_link = self._link_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if on_link else Qt.CursorShape.ArrowCursor)
        if QToolTip.isVisible():
            QToolTip.showText(event.globalPosition().toPoint(), self.hover_text(event.position()), self)


def _frame_of(content: CardContent) -> tuple[object, ...]:
    """What the places of the cards and the arrows between them depend on."""
    return content.neurons, content.shape, content.top.state, content.bottom.state


def _differ(first: Arrays, second: Arrays) -> bool:
    """Whether there is any difference between two sets of weights."""
    if first.keys() != second.keys():
        return True
    return any(first[name] is not second[name] for name in first)
