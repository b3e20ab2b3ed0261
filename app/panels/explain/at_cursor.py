"""The record that was done last: its name, what happened in words, and its formula.

While a number is explained only its name and formula stand there, and only where the cursor stands elsewhere.
"""

from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.layouts import fill
from app.panels.explain.texts import LinkedText, rich_text
from app.panels.explain.words import record_name, typeset
from app.theme import current_theme
from core.explain.scene import Step


class AtCursor(QWidget):
    """Follows the cursor."""

    chosen = Signal()
    """The record itself is to be shown, instead of the number that is explained."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading, self.account, self.formula = LinkedText(), rich_text(), rich_text()
        fill(self, self.heading, self.account, self.formula, spacing=4)
        self.heading.linkActivated.connect(self.chosen)

    def show_record(self, step: Step, position: int) -> None:
        """All there is to say of a record."""
        record = step.tape.records[position]
        self.heading.setText(f"<b>{escape(record_name(step, position))}</b>")
        self.account.setText(escape(record.account))
        self.formula.setText(f'<span style="font-family:monospace">{_lines(record.formula)}</span>')
        self._show(self.heading, self.account, self.formula)

    def show_elsewhere(self, step: Step, position: int | None) -> None:
        """A number is explained that does not belong to the record at the cursor; None is the start of the batch."""
        muted = current_theme().muted
        if position is None:
            self.heading.setText(f'<span style="color:{muted}">The cursor stands at the start of the batch.</span>')
            self._show(self.heading)
            return
        name = escape(record_name(step, position))
        self.heading.setText(f'<span style="color:{muted}">The cursor stands at <a href="#">{name}</a>:</span>')
        formula = _lines(step.tape.records[position].formula)
        self.formula.setText(f'<span style="font-family:monospace; font-size:8pt; color:{muted}">{formula}</span>')
        self._show(self.heading, self.formula)

    def _show(self, *shown: QWidget) -> None:
        for text in (self.heading, self.account, self.formula):
            text.setVisible(text in shown)
        self.show()


def _lines(formula: str) -> str:
    """A formula with each of its statements on a line of its own."""
    return "<br>".join(typeset(statement.strip()) for statement in formula.split(";"))
