"""What the network answers everywhere on the plane, under the points it learns from."""

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.document.document import Document
from app.document.plane import Plane
from app.plots.numbers import format_count
from app.plots.plane_view import PlaneView
from app.view import PICTURES, View
from core.datasets.base import Dataset
from core.types import Array

RESOLUTION = 64
"""Points along each side of the plane at which the network is asked."""

MOST_POINTS = 600
"""Points of each part that are drawn at most: the first ones, which are as random as all."""

PROVENANCE = (
    "What the network answers at this point with the weights at the cursor. No batch has it, so it stands on no tape: "
    "click a training point of this batch to follow its numbers."
)
NO_PLANE = "The data is not two-dimensional: there is no plane to draw."


class Boundary(View):
    """The network's output over the plane with the parameters at the cursor."""

    title = "Decision boundary"
    interval = PICTURES

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.plane = PlaneView()
        self._plane = Plane(document, RESOLUTION)
        self._shown: Array | None = None  # the network's output over the plane, as it was drawn last
        self._points_of: Dataset | None = None
        self._order: Array = np.zeros(0, dtype=int)
        self.plane.provenance = PROVENANCE
        self.plane.point_clicked.connect(self._select)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 4)
        column.addWidget(self.plane)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self._mark_sample)

    def refresh(self) -> None:
        """The surface at the cursor and the points, each only when it is another one."""
        document = self.document
        if not document.data.is_plane:
            self._say(NO_PLANE)
        elif document.network is None or not document.shows_weights:
            self._say(document.problem)
        else:
            self._show_surface()
            if self._points_of is not document.data:
                self._points_of = document.data
                self._show_points(document.data)
            self._mark_sample()
            self.note_changed.emit(self._note())

    def _say(self, sentence: str) -> None:
        self._points_of = self._shown = None
        self.note_changed.emit("")
        self.plane.set_message(sentence)

    def _show_surface(self) -> None:
        data, network, output = self.document.data, self.document.network, self._plane.outputs()[-1]
        assert network
        if output is self._shown:
            return
        self._shown = output
        # Pictures count rows from the top, surfaces from the bottom.
        answer = output[::-1]
        outputs = answer.shape[-1]
        read = network.loss.probabilities(answer.reshape(-1, outputs)).reshape(answer.shape)
        if data.is_regression:
            targets = data.t_train[:, 0]
            self.plane.set_surface(answer[..., 0], float(targets.min()), float(targets.max()))
        elif outputs == 1:
            self.plane.set_surface(read[..., 0])
        else:
            self.plane.set_class_surface(np.moveaxis(read, -1, 0), data.class_names)

    def _show_points(self, data: Dataset) -> None:
        train, test = data.x_train[:MOST_POINTS], data.x_test[:MOST_POINTS]
        labels = np.concatenate([_column(data.t_train[:MOST_POINTS]), _column(data.t_test[:MOST_POINTS])])
        # Test points first: where points lie close, the ones that are learned from stay on top.
        self._order = np.r_[len(train) : len(train) + len(test), 0 : len(train)]
        is_test = np.arange(len(labels)) >= len(train)
        self.plane.set_points(np.concatenate([train, test])[self._order], labels[self._order], is_test[self._order])

    def _select(self, number: int) -> None:
        """Select the sample of the batch that a point is, or say why it is none."""
        document, row = self.document, int(self._order[number])
        rows = document.tape.rows if document.tape else np.zeros(0, dtype=int)
        trained = min(len(document.data.x_train), MOST_POINTS)
        if row >= trained:
            self.plane.say("A test point: the network never learns from it, so no batch has it.")
        elif row not in rows:
            self.plane.say(f"Row {format_count(row)} is not in this batch of {len(rows)}: another batch has it.")
        else:
            sample = int(np.flatnonzero(rows == row)[0])
            document.select_sample(sample)
            self.plane.say(f"sample {sample} of this batch is selected")

    def _mark_sample(self) -> None:
        """A ring around the selected sample."""
        document, tape = self.document, self.document.tape
        shown = tape is not None and document.data.is_plane and not document.whole_batch
        self.plane.mark(tuple(tape.x[document.sample].tolist()) if shown and tape else None)

    def _note(self) -> str:
        data = self.document.data
        count, shown = len(data.x_train) + len(data.x_test), self._drawn(data)
        points = "" if shown == count else f" · {format_count(shown)} of {format_count(count)} points"
        if data.is_regression:
            return f"output{points}"
        names, network = data.class_names, self.document.network
        read = "score" if network and network.loss.takes == "values" else "probability"
        return f"{read} of {names[1]}{points}" if len(names) == 2 else f"{len(names)} classes{points}"

    def _drawn(self, data: Dataset) -> int:
        return min(len(data.x_train), MOST_POINTS) + min(len(data.x_test), MOST_POINTS)


def _column(targets: Array) -> Array:
    """Class numbers as they are; of a regression, the first output's targets."""
    return targets if targets.ndim == 1 else targets[:, 0]
