"""Loss, accuracy and learning rate over the steps of the training, past runs beneath them, and a slider to travel."""

import bisect
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QProgressDialog, QToolButton, QWidget

from app.document.batch_loss import at_hand, explain_loss
from app.document.course import PastRun
from app.document.curve_file import write_curves
from app.document.document import Document
from app.icons import icon
from app.layouts import fill
from app.panels.curve_lines import Curves as CurveTable
from app.panels.curve_lines import Lines, run_color, run_series
from app.panels.history_slider import HistorySlider
from app.panels.run_legend import RunLegend
from app.plots.curve import CurveStyle
from app.plots.curve_data import Series
from app.plots.curves import CurvesView
from app.plots.numbers import format_count
from app.theme import theme_changed
from app.view import CURVES, View
from core.types import ChainruleError

NOTE = "hover for values · click a step to go there"
NO_ROOM = "past runs are named in a higher panel"
EMPTY = "No training step is complete yet: press Next batch to take one, or Run."
PROVENANCE = (
    "Train and test: every sample of that part sent through the network as it was then, in evaluation mode; "
    "the mean of their losses, the share of those that are recognised."
)
NOTHING = "There are no curves to export yet: train first."

KINDS = {"Table (CSV)": "csv", "Picture (PNG)": "png", "Drawing (SVG)": "svg"}
"""What curves can be exported as: words for a person, and how the file's name ends."""


class Curves(View):
    """The curves of the history, and the way back into it."""

    resume_wanted = Signal()
    """Train on from the moment that is shown."""

    exported = Signal(str)
    """A sentence: what was written where."""

    title = "Loss and accuracy"
    interval = CURVES

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.plot = CurvesView()
        self.plot.set_message(EMPTY)
        self.legend = RunLegend()
        self.travel = HistorySlider()
        self.log = self._toggle("log", "Logarithmic loss axis")
        self.rate = self._toggle("rate", "Learning rate, on a scale of its own")
        self.menu = self._export_button()
        self._lines: Lines | None = None
        self._stands: tuple[int, bool] | None = None  # where the document stood when this was drawn
        self._run_series: dict[int, tuple[PastRun, Series]] = {}
        self.log.toggled.connect(self.plot.set_log)
        self.log.setChecked(True)
        fill(self, self.plot, self.legend, self.travel, spacing=2).setContentsMargins(4, 4, 4, 2)
        self._connect()
        self._tint()

    def refresh(self) -> None:
        """All of the history; the line stands at the steps that are complete at the cursor."""
        document, course = self.document, self.document.course
        self._stands = self._standing()
        self.legend.show_runs(course.past_runs)
        self.plot.set_marks(course.marks)
        self.plot.set_marker(document.steps_done if self._show_curves() else None)
        self._show_moments()
        self._fit_legend()

    def minimumSizeHint(self) -> QSize:
        """Without the names of past runs, which come and go: in a low window the network has more use for the room."""
        least = super().minimumSizeHint()
        return QSize(least.width(), least.height() - self._legend_height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There may be room for more of the names, or for less."""
        super().resizeEvent(event)
        self._fit_legend()

    def _fit_legend(self) -> None:
        self.legend.give_way(self.height() - self.minimumSizeHint().height())
        self.note_changed.emit(NO_ROOM if self.legend.chips and not self.legend.height() else NOTE)

    def _legend_height(self) -> int:
        return 0 if self.legend.isHidden() else self.legend.height()

    def ask_export(self, kind: str = "") -> None:
        """Let the person choose where the curves go, as one kind of file or any."""
        kinds = {words: ending for words, ending in KINDS.items() if kind in ("", ending)}
        filters = ";;".join(f"{words} (*.{ending})" for words, ending in kinds.items())
        start = f"{self.document.experiment.name}.{next(iter(kinds.values()))}"
        name, chosen = QFileDialog.getSaveFileName(self, "Export curves", start, filters)
        if name:
            path = Path(name)
            ending = next((ending for words, ending in kinds.items() if chosen.startswith(words)), "csv")
            # "lr-0.01" has no ending, though it has a point.
            is_named = path.suffix.lower().removeprefix(".") in KINDS.values()
            self.export(path if is_named else path.with_name(f"{path.name}.{ending}"))

    def export(self, path: Path) -> None:
        """Write the curves, as the ending of the name says, or say why that cannot be."""
        history = self.document.history
        if not len(history.losses):
            self.document.failed.emit(NOTHING)
            return
        try:
            if path.suffix.lower() == ".csv":
                written = self._write_table(path)
            else:
                written = True
                self._save_picture(path)
        except ChainruleError as error:
            self.document.failed.emit(str(error))
        else:
            words = (
                f"The curves were exported to {path}." if written else "The export was cancelled: nothing is written."
            )
            self.exported.emit(words)

    def _write_table(self, path: Path) -> bool:
        """Write the table, with a dialog that can cancel where that takes long; returns whether it is there."""
        dialog = QProgressDialog("Writing the curves…", "Cancel", 0, 100, self.window())
        dialog.setWindowModality(Qt.WindowModality.WindowModal)

        def goes_on(share: float) -> bool:
            dialog.setValue(round(100 * share))  # which also lets the window draw and answer
            return not dialog.wasCanceled()

        try:
            # A copy, because a training goes on meanwhile.
            return write_curves(self.document.history.copy(), path, goes_on)
        finally:
            dialog.close()
            dialog.deleteLater()

    def _save_picture(self, path: Path) -> None:
        """A picture has no legend beside it: the names of past runs stand below its curves."""
        self._show_curves()
        self.plot.save_picture(path, [(run.name, run_color(run)) for run in self.legend.shown_runs()])

    def _show_curves(self) -> bool:
        """Show this run and those before it; returns whether there is anything of this one."""
        document = self.document
        if self._lines is None or self._lines.history is not document.history:
            self._lines = Lines(document.history, with_accuracy=not document.data.is_regression)
        curves = self._lines.curves(with_rate=self.rate.isChecked())
        self.plot.show_series({**self._past_curves(), **curves})
        return bool(curves)

    def _past_curves(self) -> CurveTable:
        """Past runs, pale, below everything; the one that is pointed at in full colour, with its name."""
        known = self._run_series
        self._run_series = {
            id(run): known.get(id(run)) or (run, run_series(run)) for run in self.document.course.past_runs
        }
        curves: CurveTable = {}
        for run in self.legend.shown_runs():
            pointed = run is self.legend.pointed
            style = CurveStyle(run_color(run), "left", 2.0 if pointed else 1.5, pale=not pointed, named=pointed)
            curves[run.name] = self._run_series[id(run)][1], style
        return curves

    def _show_moments(self) -> None:
        document, snapshots = self.document, self.document.course.snapshots
        newest = max(len(document.history.losses), 0 if document.in_past else document.steps_done)
        self.travel.setVisible(newest > 0)
        self.travel.slider.setEnabled(not document.running and document.trainer is not None)
        self.travel.show_moments(snapshots.steps, newest, document.steps_done, in_past=document.in_past)
        self.travel.show_memory(snapshots.bytes, snapshots.budget)

    def _follow_position(self) -> None:
        """Within a batch nothing changes here."""
        if self._stands != self._standing():
            self.invalidate()

    def _standing(self) -> tuple[int, bool]:
        return self.document.steps_done, self.document.in_past

    # The person

    def _point(self, step: float) -> None:
        """Say what a click would do there."""
        wanted = self._step_near(step)
        evaluated = any(self.document.history.evaluations.values())
        lines = [] if wanted is None else [self._click_words(wanted), *([PROVENANCE] if evaluated else [])]
        self.plot.hint = "\n".join(lines)

    def _go(self, step: float) -> None:
        """Explain the loss of the batch that was clicked if its numbers are at hand, otherwise travel there."""
        wanted = self._step_near(step)
        if wanted is None or self.document.running:
            return
        if not at_hand(self.document, wanted):
            self.document.travel(wanted)
        else:
            explain_loss(self.document, wanted)

    def _click_words(self, step: int) -> str:
        number = format_count(step)
        if self.document.running:
            return "Pause to look at a step"
        if at_hand(self.document, step):
            return f"Click: where the loss of batch {number} comes from"
        return f"Click: to step {format_count(self._moment_before(step))}, the nearest moment before that was kept"

    def _step_near(self, step: float) -> int | None:
        """The step of this run that lies nearest."""
        newest = len(self.document.history.losses)
        return max(1, min(round(step), newest)) if newest else None

    def _moment_before(self, step: int) -> int:
        kept = self.document.course.snapshots.steps
        return kept[max(bisect.bisect_right(kept, step) - 1, 0)] if kept else 0

    # Making

    def _connect(self) -> None:
        document = self.document
        document.history_changed.connect(self.invalidate)
        document.running_changed.connect(self.invalidate)
        document.position_changed.connect(self._follow_position)
        self.plot.step_pointed.connect(self._point)
        self.plot.step_clicked.connect(self._go)
        self.rate.toggled.connect(self.invalidate)
        self.legend.changed.connect(self.invalidate)
        self.legend.forgotten.connect(self._forget)
        self.travel.travelled.connect(document.travel)
        self.travel.returned.connect(document.back_to_now)
        self.travel.resumed.connect(self.resume_wanted)
        theme_changed.connect(self._tint)

    def _toggle(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setCheckable(True)
        button.setProperty("role", "switch")
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        self.plot.below.addWidget(button)
        return button

    def _export_button(self) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "switch")
        button.setToolTip("Export the curves")
        button.setAccessibleName("Export the curves")
        button.setIconSize(QSize(14, 14))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for words, ending in KINDS.items():
            menu.addAction(f"{words}…").setData(ending)
        menu.triggered.connect(self._export_chosen)
        button.setMenu(menu)
        self.plot.below.addWidget(button)
        return button

    def _export_chosen(self, action: QAction) -> None:
        self.ask_export(action.data())

    def _forget(self, run: PastRun) -> None:
        self.document.course.forget(run)
        self.invalidate()

    def _tint(self) -> None:
        self.menu.setIcon(icon("download"))
