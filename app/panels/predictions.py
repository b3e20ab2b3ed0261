"""What the network takes the pictures of the current batch for."""

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.document.document import Document
from app.plots.digit_grid import PredictionsView
from app.plots.numbers import format_count
from app.view import HISTOGRAMS, View
from core.types import Array

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
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 4)
        column.addWidget(self.grid)
        self.grid.sample_clicked.connect(document.select_sample)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)

    def refresh(self) -> None:
        """The pictures, as far as the cursor has got."""
        document = self.document
        found = self._found()
        if isinstance(found, str):
            self.note_changed.emit("")
            self.grid.set_message(found)
            return
        assert document.tape
        true, predicted, probability = found
        x = document.tape.x
        pictures = (x if x.shape[1] == 1 else x.mean(axis=1, keepdims=True))[:MOST_SHOWN]
        shown = len(pictures)
        names = document.data.class_names
        self.grid.set_samples(pictures, true[:shown], predicted[:shown], probability[:shown], names)
        self.grid.select(document.sample if document.sample < shown else None)
        wrong = int(np.count_nonzero(true != predicted))
        self.note_changed.emit(f"this batch · {format_count(wrong)} of {format_count(len(true))} wrong")

    def _found(self) -> tuple[Array, Array, Array] | str:
        """True class, predicted class and its probability (N,) of the batch, or why there are none."""
        document = self.document
        if document.tape is None or document.network is None:
            return document.problem
        if not document.data.is_image:
            return NO_PICTURES
        if document.data.is_regression:
            return NO_CLASSES
        record = document.tape.find("loss", len(document.network.layers), document.cursor)
        if record is None or document.step is None:
            return NOT_REACHED
        prediction, loss = record.tensors["prediction"], document.step.loss
        predicted, p = loss.predicted_class(prediction), loss.probabilities(prediction)
        # A single output is the probability of class 1.
        chosen = p[np.arange(len(p)), predicted] if p.shape[1] > 1 else np.where(predicted == 1, p[:, 0], 1 - p[:, 0])
        return document.data.t_train[document.tape.rows], predicted, chosen
