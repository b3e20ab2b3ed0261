"""What the network takes the pictures of the current batch for."""

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.document.document import Document
from app.plots.digit_grid import PredictionsView
from app.plots.numbers import format_count
from app.view import HISTOGRAMS, View
from core.tape import Record

MOST_SHOWN = 256
"""Pictures that are prepared at most; a larger batch shows its first ones."""

NO_PICTURES = "The data has no pictures: predictions are shown for image data."
NO_CLASSES = "The targets are numbers, not classes: there is no class to predict."
NOT_REACHED = "The predictions come with the loss: press Next layer until the loss."


class Predictions(View):
    """The batch as a grid of pictures with true and predicted class; a click selects the sample."""

    title = "Predictions"
    interval = HISTOGRAMS

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.grid = PredictionsView()
        self._shown: Record | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 4)
        column.addWidget(self.grid)
        self.grid.sample_clicked.connect(document.select_sample)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)

    def refresh(self) -> None:
        """The pictures, once the cursor has got to the loss; those of one batch stay as they are."""
        document, found = self.document, self._loss_record()
        if isinstance(found, str):
            self._shown = None
            self.note_changed.emit("")
            self.grid.set_message(found)
            return
        if found is not self._shown:
            self._shown = found
            self._show(found)
        self.grid.select(document.sample if document.sample < MOST_SHOWN else None)

    def _show(self, record: Record) -> None:
        document = self.document
        assert document.tape and document.step
        prediction, loss = record.tensors["prediction"], document.step.loss
        predicted, p = loss.predicted_class(prediction), loss.probabilities(prediction)
        if p.shape[1] > 1:
            chosen = p[np.arange(len(p)), predicted]
        elif loss.takes == "values":
            chosen = p[:, 0]
        else:  # a single output is the probability of class 1
            chosen = np.where(predicted == 1, p[:, 0], 1 - p[:, 0])
        true, x = document.data.t_train[document.tape.rows], document.tape.x
        pictures = (x if x.shape[1] == 1 else x.mean(axis=1, keepdims=True))[:MOST_SHOWN]
        shown = len(pictures)
        names = document.data.class_names
        self.grid.set_samples(
            pictures,
            true[:shown],
            predicted[:shown],
            chosen[:shown],
            names,
            quantity="score" if loss.takes == "values" else "p",
        )
        wrong = int(np.count_nonzero(true != predicted))
        self.note_changed.emit(f"this batch · {format_count(wrong)} of {format_count(len(true))} wrong")

    def _loss_record(self) -> Record | str:
        """The record that has the predictions of the batch, or why there is none."""
        document = self.document
        if document.tape is None or document.network is None:
            return document.problem
        if not document.data.is_image:
            return NO_PICTURES
        if document.data.is_regression:
            return NO_CLASSES
        return document.tape.find("loss", len(document.network.layers), document.cursor) or NOT_REACHED
