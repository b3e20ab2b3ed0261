"""The status line: what is going on, in words, and the figures of the run."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.document.document import Document
from app.engine.protocol import Frame
from app.layouts import label, row
from app.plots.numbers import format_count
from app.view import TEXT, View
from app.window.run_control import LONG_STEP

MARGIN = 10
HEIGHT = 24
_LEAST_WIDTH = 200


class StatusLine(View):
    """The sentence on the left follows the document; the figures stand on the right."""

    interval = TEXT

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._samples_per_second = 0.0
        self._loading = False
        self._slow_for = 0.0  # seconds the current training step has taken, once that is long
        self._pausing = False
        self._has_reported = False  # whether the run that is under way did
        self._busy = ""  # why the window does not answer
        self.sentence, self.figures = label(role="note"), label(role="note")
        layout = row(self.sentence, None, self.figures)
        layout.setContentsMargins(MARGIN, 0, MARGIN, 0)
        self.setLayout(layout)
        self.setFixedHeight(HEIGHT)
        for signal in (document.position_changed, document.experiment_changed, document.running_changed):
            signal.connect(self.invalidate)
        document.running_changed.connect(self._await_report)

    def minimumSizeHint(self) -> QSize:
        """However long the sentence is: the window is not laid out anew for another one."""
        return QSize(_LEAST_WIDTH, HEIGHT)

    def show_loading(self, loading: bool) -> None:
        """Whether a data set is being loaded."""
        self._loading = loading
        self.invalidate()

    def show_slow(self, seconds: float) -> None:
        """For how long the current training step has been running, if that is long; 0 when it is over."""
        self._slow_for = seconds
        self.invalidate()

    def show_speed(self, frame: Frame) -> None:
        """How fast the training is."""
        # Where nothing but evaluating was done since the last frame, there is no speed to tell.
        self._samples_per_second = frame.samples_per_second or self._samples_per_second
        self._has_reported = True
        self.invalidate()

    def show_pausing(self, pausing: bool) -> None:
        """Whether a pause was asked for and has not come about yet."""
        self._pausing = pausing
        self.refresh()

    def show_busy(self, sentence: str) -> None:
        """Why the window does not answer, told before that begins; empty when it does again."""
        if sentence and not self._busy:
            QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        elif self._busy and not sentence:
            QApplication.restoreOverrideCursor()
        if sentence != self._busy:
            self._busy = sentence
            self.refresh()
            self.sentence.repaint()

    def refresh(self) -> None:
        document = self.document
        self.sentence.setText(self._sentence())
        facts = ["training" if document.running else "engine idle"]
        if self._samples_per_second:
            rate = f"{format_count(round(self._samples_per_second))} samples/s"
            facts.append(rate if document.running else f"{rate} last run")
        if document.network:
            facts.append(f"{format_count(document.network.flat_params.size)} parameters")
        facts.append(f"seed {document.experiment.seed}")
        self.figures.setText(" · ".join(facts))

    def _await_report(self) -> None:
        self._has_reported = False

    def _sentence(self) -> str:
        document, tape = self.document, self.document.tape
        if self._busy:
            return self._busy
        if self._loading:
            return "Loading data…"
        if document.problem:
            return document.problem
        if document.running:
            return self._running_sentence()
        if tape is None:
            return ""
        batch = format_count(tape.step)
        if document.cursor == 0:
            return f"At the start of batch {batch} · press Next layer to send it through the network"
        if document.cursor == len(tape):
            return f"Batch {batch} is done: every parameter is updated · Next layer begins the next batch"
        if document.record and document.record.phase == "update":
            return f"Inside batch {batch} · parameters are being updated one after the other"
        return f'Inside batch {batch} · nothing is updated until the tape reaches "update"'

    def _running_sentence(self) -> str:
        document = self.document
        if self._slow_for:
            end = "if it does not end soon, it is stopped" if self._pausing else "Pause waits for it, or stops it"
            return f"The current step has been running for {self._slow_for:.0f} s · {end}"
        if self._pausing:
            return "Pausing after the current step…"
        if not self._has_reported:
            return "Starting to train…"
        batch = format_count(document.tape.step) if document.tape else "–"
        size = document.trainer.batch_size if document.trainer else 0
        if 0 < self._samples_per_second * LONG_STEP <= size:
            seconds = size / self._samples_per_second
            return f"Training, {seconds:.1f} s a step: until a pause the cards show batch {batch} · Space pauses"
        return f"Training: the cards show batch {batch} · Space pauses"
