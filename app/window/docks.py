"""Docks: movable, closable frames around the panels, with a title on the left and a short remark on the right."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.icons import icon
from app.layouts import label
from app.theme import theme_changed
from app.view import View

HEIGHT = 32
"""Height of a title row, in pixels."""


class Header(QFrame):
    """The title row of a card: the title, and a remark that gives way when there is little room."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self.title = label(title, "title")
        self.note = label(role="note")
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(10, 0, 6, 0)
        self.setFixedHeight(HEIGHT)
        self.row.addWidget(self.title)
        self.row.addWidget(self.note, 1)


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
        self._close.setFixedSize(20, 20)
        self._close.setAccessibleName(f"Close {view.title}")
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close.clicked.connect(self.close)
        self.header.row.addWidget(self._close)
        self.setTitleBarWidget(self.header)
        self.setWidget(card(view))
        theme_changed.connect(self._tint)
        self._tint()

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
