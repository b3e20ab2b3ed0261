"""Rows, columns and scrolling columns of widgets, so that all panels have the same margins."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QLayout, QScrollArea, QVBoxLayout, QWidget

from app.steady_scroll import SteadyScroll

SPACING = 6

Box = TypeVar("Box", bound=QBoxLayout)


def row(*items: QWidget | QLayout | None, spacing: int = SPACING) -> QHBoxLayout:
    """Items from left to right; None is a stretch."""
    return _fill(QHBoxLayout(), items, spacing)


def column(*items: QWidget | QLayout | None, spacing: int = SPACING) -> QVBoxLayout:
    """Items from top to bottom; None is a stretch."""
    return _fill(QVBoxLayout(), items, spacing)


def fill(widget: QWidget, *items: QWidget | QLayout | None, margin: int = 0, spacing: int = SPACING) -> QVBoxLayout:
    """Give a widget a column of items."""
    layout = column(*items, spacing=spacing)
    layout.setContentsMargins(margin, margin, margin, margin)
    widget.setLayout(layout)
    return layout


def fill_scrolling(widget: QWidget, *items: QWidget | QLayout | None, spacing: int = SPACING) -> QScrollArea:
    """Give a panel a column of items that scrolls when it is taller than the panel; returns what scrolls."""
    content, scroll = QWidget(), SteadyScroll()
    fill(content, *items, margin=10, spacing=spacing)
    scroll.setWidget(content)
    fill(widget, scroll)
    return scroll


def scroll_to(*widgets: QWidget) -> None:
    """Scroll the panel in which widgets are shown until each is in sight, the last one for certain."""
    for widget in widgets:
        parent = widget.parentWidget()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parentWidget()
        if parent is not None and widget.isVisible():
            parent.ensureWidgetVisible(widget, 0, 4)


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """A text in one of the style sheet's roles."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def set_tab_order(widgets: Iterable[QWidget]) -> None:
    """Let Tab go from one to the next; what Qt is not told about comes in the order in which it was made."""
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)


def lines_height(widget: QWidget, lines: int) -> int:
    """The height of so many lines of text in the widget's font, as the style sheet has it."""
    widget.ensurePolished()
    return lines * widget.fontMetrics().lineSpacing()


def _fill(layout: Box, items: tuple[QWidget | QLayout | None, ...], spacing: int) -> Box:
    layout.setSpacing(spacing)
    layout.setContentsMargins(0, 0, 0, 0)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)
    return layout
