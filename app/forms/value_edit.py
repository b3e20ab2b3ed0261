"""A field to type a value into that can also offer some: words an option takes, or the usual batch sizes."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QWidget

from app.icons import icon
from app.theme import current_theme, theme_changed


class ValueEdit(QLineEdit):
    """A line to type into; with `offer`, an arrow at its end (or the key ↓) folds out a menu of values."""

    picked = Signal(object)
    """A value of the menu."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "value")
        self.menu: QMenu | None = None
        self._arrow: QAction | None = None

    def offer(self, values: Sequence[tuple[str, Any]]) -> None:
        """The menu from now on: texts and the values they stand for."""
        if self.menu is None:
            self.menu = self._make_menu()
        self.menu.clear()
        for text, value in values:
            self.menu.addAction(text).setData(value)

    def unfold(self) -> None:
        """Show the menu below the field."""
        if self.menu is not None:
            self.menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow down unfolds the menu, as it does in a list of choices."""
        if event.key() == Qt.Key.Key_Down and self.menu is not None:
            self.unfold()
        else:
            super().keyPressEvent(event)

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.triggered.connect(self._pick)
        self._arrow = self.addAction(icon("chevron-down"), QLineEdit.ActionPosition.TrailingPosition)
        self._arrow.setText("Usual values")
        self._arrow.triggered.connect(self.unfold)
        theme_changed.connect(self._tint)
        self._tint()
        return menu

    def _pick(self, action: QAction) -> None:
        self.picked.emit(action.data())

    def _tint(self) -> None:
        assert self._arrow
        self._arrow.setIcon(icon("chevron-down", current_theme().muted))
