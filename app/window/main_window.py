"""The main window: panels in docks around the network view, and the commands that act on the document."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeyEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QMainWindow,
    QMessageBox,
    QWidget,
)

from app.dialogs.mnist import MnistDialog
from app.document.document import Document
from app.document.fitting import fit_to_data
from app.document.presets import load_experiment, load_preset, preset_names
from app.engine.engine import Engine
from app.layouts import fill
from app.network_view.network_view import NetworkView
from app.network_view.tape_bar import TapeBar
from app.panels.curves import Curves
from app.panels.data import DataPanel
from app.panels.diagnostics import Diagnostics
from app.plots.digit_grid import PredictionsView
from app.plots.grid_view import GridView
from app.theme import apply_theme, theme_changed
from app.version import VERSION
from app.view import FrameClock
from app.window.actions import COMMANDS, MENUS, NEED_A_TAPE, make_actions, tint_actions
from app.window.arrangement import Arrangement
from app.window.banner import Banner
from app.window.data_loader import DataLoader
from app.window.docks import Header, card
from app.window.idle_evaluation import IdleEvaluation
from app.window.run_control import RunControl
from app.window.status_bar import StatusLine
from app.window.still import Still
from app.window.tool_bar import MainToolBar
from app.window.training_dialogs import TrainingDialogs
from core.datasets import dataset_from_spec
from core.datasets.base import Dataset, DataSource
from core.experiment import SEED, Experiment
from core.export.npz import write_npz
from core.types import ChainruleError

NETWORK_HEIGHT = 247
"""Height that both rows of the cards need, in pixels; in a smaller window the docks give way first."""


_UP_DOWN = {Qt.Key.Key_Up, Qt.Key.Key_Down}
_ARROWS = {*_UP_DOWN, Qt.Key.Key_Left, Qt.Key.Key_Right}
_OWN_KEYS: tuple[tuple[tuple[type[QWidget], ...], set[Qt.Key]], ...] = (
    ((QAbstractButton, QComboBox, QAbstractItemView, GridView, PredictionsView), {Qt.Key.Key_Space}),
    ((QComboBox, QAbstractItemView, QAbstractSpinBox), _UP_DOWN),
    ((GridView, PredictionsView), {*_ARROWS, Qt.Key.Key_Home}),
)
"""What the keys of commands do not take from a control that has the focus."""


class MainWindow(QMainWindow):
    """Everything a person sees; the slots named in `actions.COMMANDS` are methods of it and its parts."""

    def __init__(self, document: Document, engine: Engine) -> None:
        super().__init__()
        self.document = document
        self.run_control = RunControl(document, engine, self)
        self.dialogs = TrainingDialogs(self, document, self.run_control)
        self.loader = DataLoader(self)
        self.idle_evaluation = IdleEvaluation(document, self)
        self.mnist_dialog: MnistDialog | None = None
        self._engine = engine
        self._opening: Experiment | None = None  # the experiment whose data is being loaded
        self._placeholder = False  # whether the document only stands in for it until then
        self._arranged = False
        self.network_view = NetworkView(document)
        self.tape_bar = TapeBar(document)
        self.command = make_actions(self)
        self.banner = Banner()
        self.tool_bar = MainToolBar(document, self.command, self)
        self.status_line = StatusLine(document)
        self.arrangement = Arrangement(self, document)
        self.arrangement.panel(Diagnostics).frames_waiting = engine.waiting
        self.addToolBar(self.tool_bar)
        self.statusBar().addWidget(Still(self.status_line, QPalette.ColorRole.Base), 1)
        self.statusBar().setSizeGripEnabled(False)
        self.setCentralWidget(Still(self._center(), QPalette.ColorRole.Window))
        views = [self.network_view, self.tape_bar, self.tool_bar.position, self.status_line, *self.arrangement.views()]
        self.clock = FrameClock(document, views, self)
        self._make_menus()
        self._connect()
        self.setAnimated(False)  # it would make an animation for every dock whenever a label gets longer
        self.setMinimumSize(900, 600)
        self._follow_experiment()
        self._follow_position()

    # Commands

    def run_or_pause(self) -> None:
        """Train until paused or to a reason to stop, or pause."""
        self.run_control.toggle()

    def resume(self) -> None:
        """Train on from the moment that is shown."""
        self.run_control.run()

    def batch_start(self) -> None:
        """To the start of this batch."""
        self.document.batch_start()

    def back(self) -> None:
        """One record back, or inside of a record one sub-step."""
        self.document.walk.back()

    def next_layer(self) -> None:
        """One record further, or inside of a record one sub-step."""
        self.document.walk.next()

    def next_batch(self) -> None:
        """To the end of a batch, or to a reason to stop before it."""
        self.document.walk.next_batch()

    def next_epoch(self) -> None:
        """Once through the training data, or what is left of it, or to a reason to stop."""
        self.run_control.next_epoch()

    def reset(self) -> None:
        """Back to step 0 with the same start weights."""
        self.run_control.pause_now()
        self.document.reset()

    def new_weights(self) -> None:
        """Start anew with the next seed."""
        seed = self.document.experiment.seed + 1
        self.document.edit("new weights", seed=seed if seed <= (SEED.maximum or seed) else 0)

    def undo(self) -> None:
        """Take the last edit back."""
        self.document.undo()

    def redo(self) -> None:
        """Make the last undone edit again."""
        self.document.redo()

    def ask_experiment(self) -> None:
        """Let the person choose an experiment file."""
        name, _ = QFileDialog.getOpenFileName(self, "Open experiment", "", "Experiments (*.json)")
        if name:
            self.open_file(Path(name))

    def open_file(self, path: Path) -> None:
        """Open an experiment file, or say what is wrong with it."""
        try:
            self.open_experiment(load_experiment(path))
        except ChainruleError as error:
            self.banner.show_error(str(error))

    def open_preset(self, name: str) -> None:
        """Open one of the ready-made experiments."""
        self.open_experiment(load_preset(name))

    def open_experiment(self, experiment: Experiment, *, at_start: bool = False) -> None:
        """Load the experiment's data, then show it; at the start in place of what nobody has asked for."""
        self._opening = experiment
        self._placeholder = self._placeholder or at_start
        self.loader.load(experiment.source())

    def choose_data(self, spec: dict[str, object]) -> None:
        """Load another data set for the network that is open."""
        self._opening = None
        try:
            self.loader.load(dataset_from_spec(spec))
        except ChainruleError as error:
            self.banner.show_error(str(error))

    def ask_export(self) -> None:
        """Let the person choose where the weights go."""
        start = f"{self.document.experiment.name}.npz"
        name, _ = QFileDialog.getSaveFileName(self, "Export weights", start, "NumPy weights (*.npz)")
        if name:
            self.export_weights(Path(name))

    def export_weights(self, path: Path) -> None:
        """Write the weights as they stand at the cursor."""
        if self.document.tape is None:
            self.banner.show_error(f"There are no weights to export. {self.document.problem}")
            return
        try:
            write_npz(path, self.document.weights())
        except ChainruleError as error:
            self.banner.show_error(str(error))
        else:
            self.banner.show_note(f"The weights after step {self.document.steps_done} were exported to {path}.")

    def export_curves(self) -> None:
        """Let the person choose where the curves go."""
        self.arrangement.panel(Curves).ask_export()

    def show_about(self) -> None:
        """Who and what this is."""
        QMessageBox.about(
            self,
            "About Chainrule",
            f"<h3>Chainrule {VERSION}</h3><p>A playground that shows how neural networks learn, one layer at a time, "
            "on the real numbers. Every gradient is derived and written by hand, in NumPy.</p>"
            "<p>MIT licence. Icons: Lucide (ISC licence).</p>",
        )

    # Following the document

    def _connect(self) -> None:
        document = self.document
        document.position_changed.connect(self._follow_position)
        document.failed.connect(self.banner.show_error)
        document.experiment_changed.connect(self._follow_experiment)
        document.running_changed.connect(self._follow_running)
        self.run_control.noted.connect(self.banner.show_note)
        self.run_control.failed.connect(self.banner.show_error)
        self.run_control.busy.connect(self.status_line.show_busy)
        self.run_control.pausing_changed.connect(self.status_line.show_pausing)
        self.run_control.pausing_changed.connect(self.tool_bar.show_pausing)
        self.loader.loaded.connect(self._take_data)
        self.loader.failed.connect(self.banner.show_error)
        self.loader.folder_needed.connect(self._ask_for_mnist)
        self.loader.busy_changed.connect(self.status_line.show_loading)
        self._engine.slow.connect(self.status_line.show_slow)
        self._engine.frame.connect(self.status_line.show_speed)
        self.arrangement.panel(DataPanel).wanted.connect(self.choose_data)
        self.arrangement.panel(Curves).exported.connect(self.banner.show_note)
        self.arrangement.panel(Curves).resume_wanted.connect(self.resume)
        self.dialogs.noted.connect(self.banner.show_note)
        for name, command in self.command.items():
            if not name.startswith("play"):
                command.triggered.connect(self.tape_bar.player.stop)
        theme_changed.connect(self._tint)
        application = QApplication.instance()
        assert application
        application.installEventFilter(self)
        self._tint()

    def _follow_position(self) -> None:
        self.command["back"].setEnabled(self.document.can_go_back)

    def _follow_experiment(self) -> None:
        document = self.document
        self.setWindowTitle(f"{document.experiment.name} — Chainrule")
        self.tool_bar.show_experiment()
        for name, word, text in (
            ("undo", "Undo", document.edits.undo_label),
            ("redo", "Redo", document.edits.redo_label),
        ):
            self.command[name].setEnabled(bool(text))
            self.command[name].setText(f"{word} {text}".strip())
        self.arrangement.suit(document.data)
        self._follow_running()

    def _follow_running(self) -> None:
        running, works = self.document.running, self.document.tape is not None
        for name in NEED_A_TAPE:
            self.command[name].setEnabled(works and not running)
        self.command["run"].setEnabled(works)
        self.tool_bar.show_running()
        self._follow_position()

    def _take_data(self, source: DataSource, data: Dataset) -> None:
        document, experiment, note = self.document, self._opening, ""
        untouched = not (document.edits.undo_label or document.running or document.steps_done)
        if experiment is None:
            experiment, note = fit_to_data(document.experiment, source, data)
            untouched = False
        self._opening = None
        self.banner.hide()
        if self._placeholder and untouched:
            document.open(experiment, data)
        else:
            document.change(f"choice of {data.title}", experiment, data)
        self._placeholder = False
        if note:
            self.banner.show_note(note)

    def _ask_for_mnist(self, source: DataSource) -> None:
        self.mnist_dialog = MnistDialog(self)
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

    # Making

    def _center(self) -> QWidget:
        header = Header(self.network_view.title)
        header.row.addWidget(self.network_view.header)
        self.network_view.setMinimumHeight(NETWORK_HEIGHT)
        self.network_view.note_changed.connect(header.note.setText)
        center = QWidget()
        fill(center, self.banner, card(header, self.network_view, self.tape_bar), spacing=8)
        return center

    def _make_menus(self) -> None:
        for name in MENUS:
            menu = self.menuBar().addMenu(name)
            if name == "File":
                presets = menu.addMenu("Open preset")
                for preset in preset_names():
                    presets.addAction(preset).triggered.connect(self._open_named)
            for command in COMMANDS:
                if command.menu == name:
                    if command.separator_before:
                        menu.addSeparator()
                    menu.addAction(self.command[command.name])
            if name == "View":
                menu.addActions(self.arrangement.toggle_actions())
                menu.addAction("Arrange as at first").triggered.connect(self.arrangement.reset)
                menu.addSeparator()
                group = QActionGroup(menu)
                for theme in ("system", "light", "dark"):
                    action = menu.addAction(f"{theme.capitalize()} colours")
                    action.setData(theme)
                    action.setCheckable(True)
                    group.addAction(action)
                group.triggered.connect(self._choose_theme)

    def _open_named(self) -> None:
        action = self.sender()
        assert isinstance(action, QAction)
        self.open_preset(action.text())

    def _choose_theme(self, action: QAction) -> None:
        application, name = QApplication.instance(), action.data()
        assert isinstance(application, QApplication)
        apply_theme(application, name)

    def _tint(self) -> None:
        tint_actions(self.command)
        self.tool_bar.show_running()

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room out anew until a person has moved something, which the window is first shown for."""
        super().resizeEvent(event)
        if not self._arranged:
            self.arrangement.share_out(self.width(), self.height())

    def showEvent(self, event: QShowEvent) -> None:
        """The first showing fixes the arrangement; from then on it is the person's."""
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self.arrangement.share_out(self.width(), self.height())
            self.tape_bar.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave keys to the control that has the focus and needs them: Space to a button, arrows to a list or grid."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and any(isinstance(watched, kinds) and event.key() in keys for kinds, keys in _OWN_KEYS)
        ):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the engine, the loader and a download before the window goes."""
        application = QApplication.instance()
        if application:
            application.removeEventFilter(self)
        if self.mnist_dialog:
            self.mnist_dialog.stop()
        self._engine.close()
        self.idle_evaluation.close()
        self.loader.close()
        self.clock.stop()
        super().closeEvent(event)
