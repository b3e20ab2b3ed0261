"""Opens experiments and data sets: asks which file, loads the data, and puts both into the document."""

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMainWindow

from app.dialogs.mnist import MnistDialog
from app.document.document import Document
from app.document.fitting import fit_to_data
from app.document.presets import load_experiment, load_preset
from app.window.data_loader import DataLoader
from core.datasets import dataset_from_spec
from core.datasets.base import Dataset, DataSource
from core.experiment import Experiment
from core.types import ChainruleError


class Opener(QObject):
    """What was open stays until the new data is there."""

    arrived = Signal()
    """The data is there; the document takes it up now."""

    noted = Signal(str)
    failed = Signal(str)

    def __init__(self, window: QMainWindow, document: Document) -> None:
        super().__init__(window)
        self.loader = DataLoader(self)
        self.mnist_dialog: MnistDialog | None = None
        self._window = window
        self._document = document
        self._opening: Experiment | None = None  # the experiment whose data is being loaded
        self._placeholder = False  # whether the document only stands in for it until then
        self.loader.loaded.connect(self._take_data)
        self.loader.failed.connect(self.failed)
        self.loader.folder_needed.connect(self._ask_for_mnist)

    def ask_file(self) -> None:
        """Let the person choose an experiment file."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open experiment", "", "Experiments (*.json)")
        if name:
            self.open_file(Path(name))

    def open_file(self, path: Path) -> None:
        """Open an experiment file, or say what is wrong with it."""
        try:
            self.open_experiment(load_experiment(path))
        except ChainruleError as error:
            self.failed.emit(str(error))

    def open_preset(self, name: str) -> None:
        """Open one of the ready-made experiments."""
        self.open_experiment(load_preset(name))

    def open_experiment(self, experiment: Experiment, *, at_start: bool = False) -> None:
        """Load the experiment's data, then show it; at the start in place of what nobody has asked for."""
        source = experiment.source()
        self._opening = experiment
        self._placeholder = self._placeholder or at_start
        self.loader.load(source)

    def choose_data(self, spec: dict[str, object]) -> None:
        """Load another data set for the network that is open."""
        try:
            source = dataset_from_spec(spec)
        except ChainruleError as error:
            self.failed.emit(str(error))
            return
        self._opening = None
        self.loader.load(source)

    def close(self) -> None:
        """End the loader and a download."""
        if self.mnist_dialog:
            self.mnist_dialog.stop()
        self.loader.close()

    def _take_data(self, source: DataSource, data: Dataset) -> None:
        document, experiment, note = self._document, self._opening, ""
        untouched = not (document.edits.undo_label or document.running or document.steps_done)
        if experiment is None:
            experiment, note = fit_to_data(document.experiment, source, data)
            untouched = False
        self._opening = None
        self.arrived.emit()
        if self._placeholder and untouched:
            document.open(experiment, data)
        else:
            document.change(f"choice of {data.title}", experiment, data)
        self._placeholder = False
        if note:
            self.noted.emit(note)

    def _ask_for_mnist(self, source: DataSource) -> None:
        self.mnist_dialog = MnistDialog(self._window)
        self.mnist_dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.mnist_dialog.accepted.connect(self._load_from_dialog)
        self.mnist_dialog.finished.connect(self._forget_dialog)
        self.mnist_dialog.setProperty("source", source)
        self.mnist_dialog.open()

    def _load_from_dialog(self) -> None:
        assert self.mnist_dialog
        self.loader.load(self.mnist_dialog.property("source"), self.mnist_dialog.folder)

    def _forget_dialog(self) -> None:
        self.mnist_dialog = None
