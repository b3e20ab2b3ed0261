"""The plot that curves are drawn in: its axes, a second view for shares, the cross-hair and the marker."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsItem

from app.plots.base import line_height, small_font
from app.plots.curve_axis import PercentAxis, ValueAxis
from app.theme import current_theme

LEAST_HEIGHT = 66
"""Pixels below which curves cannot be told apart, and their axes cannot be read."""


class CurveCanvas(pg.PlotWidget):
    """`left` holds values, `right` shares from 0 to 1; both share the steps, and `left` takes the mouse for both."""

    def __init__(self) -> None:
        self.values, self.steps, self.shares = ValueAxis("left"), ValueAxis("bottom"), PercentAxis("right")
        super().__init__(axisItems={"left": self.values, "bottom": self.steps, "right": self.shares})
        self.setAccessibleName("Curves, plot")
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setMinimumHeight(LEAST_HEIGHT)
        # An axis is drawn again only when its bounds change, which they do seldom; see `curves._round_up`.
        for axis in (self.values, self.steps, self.shares):
            axis.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        item = self.getPlotItem()
        item.hideButtons()
        # The upper half of the topmost label stands above the plot.
        item.setContentsMargins(0.0, line_height() // 2, 0.0, 0.0)
        item.setMenuEnabled(False)
        item.showAxis("right")
        item.showGrid(y=True, alpha=0.5)
        self.shares.setGrid(False)
        self.steps.setStyle(hideOverlappingLabels=False)
        self.steps.enableAutoSIPrefix(False)
        self.values.enableAutoSIPrefix(False)
        self.left: Any = item.vb
        self.left.setMouseEnabled(x=True, y=False)
        self.right: Any = pg.ViewBox(enableMenu=False)
        self.right.setMouseEnabled(x=False, y=False)
        # Below the left view, which takes the mouse for both.
        self.right.setZValue(self.left.zValue() - 1)
        item.scene().addItem(self.right)
        self.shares.linkToView(self.right)
        self.right.setYRange(0.0, 1.0, padding=0.02)
        for view in (self.left, self.right):
            view.disableAutoRange()
        self.cross: Any = pg.InfiniteLine(angle=90, movable=False)
        self.marker: Any = pg.InfiniteLine(angle=90, movable=False)
        for line in (self.cross, self.marker):
            line.setVisible(False)
            self.left.addItem(line, ignoreBounds=True)
        # pyqtgraph's own link goes by whole pixels of the screen, and axes may end between two.
        self.left.sigXRangeChanged.connect(self._follow_steps)
        self.left.sigResized.connect(self._follow_place)
        self.left.geometryChanged.connect(self._follow_place)  # it may move without changing its size

    def view_of(self, axis: str) -> Any:
        """The view that holds the curves of an axis."""
        return self.left if axis == "left" else self.right

    def restyle(self) -> None:
        """Take the colours and fonts of the current theme."""
        theme = current_theme()
        self.setBackground(theme.panel)
        for axis in (self.values, self.steps, self.shares):
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
            axis.setTickFont(small_font())
        shown = self.steps.label.isVisible()
        self.steps.setLabel("step", color=theme.muted)
        self.steps.showLabel(shown)
        self.cross.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DashLine))
        self.marker.setPen(pg.mkPen(theme.text, width=1.5))

    def _follow_steps(self) -> None:
        self.right.setXRange(*self.left.viewRange()[0], padding=0.0)

    def _follow_place(self) -> None:
        self.right.setGeometry(self.left.sceneBoundingRect())
