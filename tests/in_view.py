"""Brings a widget to where a person can see it, before it is clicked or read."""

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget


def bring_into_view(widget: QWidget) -> None:
    """Scroll a panel, as the wheel does, until the widget can be seen; of what is taller than the panel its top."""
    for _ in range(2):  # what was just filled gets its size, texts that wrap in a second round
        QApplication.processEvents()
        widget.grab()
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
            content = parent.widget()
            if content is not None and widget.height() > parent.viewport().height():
                parent.verticalScrollBar().setValue(widget.mapTo(content, QPoint()).y())
        parent = parent.parentWidget()
    QApplication.processEvents()
    widget.grab()
