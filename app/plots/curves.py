"""Curves over the steps of training: loss on a left axis (logarithmic or not), accuracy on a right one in percent.

Every curve carries its name at its end, can be read with the pointer, and says where it stopped being finite.
"""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from app.plots.base import line_height, small_font
from app.plots.curve import Axis, Curve
from app.plots.curve_axis import PercentAxis, ValueAxis
from app.plots.curve_labels import spread
from app.plots.numbers import format_count
from app.theme import current_theme, theme_changed
from core.types import Array

_LABEL_ROOM = 0.2


class CurvesView(QWidget):
    """Shows named curves; drag and wheel zoom along the steps, a double click follows the newest step again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Curves")
        self._curves: dict[str, Curve] = {}
        self._following = True
        self._build_plot()
        self._message = QLabel("Nothing has been trained yet")
        self._message.setProperty("role", "muted")
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        self._readout = QLabel()
        self._readout.setProperty("role", "note")
        self._readout.setMinimumWidth(1)
        self._log = QToolButton()
        self._log.setText("log")
        self._log.setCheckable(True)
        self._log.setProperty("role", "link")
        self._log.setToolTip("Logarithmic loss axis")
        self._log.setAccessibleName("Logarithmic loss axis")
        self._log.toggled.connect(self.set_log)
        self._arrange()
        theme_changed.connect(self.restyle)
        self.restyle()

    def set_curve(
        self,
        name: str,
        x: Array,
        y: Array,
        color: str,
        *,
        axis: Axis = "left",
        width: float = 2.0,
        pale: bool = False,
    ) -> None:
        """Add a curve or replace its data; right-axis values are shares from 0 to 1.

        The colour is a field of the theme, such as `"forward"`, or any other colour; a pale curve lies below the rest.

        Shapes: x (N,) rising steps; y (N,)
        """
        curve = self._curves.get(name)
        if curve is None:
            curve = self._curves[name] = Curve(name, axis)
            (self._right if axis == "right" else self._left).addItem(curve.item)
            curve.label.setParentItem(self._left)
        curve.x, curve.y = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
        curve.color, curve.width, curve.pale = color, width, pale
        curve.restyle()
        curve.place(self.log())
        self._stack.setCurrentIndex(1)
        self._fit()

    def clear(self) -> None:
        """Remove all curves and the marker."""
        for curve in self._curves.values():
            (self._right if curve.axis == "right" else self._left).removeItem(curve.item)
            curve.label.setParentItem(None)
            self._plot.scene().removeItem(curve.label)
        self._curves.clear()
        self.set_marker(None)
        self._readout.clear()
        self._following = True
        self._stack.setCurrentIndex(0)

    def set_message(self, message: str) -> None:
        """The sentence that stands here while there are no curves."""
        self._message.setText(message)

    def names(self) -> tuple[str, ...]:
        """The curves there are."""
        return tuple(self._curves)

    def set_log(self, on: bool) -> None:
        """Logarithmic or linear left axis; values that are not positive have no place on the logarithmic one."""
        self._axis.logarithmic = on
        self._log.setChecked(on)
        self._axis.picture = None
        for curve in self._curves.values():
            curve.place(on)
        self._fit()

    def log(self) -> bool:
        """Whether the left axis is logarithmic."""
        return bool(self._axis.logarithmic)

    def set_marker(self, step: float | None) -> None:
        """A vertical line at a step; None removes it."""
        self._marker.setVisible(step is not None)
        if step is not None:
            self._marker.setValue(step)

    def readout_at(self, step: float) -> str:
        """All curves at the step of each that lies nearest: `step 1 200 · batch loss 0.1320 · test accuracy 97.1 %`."""
        curves = [curve for curve in self._curves.values() if curve.x.size]
        if not curves:
            return ""
        nearest = [int(np.abs(curve.x - step).argmin()) for curve in curves]
        # The curve with the finest steps says which step it is; the others may be measured once an epoch.
        finest = min(zip(curves, nearest, strict=True), key=lambda pair: abs(pair[0].x[pair[1]] - step))
        head = f"step {format_count(round(finest[0].x[finest[1]]))}"
        return " · ".join([head, *(curve.value_words(i) for curve, i in zip(curves, nearest, strict=True))])

    def label_of(self, name: str) -> str:
        """The words at the end of a curve: its name, and where it stopped being finite."""
        return self._curves[name].words()

    def restyle(self) -> None:
        """Take the colours and fonts of the current theme."""
        theme = current_theme()
        self._plot.setBackground(theme.panel)
        for axis in (self._axis, self._steps, self._percent):
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
            axis.setTickFont(small_font())
        self._steps.setLabel("step", color=theme.muted)
        self._cross.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DashLine))
        self._marker.setPen(pg.mkPen(theme.text, width=1.5))
        for curve in self._curves.values():
            curve.restyle()
        self._place_labels()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The cross-hair goes with the pointer."""
        if event.type() == QEvent.Type.Leave:
            self._cross.setVisible(False)
            self._readout.clear()
        return super().eventFilter(watched, event)

    def _build_plot(self) -> None:
        self._axis, self._steps, self._percent = ValueAxis("left"), ValueAxis("bottom"), PercentAxis("right")
        axes = {"left": self._axis, "bottom": self._steps, "right": self._percent}
        self._plot: Any = pg.PlotWidget(axisItems=axes)
        self._plot.setAccessibleName("Curves, plot")
        self._plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        item = self._plot.getPlotItem()
        item.hideButtons()
        item.setMenuEnabled(False)
        item.showAxis("right")
        item.showGrid(y=True, alpha=0.5)
        self._percent.setGrid(False)
        self._steps.setStyle(hideOverlappingLabels=False)
        self._steps.enableAutoSIPrefix(False)
        self._axis.enableAutoSIPrefix(False)
        self._left: Any = item.vb
        self._left.setMouseEnabled(x=True, y=False)
        self._right: Any = pg.ViewBox(enableMenu=False)
        self._right.setMouseEnabled(x=False, y=False)
        # Below the left view, which takes the mouse for both.
        self._right.setZValue(self._left.zValue() - 1)
        item.scene().addItem(self._right)
        self._percent.linkToView(self._right)
        self._right.setXLink(self._left)
        self._right.setYRange(0.0, 1.0, padding=0.02)
        self._cross: Any = pg.InfiniteLine(angle=90, movable=False)
        self._marker: Any = pg.InfiniteLine(angle=90, movable=False)
        for line in (self._cross, self._marker):
            line.setVisible(False)
            self._left.addItem(line, ignoreBounds=True)
        self._left.sigResized.connect(self._resized)
        self._left.sigRangeChanged.connect(self._place_labels)
        self._left.sigRangeChangedManually.connect(self._zoomed_by_hand)
        item.scene().sigMouseMoved.connect(self._mouse_moved)
        item.scene().sigMouseClicked.connect(self._clicked)
        self._plot.viewport().installEventFilter(self)

    def _arrange(self) -> None:
        below = QHBoxLayout()
        below.setContentsMargins(6, 0, 4, 0)
        below.addWidget(self._readout, 1)
        below.addWidget(self._log)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 4, 0, 2)
        column.setSpacing(0)
        column.addWidget(self._plot, 1)
        column.addLayout(below)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._message)
        self._stack.addWidget(page)

    def _fit(self) -> None:
        """Show everything, with room for the names at the right, unless the person looks at a part."""
        lows, highs, last, first = [], [], 1.0, np.inf
        for curve in self._curves.values():
            if curve.x.size:
                first, last = min(first, float(curve.x[0])), max(last, float(curve.x[-1]))
            if curve.axis == "left" and np.isfinite(curve.shown).any():
                lows.append(float(np.nanmin(curve.shown)))
                highs.append(float(np.nanmax(curve.shown)))
        if lows:
            low, high = min(lows), max(highs)
            if not self.log():
                low = min(low, 0.0)
            self._left.setYRange(low, high if high > low else low + 1.0, padding=0.06)
        self._axis.setVisible(bool(lows))
        self._percent.setVisible(any(curve.axis == "right" for curve in self._curves.values()))
        if self._following:
            first = min(first, last - 1.0)
            self._left.setXRange(first, last + (last - first) * _LABEL_ROOM, padding=0.0)
        self._place_labels()

    def _place_labels(self) -> None:
        """Names stand at the ends of their curves, in pixels, so that they can keep their distance."""
        height, width = self._left.height(), self._left.width()
        ends = []
        for curve in self._curves.values():
            end = curve.end()
            curve.label.setVisible(end is not None)
            view = self._right if curve.axis == "right" else self._left
            ends.append(view.mapFromView(QPointF(*(end or (0.0, 0.0)))))
        tops = spread([end.y() for end in ends], line_height() - 1, line_height() / 2, height - line_height() / 2)
        for curve, end, top in zip(self._curves.values(), ends, tops, strict=True):
            room = curve.label.boundingRect().width()
            curve.label.setPos(max(0.0, min(end.x() + 2, width - room)), top)

    def _resized(self) -> None:
        self._right.setGeometry(self._left.sceneBoundingRect())
        self._right.linkedViewChanged(self._left, self._right.XAxis)
        self._place_labels()

    def _zoomed_by_hand(self) -> None:
        self._following = False

    def _clicked(self, event: Any) -> None:
        if event.double():
            self._following = True
            self._fit()

    def _mouse_moved(self, position: Any) -> None:
        inside = self._left.sceneBoundingRect().contains(position)
        self._cross.setVisible(inside)
        if inside:
            step = self._left.mapSceneToView(position).x()
            self._cross.setValue(step)
            self._readout.setText(self.readout_at(step))
