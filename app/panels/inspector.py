"""The Inspector: what there is to know about the selected layer, in tabs."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from app.document.document import Document
from app.document.names import layer_title
from app.panels.activations_tab import ActivationsTab
from app.panels.explain.tab import ExplainTab
from app.panels.gradients_tab import GradientsTab
from app.panels.reached import layer_note, parameter_names
from app.panels.weights_tab import WeightsTab
from app.view import HISTOGRAMS, View


class Inspector(View):
    """Follows `document.selected_layer`; `title_changed` carries the heading that names the layer.

    Where a layer has no weights, Activations stands in for Weights, until one is selected that has some.
    """

    title = "Inspector"
    interval = HISTOGRAMS  # its tabs are pictures, and of these the clock draws one a beat
    title_changed = Signal(str)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._stands_in = False  # whether Activations is in front only because there are no weights
        # Before the tabs: what gives way to another one is not drawn any more.
        document.selection_changed.connect(self._suit_tab)
        document.experiment_changed.connect(self._suit_tab)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        # In a narrow dock the names of the tabs get shorter: arrows to scroll four tabs would hide one of them.
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self.weights, self.activations = WeightsTab(document), ActivationsTab(document)
        self.gradients = GradientsTab(document)
        self.explain = ExplainTab(document)
        self.pages: tuple[View, ...] = (self.weights, self.activations, self.gradients, self.explain)
        for page in self.pages:
            self.tabs.addTab(page, page.title)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 0)
        column.addWidget(self.tabs)
        self.tabs.currentChanged.connect(self._keep_tab)
        self.tabs.tabBarClicked.connect(self._keep_tab)
        document.selection_changed.connect(self.invalidate)
        document.questions.changed.connect(self._show_answer)
        document.experiment_changed.connect(self.invalidate)
        self._suit_tab()

    def refresh(self) -> None:
        """The heading; each tab draws itself."""
        layer = layer_title(self.document, self.document.selected_layer)
        self.title = f"Inspector — {layer}" if layer else "Inspector"
        self.title_changed.emit(self.title)
        self.note_changed.emit(layer_note(self.document, self.document.selected_layer))

    def show_gradients(self) -> None:
        """Bring the gradients of the selected layer to the front, for whoever asks where a norm comes from."""
        self.tabs.setCurrentWidget(self.gradients)
        self.gradients.histograms[0].setFocus()

    def _suit_tab(self) -> None:
        """Let Activations stand in for Weights where there are none, and end that where there are some."""
        document = self.document
        if not document.shows_weights:
            return
        has_weights = bool(parameter_names(document, document.selected_layer))
        if not has_weights and self.tabs.currentWidget() is self.weights:
            self.tabs.setCurrentWidget(self.activations)
            self._stands_in = True
        elif has_weights and self._stands_in:
            self.tabs.setCurrentWidget(self.weights)

    def _keep_tab(self) -> None:
        """A tab was brought to the front, or chosen where it stands in: it is the one that is wanted."""
        self._stands_in = False

    def _show_answer(self) -> None:
        if self.document.questions.current is not None:
            self.tabs.setCurrentWidget(self.explain)

    def tick(self) -> bool:
        """The clock's call goes on to the tabs, each of which has its own pace."""
        return super().tick() | any([page.tick() for page in self.pages])
