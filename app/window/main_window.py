"""The main window: panels in docks around the network view, and the commands that act on the document."""

from pathlib import Path

from PySide6.QtGui import QCloseEvent, QPalette, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox, QWidget

from app.document.document import Document
from app.engine.engine import Engine
from app.layouts import fill
from app.network_view.network_view import NetworkView
from app.network_view.tape_bar import TapeBar
from app.panels.curves import Curves
from app.panels.data import DataPanel
from app.panels.diagnostics import Diagnostics
from app.theme import theme_changed
from app.version import VERSION
from app.view import FrameClock
from app.window.actions import NEED_A_TAPE, STEPS, make_actions, tint_actions
from app.window.arrangement import Arrangement
from app.window.banner import Banner
from app.window.closing import ClosingQuestion
from app.window.docks import Header, card
from app.window.idle_evaluation import IdleEvaluation
from app.window.menu_bar import MainMenuBar
from app.window.opener import Opener
from app.window.own_keys import OwnKeys
from app.window.resizing import Resizing
from app.window.run_control import RunControl
from app.window.status_bar import StatusLine
from app.window.still import Still
from app.window.tool_bar import MainToolBar
from app.window.training_dialogs import TrainingDialogs
from core.export.npz import write_npz
from core.network import SEED
from core.types import ChainruleError
from core.words import count


class MainWindow(QMainWindow):
    """Everything a person sees; the slots named in `actions.COMMANDS` are methods of it and its parts."""

    def __init__(self, document: Document, engine: Engine) -> None:
        super().__init__()
        self.document = document
        self.run_control = RunControl(document, engine, self)
        self.dialogs = TrainingDialogs(self, document, self.run_control)
        self.opener = Opener(self, document)
        self.idle_evaluation = IdleEvaluation(document, self)
        self.closing = ClosingQuestion(self, document, self.run_control)
        self._engine = engine
        self._arranged = False
        self._resizing = Resizing(self)
        self.network_view = NetworkView(document)
        self.tape_bar = TapeBar(document)
        self.command = make_actions(self)
        self.banner = Banner()
        self.tool_bar = MainToolBar(document, self.command, self)
        self.status_line = StatusLine(document)
        self.arrangement = Arrangement(self, document)
        self.arrangement.panel(Diagnostics).frames_waiting = engine.waiting
        self.menu_bar = MainMenuBar(self.command, self.arrangement, self)
        self.setMenuBar(self.menu_bar)
        self.addToolBar(self.tool_bar)
        self.statusBar().addWidget(Still(self.status_line, QPalette.ColorRole.Base), 1)
        self.statusBar().setSizeGripEnabled(False)
        self.setCentralWidget(Still(self._center(), QPalette.ColorRole.Window))
        views = [self.network_view, self.tape_bar, self.tool_bar.position, self.status_line, *self.arrangement.views()]
        self.clock = FrameClock(document, views, self)
        self._connect()
        self.own_keys = OwnKeys(self)
        self.setAnimated(False)  # it would make an animation for every dock whenever a label gets longer
        self.setMinimumSize(1000, 600)  # narrower, the player has no room and words lie on one another
        self._follow_experiment()
        self._follow_position()

    # Commands

    def reset(self) -> None:
        """Back to step 0 with the same start weights."""
        self.run_control.pause_now()
        self.document.reset()

    def new_weights(self) -> None:
        """Start anew with the next seed."""
        seed = self.document.experiment.seed + 1
        self.document.edit("new weights", seed=seed if seed <= (SEED.maximum or seed) else 0)

    def ask_export(self) -> None:
        """Let the person choose where the weights go."""
        start = f"{self.document.experiment.name}.npz"
        name, _ = QFileDialog.getSaveFileName(self, "Export weights", start, "NumPy weights (*.npz)")
        if name:
            self.export_weights(Path(name))

    def export_weights(self, path: Path) -> None:
        """Write the weights as they stand at the cursor."""
        if self.document.tape is None and not self.document.batch_waits:
            self.banner.show_error(f"There are no weights to export. {self.document.problem}")
            return
        try:
            write_npz(path, self.document.weights())
        except ChainruleError as error:
            self.banner.show_error(str(error))
        else:
            if not self.document.in_past:
                self.run_control.secure()
            self.banner.show_note(f"The weights after step {count(self.document.steps_done)} were exported to {path}.")

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
        self.run_control.noted.connect(self.banner.add_note)
        self.run_control.failed.connect(self.banner.show_error)
        self.run_control.busy.connect(self.status_line.show_busy)
        self.run_control.pausing_changed.connect(self.status_line.show_pausing)
        self.run_control.pausing_changed.connect(self.tool_bar.show_pausing)
        self.opener.arrived.connect(self.banner.hide)
        self.opener.noted.connect(self.banner.show_note)
        self.opener.failed.connect(self.banner.show_error)
        self.opener.loader.busy_changed.connect(self.status_line.show_loading)
        self.menu_bar.preset_chosen.connect(self.opener.open_preset)
        self._engine.slow.connect(self.status_line.show_slow)
        self._engine.frame.connect(self.status_line.show_speed)
        self.arrangement.panel(DataPanel).wanted.connect(self.opener.choose_data)
        self.arrangement.panel(Curves).exported.connect(self.banner.show_note)
        self.arrangement.panel(Curves).resume_wanted.connect(self.run_control.run)
        self.dialogs.noted.connect(self.banner.show_note)
        self.closing.export_wanted.connect(self.ask_export)
        self.closing.agreed.connect(self.close)
        for name, command in self.command.items():
            if not name.startswith("play"):
                command.triggered.connect(self.tape_bar.player.stop)
        theme_changed.connect(self._tint)
        self._tint()

    def _follow_position(self) -> None:
        self.command["back"].setEnabled(self.document.can_go_back)

    def _follow_experiment(self) -> None:
        document = self.document
        self.banner.hide()  # it spoke of how things were before; what is to be said about this comes afterwards
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
        document = self.document
        if document.running:
            self.banner.hide()
        has_tape = document.tape is not None
        works = has_tape or document.batch_waits
        for name in NEED_A_TAPE:
            self.command[name].setEnabled(has_tape and not document.running)
        for name in STEPS:
            self.command[name].setEnabled(works and not document.running)
        self.command["run"].setEnabled(works)
        self.tool_bar.show_running()
        self._follow_position()

    # Making

    def _center(self) -> QWidget:
        header = Header(self.network_view.title)
        header.row.addWidget(self.network_view.header)
        self.network_view.note_changed.connect(header.note.setText)
        center = QWidget()
        fill(center, self.banner, card(header, self.network_view, self.tape_bar), spacing=8)
        return center

    def _tint(self) -> None:
        tint_actions(self.command)
        self.tool_bar.show_running()

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room out anew until a person has moved something, which the window is first shown for."""
        super().resizeEvent(event)
        if not self._arranged:
            self.arrangement.share_out()
        elif self.document.running:
            self._resizing.hold()

    def showEvent(self, event: QShowEvent) -> None:
        """The first showing fixes the arrangement; from then on it is the person's."""
        super().showEvent(event)
        if not self._arranged:
            self._arranged = True
            self.arrangement.share_out()
            self.tape_bar.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the engine, the loader and a download before the window goes; a person may be asked whether it shall."""
        if event.spontaneous() and self.closing.is_due:
            event.ignore()
            self.closing.ask()
            return
        self.own_keys.close()
        self._engine.close()
        self.idle_evaluation.close()
        self.opener.close()
        self.clock.stop()
        super().closeEvent(event)
