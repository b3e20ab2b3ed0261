"""The status line: what is going on, in words, and the figures of the run."""

from PySide6.QtWidgets import QWidget

from app.document.document import Document
from app.engine.protocol import Frame
from app.layouts import label, row
from app.plots.numbers import format_count
from app.view import TEXT, View

MARGIN = 10
HEIGHT = 24


class StatusLine(View):
    """The sentence on the left follows the document; the figures stand on the right."""

    interval = TEXT

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._samples_per_second = 0.0
        self._loading = False
        self._slow_for = 0.0  # seconds the current training step has taken, once that is long
        self.sentence, self.figures = label(role="note"), label(role="note")
        layout = row(self.sentence, None, self.figures)
        layout.setContentsMargins(MARGIN, 0, MARGIN, 0)
        self.setLayout(layout)
        self.setFixedHeight(HEIGHT)
        for signal in (document.position_changed, document.experiment_changed, document.running_changed):
            signal.connect(self.invalidate)

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
        self._samples_per_second = frame.samples_per_second
        self.invalidate()

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

    def _sentence(self) -> str:
        document, tape = self.document, self.document.tape
        if self._loading:
            return "Loading data…"
        if document.problem:
            return document.problem
        if document.running and self._slow_for:
            return f"The current step has been running for {self._slow_for:.0f} s · Pause ends it"
        if document.running:
            return "Training: the cards show the batch after the newest step · Space pauses"
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
