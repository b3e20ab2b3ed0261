"""The names of past runs under the curves: a press hides or shows one, its cross forgets it, pointing at it brings it
to the front."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from app.document.course import PastRun
from app.icons import icon
from app.panels.chip_rows import MOST_ROWS, ChipRows
from app.panels.curve_lines import run_color
from app.theme import theme_changed

_SWATCH = QSize(12, 3)
_CROSS = QSize(10, 10)


class _Name(QToolButton):
    """A button whose words end in "…" where there is little room; of what Qt cuts from the middle nobody can tell
    which run it is."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        cut = self.sizeHint().width() - self.width()
        if cut > 0:
            room = self.fontMetrics().horizontalAdvance(self.text()) - cut
            option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        painter.end()


class Chip(QFrame):
    """The name of one run with its colour, and the cross that forgets it."""

    toggled = Signal()
    forgotten = Signal()

    def __init__(self, run: PastRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run = run
        self.name = _Name()
        self.name.setText(run.name)
        self.name.setCheckable(True)
        self.name.setChecked(True)
        self.name.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.name.setIcon(_swatch(run_color(run)))
        self.name.setIconSize(_SWATCH)
        self.name.setToolTip(f"{run.name}: {len(run.history.losses)} steps. Press to hide or show its curve.")
        self.name.setAccessibleName(f"Show past run {run.name}")
        self.cross = QToolButton()
        self.cross.setIconSize(_CROSS)
        self.cross.setToolTip("Forget this run")
        self.cross.setAccessibleName(f"Forget past run {run.name}")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(0)
        for button in (self.name, self.cross):
            button.setProperty("role", "legend")
            layout.addWidget(button)
        self.name.toggled.connect(self.toggled)
        self.cross.clicked.connect(self.forgotten)
        theme_changed.connect(self.tint)
        self.tint()

    def tint(self) -> None:
        """Draw the cross in the colours of the theme."""
        self.cross.setIcon(icon("x"))


class RunLegend(QScrollArea):
    """All past runs; `hidden` are those whose curves are not wanted, `pointed` the one under the pointer.

    It takes a few rows of the panel at most, so that the curves keep the rest; further names are reached by scrolling.
    """

    changed = Signal()
    forgotten = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        content = QWidget()
        self._rows = ChipRows(content)
        self._chips: list[Chip] = []
        self._most_rows = MOST_ROWS
        self._scrolled = 0
        self.pointed: PastRun | None = None
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.verticalScrollBar().rangeChanged.connect(self._follow_newest)
        self.hide()

    @property
    def chips(self) -> tuple[Chip, ...]:
        """A chip for each run."""
        return tuple(self._chips)

    def give_way(self, room: int) -> None:
        """Take no more rows than there are so many pixels for; in a very low panel that is none."""
        rows = max(0, min(room // max(self._rows.row_height(), 1), MOST_ROWS))
        if rows != self._most_rows:
            self._most_rows = rows
            self._fit()

    def shown_runs(self) -> list[PastRun]:
        """The runs whose curves are wanted."""
        return [chip.run for chip in self._chips if chip.name.isChecked()]

    def show_runs(self, runs: Sequence[PastRun]) -> None:
        """List these runs; those that stay keep whether they are hidden."""
        if [chip.run for chip in self._chips] == list(runs):
            return
        kept = {id(chip.run): chip for chip in self._chips}
        self._chips = [kept[id(run)] if id(run) in kept else self._make(run) for run in runs]
        for chip in kept.values():
            if chip not in self._chips:
                self._rows.removeWidget(chip)
                chip.deleteLater()
        if self.pointed not in runs:
            self.pointed = None
        self.setVisible(bool(self._chips))
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The run under the pointer comes to the front."""
        if isinstance(watched, Chip) and event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self.pointed = watched.run if event.type() == QEvent.Type.Enter else None
            self.changed.emit()
        return super().eventFilter(watched, event)

    def _make(self, run: PastRun) -> Chip:
        chip = Chip(run)
        chip.installEventFilter(self)
        chip.toggled.connect(self.changed)
        chip.forgotten.connect(self._forget)
        self._rows.addWidget(chip)
        return chip

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow panels need more rows."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """No name makes the panel wider: it is cut instead."""
        return self._rows.minimumSize()

    def _fit(self) -> None:
        self.setFixedHeight(min(self._rows.heightForWidth(self.width()), self._most_rows * self._rows.row_height()))

    def _follow_newest(self, _: int, last: int) -> None:
        """The name of a run that was just left is in view."""
        if last > self._scrolled:
            self.verticalScrollBar().setValue(last)
        self._scrolled = last

    def _forget(self) -> None:
        chip = self.sender()
        assert isinstance(chip, Chip)
        self.forgotten.emit(chip.run)


def _swatch(color: str) -> QIcon:
    pixmap = QPixmap(_SWATCH)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.fillRect(pixmap.rect(), QColor(color))
    painter.end()
    return QIcon(pixmap)
