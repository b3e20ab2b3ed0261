"""The names of past runs under the curves: a press hides or shows one, its cross forgets it, pointing at it brings it
to the front."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QLayoutItem, QToolButton, QWidget

from app.document.course import PastRun
from app.icons import icon
from app.panels.curve_lines import run_color
from app.theme import theme_changed

_SWATCH = QSize(12, 3)
_CROSS = QSize(10, 10)


class Chip(QFrame):
    """The name of one run with its colour, and the cross that forgets it."""

    toggled = Signal()
    forgotten = Signal()

    def __init__(self, run: PastRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run = run
        self.name = QToolButton()
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


class RunLegend(QWidget):
    """All past runs; `hidden` are those whose curves are not wanted, `pointed` the one under the pointer."""

    changed = Signal()
    forgotten = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._flow = _Flow(self)
        self._chips: list[Chip] = []
        self.pointed: PastRun | None = None
        self.hide()

    @property
    def chips(self) -> tuple[Chip, ...]:
        """A chip for each run."""
        return tuple(self._chips)

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
                self._flow.removeWidget(chip)
                chip.deleteLater()
        if self.pointed not in runs:
            self.pointed = None
        self.setVisible(bool(self._chips))

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
        self._flow.addWidget(chip)
        return chip

    def _forget(self) -> None:
        chip = self.sender()
        assert isinstance(chip, Chip)
        self.forgotten.emit(chip.run)


class _Flow(QLayout):
    """Widgets from left to right, and on in the next row where there is no more room."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(6, 0, 6, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(width)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize(0, 0)
        for item in self._items:
            size = size.expandedTo(item.sizeHint())
        return size

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect.width(), rect.topLeft())

    def _place(self, width: int, origin: QPoint | None = None) -> int:
        """Where everything goes, if there is an origin; returns the height it takes."""
        margins = self.contentsMargins()
        left, right = margins.left(), margins.right()
        x, y, height = left, 0, 0
        for item in self._items:
            size = item.sizeHint()
            if x + size.width() > width - right and x > left:
                x, y = left, y + height
                height = 0
            if origin is not None:
                item.setGeometry(QRect(origin + QPoint(x, y), size))
            x, height = x + size.width(), max(height, size.height())
        return y + height


def _swatch(color: str) -> QIcon:
    pixmap = QPixmap(_SWATCH)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.fillRect(pixmap.rect(), QColor(color))
    painter.end()
    return QIcon(pixmap)
