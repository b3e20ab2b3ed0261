"""A line of figures of which one can be followed: by a click, or by Enter once the keyboard is there."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QWidget

from app.theme import current_theme, readable

LINK = "link"
"""What `linkActivated` carries."""


class LinkedLabel(QLabel):
    """Rich text with a link, made with `linked`, or without."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setContentsMargins(3, 0, 3, 0)  # room for the ring
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)

    def setText(self, text: str) -> None:
        """Only a text with a link can be reached with the keyboard."""
        super().setText(text)
        has_link = f'href="{LINK}"' in text
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if has_link else Qt.FocusPolicy.NoFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter follows the link."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.focusPolicy() != Qt.FocusPolicy.NoFocus:
            self.linkActivated.emit(LINK)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, and the ring of the keyboard focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(current_theme().accent), 1.5))
            ring = self.rect().adjusted(1, 1, -1, -1)
            ring.setWidth(min(ring.width(), self.sizeHint().width()))
            painter.drawRoundedRect(ring, 4, 4)
            painter.end()


def linked(text: str) -> str:
    """The text as a link in the colour of the loss."""
    color = readable(current_theme().loss).name()
    return f'<a href="{LINK}" style="color:{color}; text-decoration:none">{text}</a>'
