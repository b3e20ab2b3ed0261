"""The network as a row of cards: values go forward through the upper row, gradients come back through the lower one.

It is a function of the document's tape and cursor; a card is painted again only when what it shows has changed.
"""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCursor, QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QScrollArea, QToolTip, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.places import output_place, parameter_place
from app.network_view.card import HALO, TITLE_HEIGHT, Card
from app.network_view.card_content import NO_PLACE, link_weights
from app.network_view.card_row import CardRow
from app.network_view.contents import Contents, ScaleChoice
from app.network_view.sample_choice import SampleChoice
from app.plots.numbers import format_count
from app.view import View
from core.explain import Place

_SCALES: tuple[tuple[ScaleChoice, str], ...] = (
    ("unit", "unit scale"),
    ("layer", "layer scale"),
    ("network", "network scale"),
)
_SCALE_HELP = (
    "Where the colours end. Unit: every map or neuron at its own largest value (a single vector is one unit). "
    "Layer: at the largest value of the card. Network: at the largest value of all cards of the row."
)

_HEIGHT = 247
"""Height that both rows of the cards need to be at ease, in pixels; in a low window the docks give way first."""


class NetworkView(View):
    """One card for the input, every layer and the loss.

    `header` is the small bar with the choices of sample and scale; a window may move it into its own title row.
    """

    title = "Network"

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._contents = Contents(document)
        self._scale: ScaleChoice = "layer"
        self._active: Card | None = None  # that of the record at the cursor
        self._selected: Card | None = None
        self._followed: Card | None = None  # the one of the two that changed last: it stays in sight
        self._note = ""
        self._row = CardRow()
        self._row.chosen.connect(document.select_layer)
        self._row.asked.connect(self._ask)
        self._scroll = _SidewaysScroll(self._row)
        self._message = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self._message.setProperty("role", "error")
        self._message.hide()
        self.samples = SampleChoice(document)
        self.header = self._make_header()
        layout = QVBoxLayout(self)
        layout.setSpacing(2)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self.header)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._message, 3)
        self.setAccessibleName("Network")
        for signal in (
            document.position_changed,
            document.selection_changed,
            document.experiment_changed,
            document.data_changed,
            document.walk.changed,
        ):
            signal.connect(self.invalidate)

    @property
    def cards(self) -> list[Card]:
        """The cards from left to right."""
        return self._row.cards

    @property
    def row(self) -> CardRow:
        """What the cards stand on; knows the links between them."""
        return self._row

    @property
    def scale(self) -> ScaleChoice:
        """Where the colours end: at the largest value of each unit, of the layer or of the network."""
        return self._scale

    @scale.setter
    def scale(self, scale: ScaleChoice) -> None:
        self._scale = scale
        self._choice.setCurrentIndex(self._choice.findData(scale))
        self.invalidate()

    @property
    def problem(self) -> str:
        """The sentence shown in place of the rows; empty while there are rows."""
        return self._message.text()

    def refresh(self) -> None:
        """Show the tape at the cursor."""
        document = self.document
        contents = self._contents.cards(self._scale)
        titles_only = document.tape is None
        self._show_problem(document.problem if titles_only else "")
        weights = link_weights(document, contents)
        if document.running and not titles_only:
            self._row.set_contents_in_halves(contents, weights)
        else:
            self._row.set_contents(contents, weights, titles_only)
        self._show_note()
        self.samples.refresh()
        self._follow()

    @property
    def is_unfinished(self) -> bool:
        return self._row.has_rest

    def tick(self) -> bool:
        """The half of the cards that the last picture left comes before another picture."""
        if self._row.has_rest:
            self._row.show_rest()
            return True
        return super().tick()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The card that was scrolled to stays in view."""
        super().resizeEvent(event)
        self._scroll_to_followed()

    def sizeHint(self) -> QSize:
        """As in the pictures of the window."""
        return QSize(820, 360)

    def minimumSizeHint(self) -> QSize:
        """Wished for, not enforced: where the docks cannot give way any more, the pictures do, and not the tape."""
        return QSize(super().minimumSizeHint().width(), _HEIGHT)

    def _ask(self, index: int, row: str, entry: tuple[int, ...]) -> None:
        """Explain the loss, the weight of a link, or an entry of the selected sample."""
        document, step = self.document, self.document.step
        if step is None:
            return
        if row == "value":
            document.questions.ask(Place(step.position("loss", index), "value", ()))
        elif row == "weight":
            document.questions.ask(parameter_place(step.tape, document.cursor, f"{index}.weight", entry))
        elif document.whole_batch:
            QToolTip.showText(QCursor.pos(), NO_PLACE, self)
        else:
            entry = (document.sample, *entry)
            document.questions.ask(output_place(step, index, entry, gradient=row == "bottom"))

    def _follow(self) -> None:
        """Scroll to the card of a record that is reached, or else to one that is newly selected."""
        before = self._active, self._selected
        self._active = next((card for card in self.cards if card.content.active), None)
        self._selected = next((card for card in self.cards if card.content.selected), None)
        changed = [card for card, was in zip((self._active, self._selected), before, strict=True) if card is not was]
        if changed:
            self._followed = next((card for card in changed if card is not None), None)
            self._scroll_to_followed()

    def _scroll_to_followed(self) -> None:
        if self._followed is not None:
            self._scroll.ensureWidgetVisible(self._followed, 40, 0)

    def _make_header(self) -> QWidget:
        header = QWidget()
        layout = QHBoxLayout(header)
        layout.setContentsMargins(0, 0, 0, 0)
        self._choice = QComboBox()
        for value, words in _SCALES:
            self._choice.addItem(words, value)
        self._choice.setCurrentIndex(self._choice.findData(self._scale))
        self._choice.setAccessibleName("Scale of the colours")
        self._choice.setToolTip(_SCALE_HELP)
        self._choice.activated.connect(self._take_scale)
        layout.addStretch(1)
        layout.addWidget(self.samples)
        layout.addWidget(self._choice)
        return header

    def _take_scale(self) -> None:
        self.scale = self._choice.currentData()

    def _show_problem(self, problem: str) -> None:
        if problem:
            self._message.setProperty("role", "muted" if self.document.batch_waits else "error")
            self._message.style().polish(self._message)
        self._message.setText(problem)
        self._message.setVisible(bool(problem))
        self._scroll.setMaximumHeight(int(TITLE_HEIGHT + 2 * HALO + 12) if problem else 16_777_215)

    def _show_note(self) -> None:
        network, count = self.document.network, len(self.document.experiment.layers)
        parts = [f"{count} layer{'s' * (count != 1)}"]
        if network is not None:
            parts.append(f"{format_count(network.flat_params.size)} parameters")
            parts.append("top: values forward, bottom: gradients backward")
        note = " · ".join(parts)
        if note != self._note:
            self._note = note
            self.note_changed.emit(note)


class _SidewaysScroll(QScrollArea):
    """Scrolls sideways only: with the wheel too, and never with the arrow keys, which step through the tape."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave every key to the window."""
        event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel goes sideways."""
        delta = event.angleDelta()
        bar = self.horizontalScrollBar()
        if bar.maximum() == 0:
            event.ignore()
            return
        bar.setValue(bar.value() - (delta.x() or delta.y()))
        event.accept()
