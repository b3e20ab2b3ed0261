"""Rich text whose links can be followed with the mouse and the keyboard."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.layouts import label


def rich_text() -> QLabel:
    """An empty text that wraps."""
    text = label(wrap=True)
    text.setTextFormat(Qt.TextFormat.RichText)
    text.setTextInteractionFlags(
        Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
    )
    return text
