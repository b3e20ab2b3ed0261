"""The status line: what is going on, in words, and the figures of the run."""

from PySide6.QtWidgets import QStatusBar, QWidget

from app.document.document import Document
from app.layouts import label
from app.plots.numbers import format_count


MARGIN = 10


class StatusLine(QStatusBar):
    """The sentence on the left follows the document; the figures stand on the right."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.setSizeGripEnabled(False)
        self.sentence = label()
        self.figures = label()
        self.sentence.setIndent(MARGIN)
        self.figures.setContentsMargins(0, 0, MARGIN, 0)
        self.addWidget(self.sentence, 1)
        self.addPermanentWidget(self.figures)

    def show_document(self, samples_per_second: float, busy: bool) -> None:
        """Say what holds now."""
        document = self._document
        self.sentence.setText("Loading data…" if busy else self._sentence())
        facts = ["training" if document.running else "engine idle"]
        if samples_per_second:
            facts.append(
                f"{format_count(round(samples_per_second))} samples/s{'' if document.running else ' last run'}"
            )
        if document.network:
            facts.append(f"{format_count(document.network.flat_params.size)} parameters")
        facts.append(f"seed {document.experiment.seed}")
        self.figures.setText(" · ".join(facts))

    def _sentence(self) -> str:
        document, tape = self._document, self._document.tape
        if document.problem:
            return document.problem
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
