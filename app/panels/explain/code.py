"""The lines of source code that computed a number, as they stand in the file."""

import inspect
import linecache

from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from app.theme import mono_font
from core.tape import SourceLines

_MOST_LINES = 16


class CodeView(QPlainTextEdit):
    """Read-only code that scrolls sideways instead of widening the tab."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFont(mono_font())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setAccessibleName("The NumPy that ran")

    def show_source(self, source: SourceLines) -> None:
        """Show the lines, without their common indentation."""
        lines = linecache.getlines(str(source.path))[source.first - 1 : source.last]
        text = inspect.cleandoc("\n" + "".join(lines))
        if text != self.toPlainText():
            self.setPlainText(text)
        height = self.fontMetrics().lineSpacing() * (min(len(lines), _MOST_LINES) + 2)
        self.setFixedHeight(height)
