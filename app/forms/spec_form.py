"""A form for one configured thing: its kind, chosen from a registry, and a field for each option of that kind."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLayout, QWidget

from app.forms.combo import Combo
from app.forms.explained import explanation
from app.forms.more_options import MoreOptions
from app.forms.option_field import OptionField
from app.layouts import column, fill, label, row, set_tab_order
from core.options import Configurable, from_spec
from core.types import OptionError, Spec

KIND_WIDTH = 136
"""Width of the choice of the kind, in pixels."""


class SpecForm(QWidget):
    """Shows and edits a spec such as `{"kind": "adam", "learning_rate": 0.001}`.

    With no name, there is no choice of the kind, only its options.
    """

    chosen = Signal(object)
    """The whole new spec; only specs whose values are allowed are sent."""

    def __init__(
        self, registry: Mapping[str, type[Configurable]], name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._registry = registry
        self._named = bool(name)
        self._spec: dict[str, Any] = {}
        self.fields: dict[str, OptionField] = {}
        self.kind = Combo()
        self.kind.setFixedWidth(KIND_WIDTH)
        self.problem = label(role="error", wrap=True)
        self.problem.hide()
        self.more = MoreOptions()
        self._rows = column()
        fill(self, *([self._kind_row(name)] if self._named else []), self.problem, self._rows, self.more)

    def _kind_row(self, name: str) -> QLayout:
        self.kind.setAccessibleName(name)
        for kind, thing in self._registry.items():
            self.kind.addItem(thing.title, kind)
            self.kind.setItemData(self.kind.count() - 1, explanation(thing), Qt.ItemDataRole.ToolTipRole)
        self.kind.activated.connect(self._take_kind)
        title = label(name)
        title.setBuddy(self.kind)
        return row(title, None, self.kind)

    def show_spec(self, spec: Spec) -> None:
        """Show a spec that holds now; options it leaves out have their defaults."""
        if spec.get("kind") != self._spec.get("kind"):
            self._make_fields(self._registry[spec["kind"]])
        self._spec = dict(spec)
        self.kind.setCurrentIndex(self.kind.findData(spec["kind"]))
        self.kind.setToolTip(explanation(self._registry[spec["kind"]]))
        for name, field in self.fields.items():
            field.show_value(spec.get(name, field.option.default))
        self.more.count_changed(spec)

    def tab_stops(self) -> list[QWidget]:
        """What the Tab key stops at, from top to bottom."""
        plain = [field.field for field in self.fields.values() if not field.option.advanced]
        folded = [field.field for field in self.fields.values() if field.option.advanced]
        return [*([self.kind] if self._named else []), *plain, self.more.button, *folded]

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong with this choice as a whole; nothing is wrong with an empty sentence."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def show_error(self, name: str, sentence: str) -> None:
        """Say what is wrong at the field of that option."""
        self.fields[name].show_error(sentence)

    def _make_fields(self, thing: type[Configurable]) -> None:
        for field in self.fields.values():
            self._rows.removeWidget(field)
            field.hide()
            field.deleteLater()
        self.fields = {option.name: OptionField(option, thing.title) for option in thing.options()}
        for field in self.fields.values():
            if self._named:
                field.label.setProperty("role", "muted")
            field.chosen.connect(self._take_option)
            if not field.option.advanced:
                self._rows.addWidget(field)
        self.more.set_fields([field for field in self.fields.values() if field.option.advanced])
        set_tab_order(self.tab_stops())

    def _take_option(self, name: str, value: Any) -> None:
        spec = {**self._spec, name: value}
        try:
            from_spec(self._registry, spec, "choice")
        except OptionError as error:
            # Each option is fine by itself, but not together with the others.
            self.fields[name].show_error(str(error))
            return
        self._spec = spec
        self.chosen.emit(spec)

    def _take_kind(self, index: int) -> None:
        kind = self.kind.itemData(index)
        if kind == self._spec.get("kind"):
            return
        # What both kinds have in common, such as the learning rate, is the person's choice only if it was changed.
        self.chosen.emit({"kind": kind})
