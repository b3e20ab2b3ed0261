"""Curves over the steps of training: loss on a left axis (logarithmic or not), accuracy on a right one in percent.

Every curve carries its name at its end, can be read with the pointer, and says where it stopped being finite. However
many steps there are, what is handed to Qt are a few points for each column of pixels.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from app.plots.curve import Curve, CurveStyle
from app.plots.curve_canvas import CurveCanvas
from app.plots.curve_data import Series
from app.plots.curve_labels import label_room, place_labels
from app.plots.curve_marks import CurveMarks
from app.plots.curve_picture import Names, write_picture
from app.plots.curve_pointer import CurvePointer
from app.plots.elided_label import ElidedLabel
from app.plots.numbers import format_count
from app.theme import theme_changed

_MARK_REACH = 5.0
"""Pixels from a mark within which the pointer reads it."""

_LEAST_COLUMNS = 50

_TALL = 240
"""Height in pixels from which there is room for the word "step"."""

_EXTRA_BITS = 4
"""Bounds of axes lie on multiples of a 16th to a 32nd of what is shown."""


class CurvesView(QWidget):
    """Shows named curves; drag and wheel zoom along the steps, a double click follows the newest step again.

    `below` is the row under the plot, with what the pointer reads; others may add their buttons to it. `hint` is what
    the tool tip says of a click; whoever listens to `step_pointed` may set it anew for every step.
    """

    step_pointed = Signal(float)
    """The pointer stands at a step."""

    step_clicked = Signal(float)
    """A step was clicked; where a part is zoomed into, only once it is sure that no double click follows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Curves")
        self.canvas = CurveCanvas()
        self.pointer = CurvePointer(self.canvas, self._tip, self)
        self.marks = CurveMarks()
        self.canvas.right.addItem(self.marks.item, ignoreBounds=True)
        self.message = QLabel()
        self.message.setProperty("role", "muted")
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setWordWrap(True)
        self.readout = ElidedLabel()
        self.below = QHBoxLayout()
        self._curves: dict[str, Curve] = {}
        self._drawing = False
        self.hint = ""
        self._arrange()
        self._connect()
        self.restyle()

    # What is shown

    def show_series(self, curves: Mapping[str, tuple[Series, CurveStyle]]) -> None:
        """Show exactly these curves, by name."""
        for name, curve in list(self._curves.items()):
            if name not in curves or curves[name][1] != curve.style:
                self._remove(name)
        for name, (series, style) in curves.items():
            self._add(name, style).series = series
        self._curves = {name: self._curves[name] for name in curves}  # in the order given
        self._draw()

    def set_message(self, message: str) -> None:
        """The sentence that stands here while there are no curves."""
        self.message.setText(message)

    def names(self) -> tuple[str, ...]:
        """The curves there are."""
        return tuple(self._curves)

    def curve(self, name: str) -> Curve:
        """One of the curves."""
        return self._curves[name]

    def set_log(self, on: bool) -> None:
        """Logarithmic or linear left axis; values that are not positive have no place on the logarithmic one."""
        self.canvas.values.logarithmic = on
        self.canvas.values.picture = None
        self._draw()

    def log(self) -> bool:
        """Whether the left axis is logarithmic."""
        return bool(self.canvas.values.logarithmic)

    def set_marker(self, step: float | None) -> None:
        """A vertical line at a step; None removes it."""
        self.canvas.marker.setVisible(step is not None)
        if step is not None:
            self.canvas.marker.setValue(step)
        self._read_out()

    def set_marks(self, marks: Sequence[tuple[float, str]]) -> None:
        """Thin vertical lines at steps, with the words that the pointer reads there."""
        self.marks.show(marks)

    def readout_at(self, step: float) -> str:
        """All named curves at the step of each that lies nearest: `step 1 200 · batch loss 0.1320 · …`."""
        read = [(curve, curve.series.near(step)) for curve in self._curves.values() if curve.style.named]
        found = [(curve, reading) for curve, reading in read if reading is not None]
        if not found:
            return ""
        # The curve with the finest steps says which step it is; the others may be measured once an epoch.
        nearest = min((reading.step for _, reading in found), key=lambda at: abs(at - step))
        words = [f"step {format_count(round(nearest))}", *(curve.value_words(step) for curve, _ in found)]
        return " · ".join([*words, *self._mark_words(step)])

    def label_of(self, name: str) -> str:
        """The words at the end of a curve: its name, and where it stopped being finite."""
        return self._curves[name].words()

    def save_picture(self, path: Path, below: Names = ()) -> None:
        """Write the plot, with further names below it, as a PNG or SVG. Errors: DataError when it cannot be written."""
        write_picture(self.canvas, path, below)

    def restyle(self) -> None:
        """Take the colours and fonts of the current theme."""
        self.canvas.restyle()
        self.marks.restyle()
        for curve in self._curves.values():
            curve.restyle()
        self._place_labels()

    # Making

    def _arrange(self) -> None:
        self.below.setContentsMargins(6, 0, 4, 0)
        self.below.setSpacing(2)
        self.below.addWidget(self.readout, 1)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        column.addLayout(self.below)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.message)
        self._stack.addWidget(page)

    def _connect(self) -> None:
        left = self.canvas.left
        left.sigResized.connect(self._draw)
        left.sigRangeChanged.connect(self._view_changed)
        left.sigRangeChangedManually.connect(self._zoomed_by_hand)
        self.pointer.moved.connect(self._read_out)
        self.pointer.step_pointed.connect(self.step_pointed)
        self.pointer.step_clicked.connect(self.step_clicked)
        self.pointer.double_clicked.connect(self._follow)
        theme_changed.connect(self.restyle)

    def _add(self, name: str, style: CurveStyle) -> Curve:
        curve = self._curves.get(name)
        if curve is None:
            curve = self._curves[name] = Curve(name, style)
            for item in (curve.item, curve.dot):
                self.canvas.view_of(style.axis).addItem(item, ignoreBounds=True)
            curve.label.setParentItem(self.canvas.left)
            curve.restyle()
        return curve

    def _remove(self, name: str) -> None:
        curve = self._curves.pop(name)
        for item in (curve.item, curve.dot):
            self.canvas.view_of(curve.style.axis).removeItem(item)
        self.canvas.scene().removeItem(curve.label)

    # Drawing

    def _draw(self) -> None:
        """Show everything, with room for the names at the right, unless the person looks at a part."""
        self._stack.setCurrentIndex(1 if self._curves else 0)
        self.pointer.ends = self._ends()
        if not self._curves:
            return
        self._drawing = True
        axes = {curve.style.axis for curve in self._curves.values()}
        self.canvas.values.setVisible("left" in axes)
        self.canvas.shares.setVisible("right" in axes)
        for curve in self._curves.values():
            curve.write_label()
        room = None
        while room != (needed := label_room(list(self._curves.values()), self.canvas.left.width())):
            room = needed
            if self.pointer.following:
                self._show_all_steps(room)
            self._place_curves()  # a name that tells its scale may now be another
        self._drawing = False
        self._place_labels()

    def _show_all_steps(self, room: float) -> None:
        first, last = self._ends() or (0.0, 1.0)
        last = max(last, 1.0)
        last = _round_up(last, last - first)
        first = min(first, last - 1.0)
        width = self.canvas.left.width()
        share = room / width if width > 0 else 0.2
        self.canvas.left.setXRange(first, last + (last - first) * share / (1 - share), padding=0.0)

    def _ends(self) -> tuple[float, float] | None:
        """The first and the last step of all curves."""
        ends = [end for curve in self._curves.values() if (end := curve.series.ends())]
        return (min(start for start, _ in ends), max(end for _, end in ends)) if ends else None

    def _place_curves(self) -> None:
        first, last = self.canvas.left.viewRange()[0]
        columns = max(round(self.canvas.left.width()), _LEAST_COLUMNS)
        places = []
        for curve in self._curves.values():
            curve.place(first, last, columns, logarithmic=self.log())
            if curve.style.axis == "left":
                places.append(curve.shown[np.isfinite(curve.shown)])
        shown = np.concatenate([*places, np.empty(0)])
        if shown.size:
            low, high = float(shown.min()), float(shown.max())
            if not self.log():
                low = min(low, 0.0)
            high = high if high > low else low + 1.0
            self.canvas.left.setYRange(-_round_up(-low, high - low), _round_up(high, high - low), padding=0.05)

    def _view_changed(self) -> None:
        """Zoomed, moved, or fitted by `_draw`, which then draws by itself."""
        if not self._drawing:
            self._drawing = True
            self._place_curves()
            self._drawing = False
            self._place_labels()

    def _place_labels(self) -> None:
        place_labels(list(self._curves.values()), self.canvas)

    # The person

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little height, the word below the steps gives way to the curves."""
        super().resizeEvent(event)
        self.canvas.steps.showLabel(event.size().height() >= _TALL)

    def _tip(self, step: float) -> str:
        """What a mark means, or all that the line below says where that is cut, and what a click does."""
        words = self._mark_words(step)[:1] or ([self.readout.text()] if self.readout.is_cut else [])
        return "\n".join([*words, *([self.hint] if self.hint and self.canvas.cross.isVisible() else [])])

    def _mark_words(self, step: float) -> list[str]:
        pixel = self.canvas.left.viewPixelSize()[0] if self.canvas.left.width() > 0 else 0.0
        words = self.marks.words_near(step, _MARK_REACH * float(pixel))
        return [words] if words else []

    def _zoomed_by_hand(self) -> None:
        self.pointer.following = False

    def _follow(self) -> None:
        self.pointer.following = True
        self._draw()

    def _read_out(self) -> None:
        """The values at the pointer, or else where the marker stands."""
        lines = [line for line in (self.canvas.cross, self.canvas.marker) if line.isVisible()]
        self.readout.setText(self.readout_at(lines[0].value()) if lines else "")


def _round_up(bound: float, extent: float) -> float:
    """A bound a little further out: axes that stay from frame to frame need not be drawn again."""
    step = 2.0 ** (math.floor(math.log2(extent)) - _EXTRA_BITS) if extent > 0 else 1.0
    return math.ceil(bound / step) * step
