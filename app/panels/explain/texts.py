"""Rich text that wraps, and rich text whose links can be followed with the mouse and the keyboard."""

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from app.layouts import label

_AROUND = 20
"""Pixels above and below a link that come into sight with it."""


def rich_text() -> QLabel:
    """An empty text without links; the keyboard passes it by."""
    text = label(wrap=True)
    text.setTextFormat(Qt.TextFormat.RichText)
    return text


class LinkedText(QLabel):
    """A text with links; Tab goes from one to the next, and the one it comes to scrolls into sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )

    def focusNextPrevChild(self, forward: bool) -> bool:
        """A long text is one widget to what scrolls, which knows nothing of its links."""
        moved = super().focusNextPrevChild(forward)
        if self.hasFocus() and self.hasSelectedText():
            line = self.line_of(self.selectionStart())
            area: QWidget | None = self
            while area is not None and not isinstance(area, QScrollArea):
                area = area.parentWidget()
            if area is not None and (content := area.widget()) is not None:
                at = self.mapTo(content, QPoint(0, round(line.center().y())))
                area.ensureVisible(at.x(), at.y(), 0, round(line.height() / 2) + _AROUND)
        return moved

    def line_of(self, position: int) -> QRectF:
        """Where the paragraph or the cell of a table is that a character belongs to."""
        document = QTextDocument()
        document.setDocumentMargin(0)
        document.setDefaultFont(self.font())
        document.setHtml(self.text())
        document.setTextWidth(self.width())
        return document.documentLayout().blockBoundingRect(document.findBlock(position))
