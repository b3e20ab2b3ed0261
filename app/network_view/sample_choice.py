"""Which sample of the batch the pictures show, or all of them as one mean: a small control for a title row."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from app.document.document import Document
from app.icons import icon
from app.layouts import label, row
from app.plots.elided_label import ElidedLabel
from app.theme import current_theme, theme_changed

_BATCH_HELP = (
    "Show the mean over the batch in every picture instead of one sample. Gradients of different samples can cancel "
    "each other in it, as they do in the gradient of a weight."
)
_COUNT_HELP = (
    "The sample of the batch that the pictures show. It is counted from 0, as the first index of a tensor is: "
    "y[3, 7] is output 7 of sample 3."
)

WRONG = "wrong"


class SampleChoice(QWidget):
    """ "sample 3 of 0…63" between two arrows, and "wrong" once the loss is reached and the prediction is.

    Samples are counted from 0 everywhere, because their number is the first index of every tensor of the batch.
    The network view refreshes it together with the pictures.
    """

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.before = self._button("Previous sample", "The sample before (,)", -1)
        self.after = self._button("Next sample", "The sample after (.)", 1)
        self.text = label(role="note")
        self.text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.range = ElidedLabel()  # which gives way where a narrow window has no room for it
        self.range.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.range.setMinimumWidth(1)
        self.verdict = label(role="verdict")
        # Its room is kept while it is empty: nothing beside it may move as one walks.
        self.verdict.ensurePolished()
        self.verdict.setFixedWidth(self.verdict.fontMetrics().horizontalAdvance(WRONG))
        self.batch = QToolButton()
        self.batch.setText("Batch")
        self.batch.setCheckable(True)
        self.batch.setProperty("role", "link")
        self.batch.setToolTip(f"{_BATCH_HELP} (M)")
        self.batch.setAccessibleName("Mean over the batch")
        self.batch.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.batch.clicked.connect(self._take_batch)
        self.setLayout(row(self.before, self.text, self.range, self.verdict, self.after, self.batch, spacing=3))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        theme_changed.connect(self._tint)
        self._tint()

    @property
    def words(self) -> str:
        """What is shown: "sample 3 of 0…63", "mean of 64"."""
        return f"{self.text.text()} {self.range.text()}".strip()

    def refresh(self) -> None:
        """Show what the document has selected."""
        document, tape, wrong = self.document, self.document.tape, self._wrong()
        last = len(tape.rows) - 1 if tape else 0
        if tape is None:
            texts = "no batch", ""
        elif document.whole_batch:
            texts = f"mean of {last + 1}", ""
        else:
            texts = f"sample {document.sample}", f"of 0…{last}"
        for part, words in zip((self.text, self.range), texts, strict=True):
            part.setText(words)
        self.verdict.setText(WRONG if wrong else "")
        help_ = f"{_COUNT_HELP} This batch has the samples 0…{last}." if tape else _COUNT_HELP
        for text in (self.text, self.verdict):
            text.setToolTip("\n".join(words for words in (wrong, help_) if words))
        # The longest text it will hold in this batch: nothing beside it may move as one walks.
        longest = (f"sample {last}", f"mean of {last + 1}")
        self.text.setMinimumWidth(max(map(self.text.fontMetrics().horizontalAdvance, longest)) + 2)
        self.before.setEnabled(tape is not None and (document.sample > 0 or document.whole_batch))
        self.after.setEnabled(tape is not None and (document.sample < last or document.whole_batch))
        self.batch.setEnabled(tape is not None)
        self.batch.setChecked(document.whole_batch)

    def go(self, direction: int) -> None:
        """One sample on or back; from the mean first back to the sample that was shown before."""
        document = self.document
        document.select_sample(document.sample + (0 if document.whole_batch else direction))

    def previous(self) -> None:
        """The sample before."""
        self.go(-1)

    def next(self) -> None:
        """The sample after."""
        self.go(1)

    def toggle_batch(self) -> None:
        """The mean over the batch, or the sample again."""
        self.document.show_whole_batch(not self.document.whole_batch)

    def _wrong(self) -> str:
        """What the sample was taken for, if the loss is reached and it was taken for something else than it is."""
        document = self.document
        step, data = document.step, document.data
        if step is None or data.is_regression or document.whole_batch:
            return ""
        record = step.tape.find("loss", len(step.layers), document.cursor)
        if record is None:
            return ""
        one = slice(document.sample, document.sample + 1)
        found = int(step.loss.predicted_class(record.tensors["prediction"][one])[0])
        true = int(data.t_train[step.tape.rows[document.sample]])
        if found == true:
            return ""
        return f"Wrong: taken for {data.class_names[found]}, it is {data.class_names[true]}."

    def _button(self, name: str, tip: str, direction: int) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "link")
        button.setProperty("direction", direction)
        button.setIconSize(QSize(14, 14))
        button.setAccessibleName(name)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAutoRepeat(True)
        button.clicked.connect(self._take_direction)
        return button

    def _take_direction(self) -> None:
        self.go(self.sender().property("direction"))

    def _take_batch(self) -> None:
        self.document.show_whole_batch(self.batch.isChecked())

    def _tint(self) -> None:
        self.before.setIcon(icon("chevron-left", current_theme().muted))
        self.after.setIcon(icon("chevron-right", current_theme().muted))
