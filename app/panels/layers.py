"""The Layers panel: the stack as a list to add to, reorder and cut, and the options of the selected layer."""

from typing import Any

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QMenu, QToolButton, QWidget

from app.document.document import Document
from app.document.fitting import start_options
from app.forms.explained import explanation
from app.forms.spec_form import SpecForm
from app.icons import icon
from app.layouts import column, fill_scrolling, label, row, set_tab_order
from app.theme import theme_changed
from app.view import View
from core.docs import summary
from core.layers import LAYERS, layer_from_spec
from core.options import Configurable
from core.types import Spec
from core.words import layer_words, plural

FEWEST_ROWS, MOST_ROWS = 3, 10
"""Layers the list has room for; with more it scrolls."""

BUTTON_WIDTH = 28
"""Width of a button without words, in pixels."""


class LayersPanel(View):
    """Edits the stack of layers. A stack that does not fit is kept and explained, so that it can be mended."""

    title = "Layers"

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.list = QListWidget()
        self.list.setAccessibleName("Layers of the network, first to last")
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.model().rowsMoved.connect(self._take_drag)
        self.list.currentRowChanged.connect(self._select)
        self.add_button = self._button("Add layer", self._no_action)
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add_button.setMenu(self._add_menu())
        self.up_button = self._button("Move up", self.move_up)
        self.down_button = self._button("Move down", self.move_down)
        self.remove_button = self._button("Remove layer", self.remove)
        self.explanation = label(role="note", wrap=True)
        self.problem = label(role="error", wrap=True)
        self.form_place = column()
        self.form: SpecForm | None = None
        self._forms: dict[str, SpecForm] = {}
        self._listed: tuple[Spec, ...] | None = None
        buttons = row(self.add_button, None, self.up_button, self.down_button, self.remove_button, spacing=2)
        # What is wrong stands first: this panel is low, and what is below its edge is not read.
        self._scroll = fill_scrolling(self, self.problem, buttons, self.list, self.form_place, self.explanation, None)
        self._in_sight = -1  # the row that was scrolled to
        self._soon = QTimer(self, singleShot=True, interval=0)  # once everything has found its place
        self._soon.timeout.connect(self._bring_into_sight)
        self._tint()
        theme_changed.connect(self._tint)
        document.experiment_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)

    # Commands

    def add(self, kind: str) -> None:
        """Insert a layer of that kind behind the selected one, and select it."""
        place = min(max(self.document.selected_layer, -1) + 1, len(self._layers))
        layer = LAYERS[kind].from_options(start_options(kind, self.document.shape_before(place)))
        self._change(f"add {layer.title}", (*self._layers[:place], layer.spec(), *self._layers[place:]))
        self.document.select_layer(place)

    def remove(self) -> None:
        """Remove the selected layer."""
        row = self.list.currentRow()
        if row >= 0:
            title = LAYERS[self._layers[row]["kind"]].title
            self._change(f"remove {title}", self._layers[:row] + self._layers[row + 1 :])

    def move_up(self) -> None:
        """Move the selected layer one place towards the input."""
        self._move(-1)

    def move_down(self) -> None:
        """Move the selected layer one place towards the loss."""
        self._move(+1)

    def _move(self, by: int) -> None:
        row, layers = self.list.currentRow(), list(self._layers)
        if row >= 0 and 0 <= row + by < len(layers):
            layers[row], layers[row + by] = layers[row + by], layers[row]
            self._change("move of a layer", tuple(layers))
            self.document.select_layer(row + by)

    @property
    def _layers(self) -> tuple[Spec, ...]:
        return self.document.experiment.layers

    def _change(self, label: str, layers: tuple[Spec, ...]) -> None:
        self.document.edit(label, layers=layers)

    # Showing

    def refresh(self) -> None:
        self.list.blockSignals(True)
        if self._listed != self._layers:
            self._fill_list()
        selected = self.document.selected_layer
        row = selected if 0 <= selected < len(self._layers) else -1
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        self.up_button.setEnabled(row > 0)
        self.down_button.setEnabled(0 <= row < len(self._layers) - 1)
        self.remove_button.setEnabled(row >= 0)
        problem = "" if self.document.batch_waits else self.document.problem
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self._show_form(row)
        if row != self._in_sight:
            self._in_sight = row
            self._soon.start()
        self.note_changed.emit(f"{plural(len(self._layers), 'layer')} · drag to reorder")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a lower panel the selected layer may lie below the edge."""
        super().resizeEvent(event)
        self._soon.start()

    def _bring_into_sight(self) -> None:
        """Scroll until the selected layer can be read, also where the list itself is cut by the edge of the panel."""
        content, item = self._scroll.widget(), self.list.currentItem()
        if content and item:
            place = self.list.visualItemRect(item)
            middle = self.list.viewport().mapTo(content, place.center())
            self._scroll.ensureVisible(0, middle.y(), 0, place.height())

    def _fill_list(self) -> None:
        self.list.clear()
        for index, spec in enumerate(self._layers):
            self.list.addItem(self._item(index, spec))
        self._listed = self._layers
        self._fit_list()

    def _fit_list(self) -> None:
        """As high as its rows, so that the options below it can be seen too."""
        rows = min(max(self.list.count(), FEWEST_ROWS), MOST_ROWS)
        height = self.list.sizeHintForRow(0) if self.list.count() else self.list.fontMetrics().height()
        self.list.setFixedHeight(rows * height + 2 * self.list.frameWidth())

    def _item(self, index: int, spec: Spec) -> QListWidgetItem:
        options = [f"{value}" for name, value in spec.items() if name != "kind"]
        item = QListWidgetItem(f"{index + 1}  {LAYERS[spec['kind']].title}  {' · '.join(options)}")
        item.setData(Qt.ItemDataRole.UserRole, index)
        item.setToolTip(explanation(LAYERS[spec["kind"]]))
        return item

    def _show_form(self, row: int) -> None:
        """The options of one layer, in a form that is kept for all layers of its kind."""
        spec = self._layers[row] if row >= 0 else None
        before, self.form = self.form, self._form_of(spec["kind"]) if spec else None
        if before is not None and before is not self.form:
            before.hide()
        if spec is None or self.form is None:
            self.explanation.setText("Select a layer to see its options.")
            return
        self.explanation.setText(summary(LAYERS[spec["kind"]]))
        self.explanation.setToolTip(explanation(LAYERS[spec["kind"]]))
        self.form.show_spec(layer_from_spec(spec).spec())
        self.form.show()
        if self.form is not before:
            set_tab_order((self.list, *self.form.tab_stops()))

    def _form_of(self, kind: str) -> SpecForm:
        if kind not in self._forms:
            registry: dict[str, type[Configurable]] = dict(LAYERS)
            form = self._forms[kind] = SpecForm(registry)
            form.setObjectName(kind)
            form.chosen.connect(self._take_spec)
            self.form_place.addWidget(form)
        return self._forms[kind]

    # From the widgets

    def _select(self, row: int) -> None:
        # A list that is being destroyed moves its current row too, and then there is nobody left to tell.
        if row >= 0 and self.list.isVisible():
            self.document.select_layer(row)

    def _take_spec(self, spec: dict[str, Any]) -> None:
        place = self.list.currentRow()
        changed = (*self._layers[:place], spec, *self._layers[place + 1 :])
        self._change(f"change of {layer_words(place)}", changed)

    def _take_drag(self, parent: QModelIndex, start: int, end: int, to_parent: QModelIndex, to: int) -> None:
        self._listed = None  # the numbers that are listed have another order now, even if the layers are alike
        order = [self.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.list.count())]
        self._change("move of a layer", tuple(self._layers[index] for index in order))
        self.invalidate()

    def _take_kind(self) -> None:
        action = self.sender()
        assert isinstance(action, QAction)
        self.add(action.data())

    # Making

    def _add_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for kind, layer in LAYERS.items():
            action = menu.addAction(layer.title)
            action.setData(kind)
            action.setToolTip(explanation(layer))
            action.triggered.connect(self._take_kind)
        return menu

    def _button(self, text: str, action: Any) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.clicked.connect(action)
        return button

    def _no_action(self) -> None:
        """The button opens its menu by itself."""

    def _tint(self) -> None:
        for button, name in (
            (self.add_button, "plus"),
            (self.up_button, "arrow-up"),
            (self.down_button, "arrow-down"),
            (self.remove_button, "trash-2"),
        ):
            button.setIcon(icon(name))
            if button is not self.add_button:
                button.setFixedWidth(BUTTON_WIDTH)
        self.add_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
