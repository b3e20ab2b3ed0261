"""Docks: movable, closable frames around the panels, with a title on the left and a short remark on the right."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.layouts import label
from app.theme import theme_changed
from app.view import View
from app.window.still import Still

HEIGHT = 32
"""Height of a title row, in pixels."""


class Note(QLabel):
    """A remark on the right, of whose parts ("200 train · 200 test") as many are shown as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "note")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        align = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(self.rect(), align, self.shown_text())
        painter.end()

    def shown_text(self) -> str:
        """As many parts as fit; of a first one that does not, as much as fits."""
        parts, metrics = self.text().split(" · "), self.fontMetrics()
        while parts:
            if metrics.horizontalAdvance(words := " · ".join(parts)) <= self.width():
                return words
            parts.pop()
        return metrics.elidedText(words, Qt.TextElideMode.ElideRight, self.width())

    def event(self, event: QEvent) -> bool:
        """The tool tip says all of it."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.text(), self)
            return True
        return super().event(event)


class Header(QFrame):
    """The title row of a card: the title, and a remark that gives way when there is little room."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self._first_title = title
        self.title = label(title, "title")
        self.note = Note()
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(10, 0, 6, 0)
        self.setFixedHeight(HEIGHT)
        self.row.addWidget(self.title)
        self.row.addWidget(self.note, 1)

    def sizeHint(self) -> QSize:
        """A dock asks for this and knows nothing of a fixed height."""
        return QSize(super().sizeHint().width(), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """With the title it had at first: one that gets longer while somebody steps must not move the docks."""
        longer = self.title.minimumSizeHint().width() - self.title.fontMetrics().horizontalAdvance(self._first_title)
        return QSize(super().minimumSizeHint().width() - max(0, longer), HEIGHT)


class Dock(QDockWidget):
    """A view in a dock; closing it hides the view, which then costs nothing."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(view.title, parent)
        self.view = view
        self.setObjectName(f"{view.title} dock")
        self.header = Header(view.title)
        self.header.setObjectName("dockTitle")
        view.note_changed.connect(self.header.note.setText)
        self.windowTitleChanged.connect(self.header.title.setText)
        view.windowTitleChanged.connect(self.setWindowTitle)
        self._close = QToolButton()
        self._close.setProperty("role", "link")
        self._close.setToolTip("Close (View menu brings it back)")
        self._close.setIconSize(QSize(12, 12))
        self._close.setFixedSize(28, 22)
        self._close.setAccessibleName(f"Close {view.title}")
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close.clicked.connect(self.close)
        self.header.row.addWidget(self._close)
        ground = QPalette.ColorRole.Window
        self.setTitleBarWidget(Still(self.header, ground))
        self.setWidget(Still(card(view), ground))
        self.visibilityChanged.connect(self._catch_up)
        self.toggleViewAction().triggered.connect(self._come_to_front)
        theme_changed.connect(self._tint)
        self._tint()

    def _come_to_front(self, opened: bool) -> None:
        """Whoever brings a panel back wants to see it, not a tab that lies behind another one."""
        if opened:
            self.raise_()

    def _catch_up(self, in_front: bool) -> None:
        """Its tab was chosen: what changed while it lay behind another one is drawn now."""
        if in_front:
            for view in (self.view, *self.view.findChildren(View)):
                view.catch_up()

    def _tint(self) -> None:
        self._close.setIcon(icon("x"))


def card(*widgets: QWidget) -> QFrame:
    """Widgets below one another in a frame with rounded corners."""
    frame = QFrame()
    frame.setProperty("role", "card")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(1, 1, 1, 1)
    layout.setSpacing(0)
    for widget in widgets:
        layout.addWidget(widget)
    return frame
