"""Which picture explains a number best, by the layer and the direction it belongs to.

Sums of products need no knowledge of the layer (`equation`). The others show what makes their layer special, computed
by the layer itself: an activation's curve, the window a maximum won, a Jacobian, distributions, a mask, all losses.
"""

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.layouts import fill, label, row
from app.panels.explain.curve import CurveView
from app.panels.explain.equation import EquationView, equation
from app.panels.explain.shares import SharesView
from app.plots.histogram import HistogramView
from app.plots.matrix_view import MatrixView
from core.explain import Explanation, Place, Step
from core.layers.activations import Sigmoid, Softmax, Tanh
from core.layers.base import Layer
from core.layers.dropout import Dropout
from core.layers.normalization import BatchNorm
from core.layers.pooling import MaxPool2D
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus
from core.losses import CrossEntropy
from core.types import Array

ELEMENTWISE = (ReLU, LeakyReLU, ELU, SiLU, GELU, Sigmoid, Tanh, Softplus)

_MATRIX_HEIGHT = 170
_HISTOGRAM_HEIGHT = 110


class Pictures(QWidget):
    """Shows the pictures that suit one explanation, and hides the others."""

    sample_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = label(role="note", wrap=True)
        self.equation, self.curve, self.matrix = EquationView(), CurveView(), MatrixView()
        self.before, self.after, self.losses = HistogramView(), HistogramView(), SharesView()
        self.matrix.setFixedHeight(_MATRIX_HEIGHT)
        for histogram in (self.before, self.after):
            histogram.setFixedHeight(_HISTOGRAM_HEIGHT)
        self.losses.sample_clicked.connect(self.sample_clicked)
        fill(self, self.caption, self.equation, self.curve, self.matrix, row(self.before, self.after), self.losses)

    def show_for(self, step: Step, explanation: Explanation, sample: int) -> None:
        """Choose and fill the pictures."""
        for widget in (self.caption, self.equation, self.curve, self.matrix, self.before, self.after, self.losses):
            widget.hide()
        place = explanation.place
        if place.record is None:
            return
        record = step.tape.records[place.record]
        if record.phase in ("forward", "backward"):
            self._show_layer(step, place, step.layers[record.index])
        elif record.phase == "loss" and place.record != step.penalty_position:
            self._show_loss(step, place, sample)
        if (shown := equation(explanation)) is not None:
            self.equation.set_equation(shown)
            self.equation.show()

    def _show_layer(self, step: Step, place: Place, layer: Layer) -> None:
        assert place.record is not None
        record = step.tape.records[place.record]
        forward = step.tape.records[step.position("forward", record.index)]
        x, y = forward.tensors["x"], forward.tensors["y"]
        if isinstance(layer, ELEMENTWISE) and place.tensor in ("y", "dx", "dy"):
            self._say(f"The curve of {layer.title}, with this unit's point; behind it, all inputs of the layer:")
            self.curve.set_point(layer, x, float(x[place.index]))
            self.curve.show()
        elif isinstance(layer, MaxPool2D) and place.tensor in ("y", "dy"):
            self._show_window(layer, x, place)
        elif isinstance(layer, Softmax) and place.tensor in ("y", "dx"):
            self._show_jacobian(layer, forward.cache, y, place.index[0])
        elif isinstance(layer, BatchNorm) and place.tensor in ("y", "dx", "x_hat"):
            channel = place.index[1]
            self._say(f"Channel {channel} of the batch before and after:")
            self.before.set_values(x[:, channel], "x", "forward")
            self.after.set_values(y[:, channel], "y", "forward")
            self.before.show()
            self.after.show()
        elif isinstance(layer, Dropout) and "mask" in forward.cache:
            mask = forward.cache["mask"][place.index[0]]
            self._say("The mask of this sample: 0 where the value was dropped, 1/(1−p) where it was kept:")
            self._show_matrix(mask.reshape(-1, mask.shape[-1]) if mask.ndim > 1 else mask, "mask")

    def _show_window(self, layer: MaxPool2D, x: Array, place: Place) -> None:
        n, channel, i, j = place.index
        stride, size = layer.stride or layer.kernel_size, layer.kernel_size
        top, left = i * stride - layer.padding, j * stride - layer.padding
        rows = [r for r in range(top, top + size) if 0 <= r < x.shape[2]]
        columns = [c for c in range(left, left + size) if 0 <= c < x.shape[3]]
        window = x[n, channel][np.ix_(rows, columns)]
        self._say("The window: the first largest value wins, and the whole gradient goes to it, the others get 0:")
        self.matrix.set_matrix(window, None, list(map(str, rows)), list(map(str, columns)), "x")
        self.matrix.select(*(int(at) for at in np.unravel_index(int(window.argmax()), window.shape)))
        self.matrix.show()

    def _show_jacobian(self, layer: Softmax, cache: dict[str, Array], y: Array, sample: int) -> None:
        """Row k is what an upstream gradient of 1 at output k gives: the layer's own backward, asked class by class."""
        classes = y.shape[1]
        own = {name: np.repeat(array[sample : sample + 1], classes, axis=0) for name, array in cache.items()}
        jacobian, _ = layer.backward(np.eye(classes, dtype=y.dtype), own)
        assert jacobian is not None
        self._say(f"The Jacobian ∂y/∂x of sample {sample}: how each output answers to each input:")
        self._show_matrix(jacobian, "∂y/∂x")

    def _show_loss(self, step: Step, place: Place, sample: int) -> None:
        record = step.tape.records[step.position("loss", len(step.layers))]
        prediction, target = record.tensors["prediction"], record.tensors["target"]
        if place.tensor in ("dy", "prediction") and isinstance(step.loss, CrossEntropy):
            n = place.index[0]
            probabilities = step.loss.probabilities(prediction)[n]
            rows = np.stack(
                [prediction[n], probabilities, np.eye(len(probabilities))[target[n]], record.tensors["dy"][n]]
            )
            self._say(
                "Softmax and cross-entropy together: of the Jacobian and −1/p only the difference p − truth is left, "
                "divided by the number of samples:"
            )
            names = ["logit", "p", "truth", "dlogits"]
            self.matrix.set_matrix(rows, None, names, list(map(str, range(rows.shape[1]))), "softmax")
            self.matrix.show()
            return
        losses = step.loss.per_sample(prediction, target)
        order = np.argsort(-losses)
        self._say("The loss of every sample, the largest first; their mean is the loss (click one to select it):")
        self.losses.set_shares(losses[order], sample, order, "has a loss of")
        self.losses.show()

    def _show_matrix(self, values: Array, name: str) -> None:
        self.matrix.set_matrix(values, name=name)
        self.matrix.show()

    def _say(self, caption: str) -> None:
        self.caption.setText(caption)
        self.caption.show()
