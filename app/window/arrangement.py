"""Which panels there are and where their docks stand."""

from typing import TypeVar

from PySide6.QtCore import QByteArray, QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from app.document.document import Document
from app.panels.boundary import Boundary
from app.panels.curves import Curves
from app.panels.data import DataPanel
from app.panels.diagnostics import Diagnostics
from app.panels.gradient_flow import GradientFlow
from app.panels.inspector import Inspector
from app.panels.layers import LayersPanel
from app.panels.predictions import Predictions
from app.panels.training import TrainingPanel
from app.view import View
from app.window.columns import Column
from app.window.docks import Dock
from core.datasets.base import Dataset

P = TypeVar("P", bound=View)

LEFT_WIDTH, RIGHT_WIDTH = 236, 296
"""Least widths of the outer columns, in pixels; what is in them is laid out for these."""

LEFT = (DataPanel, TrainingPanel, LayersPanel)
"""The panels of the left column, from top to bottom."""

BOTTOM_SHARE = 0.36
"""Share of the window's height that the curves and the boundary get at first."""


class Arrangement(QObject):
    """Makes the docks and puts them where they belong."""

    def __init__(self, window: QMainWindow, document: Document) -> None:
        super().__init__(window)
        self._window = window
        left, bottom = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
        for corner, area in (
            (Qt.Corner.TopLeftCorner, left),
            (Qt.Corner.BottomLeftCorner, left),
            (Qt.Corner.TopRightCorner, Qt.DockWidgetArea.RightDockWidgetArea),
            (Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea),
        ):
            window.setCorner(corner, area)
        self.docks: dict[type[View], Dock] = {}
        for kind in LEFT:
            self._add(kind(document), left)
        inspector = Inspector(document)
        self._add(inspector, Qt.DockWidgetArea.RightDockWidgetArea)
        inspector.title_changed.connect(self.docks[Inspector].header.title.setText)
        for panel in (Curves, Boundary, Predictions, GradientFlow):
            self._add(panel(document), bottom)
        self.panel(GradientFlow).gradients_wanted.connect(inspector.show_gradients)
        for other in (Predictions, GradientFlow):
            window.tabifyDockWidget(self.docks[Boundary], self.docks[other])
        self._add(Diagnostics(document), Qt.DockWidgetArea.RightDockWidgetArea)
        self.docks[Diagnostics].hide()
        for kind in LEFT:
            self.docks[kind].setMinimumWidth(LEFT_WIDTH)
        # Of the view: a dock with a least width of its own keeps the width its content needed at first.
        inspector.setMinimumWidth(RIGHT_WIDTH)
        self._left = Column([self.docks[kind] for kind in LEFT], window)
        self._first: QByteArray = window.saveState()
        self._suits: type[View] | None = None

    def views(self) -> list[View]:
        """All panels, for the clock."""
        return [dock.view for dock in self.docks.values()]

    def panel(self, kind: type[P]) -> P:
        """The panel of that class."""
        view = self.docks[kind].view
        assert isinstance(view, kind)
        return view

    def toggle_actions(self) -> list[QAction]:
        """An action for each dock that closes it or brings it back."""
        return [dock.toggleViewAction() for dock in self.docks.values()]

    def suit(self, data: Dataset) -> None:
        """Bring the panel to the front that has something to show of this data."""
        kind = Boundary if data.is_plane else Predictions if data.is_image else GradientFlow
        if kind is not self._suits:
            self._suits = kind
            self.docks[kind].raise_()

    def reset(self) -> None:
        """All docks back to where they were at first."""
        self._window.restoreState(self._first)
        for kind, dock in self.docks.items():
            dock.setVisible(kind is not Diagnostics)
        self._left.forget()
        self.share_out()  # what was saved knows the order of the docks; it was saved before there was a window to share
        if self._suits:
            self.docks[self._suits].raise_()

    def share_out(self) -> None:
        """Give every column and row its share of the window."""
        width, height = self._window.width(), self._window.height()
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        outer = [LEFT_WIDTH + width // 100, max(RIGHT_WIDTH, round(width * 0.24))]
        self._window.resizeDocks([self.docks[DataPanel], self.docks[Inspector]], outer, across)
        self._window.resizeDocks([self.docks[Curves]], [round(height * BOTTOM_SHARE)], down)
        left = [self.docks[kind] for kind in LEFT]
        self._window.resizeDocks(left, [round(height * share) for share in (0.38, 0.26, 0.26)], down)
        half = (width - sum(outer)) // 2
        self._window.resizeDocks([self.docks[Curves], self.docks[Boundary]], [half, half], across)

    def _add(self, view: View, area: Qt.DockWidgetArea) -> None:
        dock = Dock(view, self._window)
        self.docks[type(view)] = dock
        self._window.addDockWidget(area, dock)
