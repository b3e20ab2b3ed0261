"""How a person reads the curves: the cross-hair follows pointer or arrow keys, a click or Enter takes a step."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QToolTip

from app.plots.base import is_plain
from app.plots.curve_canvas import CurveCanvas

_PAGE = 0.1
"""The share of the steps in view that Page Up and Page Down move by."""

_WAYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_PAGES = {Qt.Key.Key_PageUp: 1, Qt.Key.Key_PageDown: -1}
_ENDS = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: 1}
_CHOICE = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}
_MOVES = {*_WAYS, *_PAGES, *_ENDS}


class CurvePointer(QObject):
    """Moves the canvas's cross-hair; `tip` says what a tool tip at a step says."""

    moved = Signal()
    """The cross-hair stands elsewhere, or is gone."""

    step_pointed = Signal(float)
    step_clicked = Signal(float)
    double_clicked = Signal()

    def __init__(self, canvas: CurveCanvas, tip: Callable[[float], str], parent: QObject) -> None:
        super().__init__(parent)
        self.following = True
        """Whether all steps are in view; otherwise a click might be half of a double click, which brings them back."""

        self.ends: tuple[float, float] | None = None
        """The first and the last step there are; None without curves."""

        self._canvas, self._tip = canvas, tip
        self._clicked_step = 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._click)
        canvas.scene().sigMouseMoved.connect(self._mouse_moved)
        canvas.scene().sigMouseClicked.connect(self._mouse_clicked)
        # By Tab alone: whoever clicked a step to go there wants to walk along the tape from there.
        canvas.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        canvas.viewport().installEventFilter(self)
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys move the cross-hair while the plot has the keyboard, and do not step through the tape meanwhile."""
        if event.type() in (QEvent.Type.Leave, QEvent.Type.FocusOut):
            self._canvas.cross.setVisible(False)
            self.moved.emit()
        elif event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            step = self._canvas.left.mapSceneToView(self._canvas.mapToScene(event.pos())).x()
            QToolTip.showText(event.globalPos(), self._tip(step), self._canvas)
            return True
        elif isinstance(event, QKeyEvent) and self.ends is not None and self._is_own(event):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._take_key(Qt.Key(event.key()), self.ends)
                return True
        return super().eventFilter(watched, event)

    def _is_own(self, event: QKeyEvent) -> bool:
        """Whether a key means something here; a choice does only while a step is pointed at."""
        if not is_plain(event):
            return False
        return event.key() in _MOVES or (event.key() in _CHOICE and self._canvas.cross.isVisible())

    def _take_key(self, key: Qt.Key, ends: tuple[float, float]) -> None:
        cross, marker = self._canvas.cross, self._canvas.marker
        if key in _CHOICE:
            self.step_clicked.emit(cross.value())
            return
        first, last = self._canvas.left.viewRange()[0]
        low, high = max(ends[0], first), min(ends[1], last)
        if key in _ENDS:
            step = (low, high)[_ENDS[key]]
        elif not cross.isVisible():
            step = marker.value() if marker.isVisible() else high
        else:
            page = max(1, round(_PAGE * (high - low)))
            step = cross.value() + (_WAYS[key] if key in _WAYS else page * _PAGES[key])
        self._point(float(min(max(round(step), low), high)))

    def _point(self, step: float) -> None:
        self._canvas.cross.setVisible(True)
        self._canvas.cross.setValue(step)
        self.step_pointed.emit(step)
        self.moved.emit()

    def _mouse_moved(self, position: Any) -> None:
        if self.ends is not None and self._canvas.left.sceneBoundingRect().contains(position):
            self._point(self._canvas.left.mapSceneToView(position).x())
        else:
            self._canvas.cross.setVisible(False)
            self.moved.emit()

    def _mouse_clicked(self, event: Any) -> None:
        inside = self.ends is not None and self._canvas.left.sceneBoundingRect().contains(event.scenePos())
        if event.double():
            self._timer.stop()
            self.double_clicked.emit()
        elif inside and event.button() == Qt.MouseButton.LeftButton:
            self._clicked_step = self._canvas.left.mapSceneToView(event.scenePos()).x()
            if self.following:
                self._click()
            else:
                self._timer.start(QApplication.doubleClickInterval())

    def _click(self) -> None:
        self.step_clicked.emit(self._clicked_step)
