"""Rarely changed options, folded away behind a button."""

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from app.forms.option_field import OptionField
from app.icons import icon
from app.layouts import SPACING, fill, row, scroll_to
from app.theme import current_theme, theme_changed
from core.types import Spec

_ARROW = 12
"""Size of the arrow, in pixels."""


class MoreOptions(QWidget):
    """A button and the fields it unfolds; whether it is open outlives the fields. Hidden while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = QToolButton()
        self.button.setProperty("role", "link")
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setIconSize(QSize(_ARROW, _ARROW))
        self.button.clicked.connect(self._toggle)
        self._content = QWidget()
        self._rows = QVBoxLayout(self._content)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(SPACING)
        self._fields: list[OptionField] = []
        self._open = False
        fill(self, row(self.button, None), self._content)
        theme_changed.connect(self._show_arrow)
        self._fold(False)

    def set_fields(self, fields: list[OptionField]) -> None:
        """Fold away these fields and no others; whoever made those that were here has deleted them."""
        self._fields = fields
        for field in fields:
            self._rows.addWidget(field)
        self.setVisible(bool(fields))

    def count_changed(self, spec: Spec) -> None:
        """Say how many of the folded values are not the usual ones."""
        options = [field.option for field in self._fields]
        changed = sum(spec.get(option.name, option.default) != option.default for option in options)
        self.button.setText(f"More options ({changed} changed)" if changed else "More options")

    def _toggle(self) -> None:
        self._fold(not self._open)
        if self._open:
            # Once the layout has made room for the fields; until then there is nothing to scroll to.
            QTimer.singleShot(0, self, self._bring_into_view)

    def _bring_into_view(self) -> None:
        scroll_to(self._content, self.button)

    def _fold(self, opened: bool) -> None:
        self._open = opened
        self._content.setVisible(opened)
        self.button.setAccessibleDescription("open" if opened else "closed")
        self._show_arrow()

    def _show_arrow(self) -> None:
        self.button.setIcon(icon("chevron-down" if self._open else "chevron-right", current_theme().muted))
