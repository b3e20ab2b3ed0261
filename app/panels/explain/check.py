"""The numerical check of one gradient, on demand: a button, and what came out."""

from typing import Any

import numpy as np
from PySide6.QtWidgets import QPushButton, QWidget

from app.document.document import Document
from app.layouts import fill, label
from app.plots.numbers import format_number
from core.entrycheck import EntryCheck, check_entry
from core.explain.protocol import Place
from core.explain.scene import Step


class NumericalCheck(QWidget):
    """Compares the number that is shown with the slope of the loss."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._asked: tuple[Step, Place, dict[str, Any]] | None = None
        self.button, self.result = QPushButton("Check numerically"), label(wrap=True)
        fill(self, self.button, self.result)
        self.button.clicked.connect(self.check)

    def offer(self, step: Step, place: Place) -> None:
        """Offer the check where the number is a gradient of the loss."""
        # With the random state of its own batch: a running training soon shows another one.
        self._asked = (step, place, self._document.rng_before_batch())
        self.result.hide()
        self.setVisible(is_gradient(step, place))

    def check(self) -> None:
        """Do it, and say what came out."""
        if self._asked is None:
            return
        step, place, rng = self._asked
        assert place.record is not None
        tape, network = step.tape, step.network()
        network.build(tape.x.shape[1:], 0, np.float64)
        record = tape.records[place.record]
        found = check_entry(network, tape, rng, record, place.tensor, place.index)
        role = {"pass": "good", "fail": "error", "inconclusive": "muted"}[found.verdict]
        self.result.setProperty("role", role)
        self.result.style().polish(self.result)
        self.result.setText(_words(found))
        self.result.show()


def is_gradient(step: Step, place: Place) -> bool:
    """Whether the number is a gradient of the loss on the data, which can be checked numerically."""
    if place.record is None or place.record == step.penalty_position:
        return False
    record = step.tape.records[place.record]
    if record.phase not in ("backward", "loss") or place.tensor not in record.tensors:
        return False
    return place.tensor in ("dx", "dy") or place.tensor.startswith("d_")


def _words(found: EntryCheck) -> str:
    if found.verdict == "inconclusive" and found.crossed:
        return (
            "Computed more exactly, some value lies on the other side of a kink (of ReLU or a maximum), where the "
            f"gradient is another one: {format_number(found.gradient)}, and {format_number(found.shown)} is shown."
        )
    if found.verdict == "inconclusive":
        return "A kink (of ReLU or a maximum) lies within the step: the slope there is not one number."
    slope, shown = format_number(found.slope), format_number(found.shown)
    if found.verdict == "pass" and not found.agrees_closely:
        return (
            f"✓ agrees but for rounding: the numerical slope is {slope}. Almost everything cancels in this sum, so "
            f"float32 leaves {shown}, which is nothing beside the other entries."
        )
    if found.verdict == "pass":
        relative = f"the relative difference {format_number(found.difference, 2)}"
        return f"✓ agrees: the numerical slope is {slope}, {relative if found.difference else 'no difference'}"
    return f"✗ does not agree: {shown} is shown, and the numerical slope is {slope}"
