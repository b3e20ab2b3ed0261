"""Every layer, loss and optimizer in the window: each record is reached, looked at in every tab, entered, explained."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from app.document.document import Document
from app.document.presets import load_preset
from app.panels.inspector import Inspector
from app.window.main_window import MainWindow
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain import Place
from core.layers import LAYERS
from core.losses import LOSSES
from core.optimizers import OPTIMIZERS
from tests.e2e.conftest import Opener

IMAGES: dict[str, tuple[dict[str, Any], ...]] = {
    "convolution": (
        {"kind": "conv2d", "filters": 3, "kernel_size": 3, "padding": "same"},
        {"kind": "batch_norm"},
        {"kind": "leaky_relu"},
        {"kind": "max_pool2d", "kernel_size": 2, "padding": 1},
        {"kind": "conv2d", "filters": 4, "kernel_size": 2, "stride": 2},
        {"kind": "elu"},
        {"kind": "global_avg_pool2d"},
        {"kind": "dense", "units": 3},
    ),
    "normalised images": (
        {"kind": "layer_norm"},
        {"kind": "avg_pool2d", "kernel_size": 2},
        {"kind": "silu"},
        {"kind": "dropout", "p": 0.4},
        {"kind": "flatten"},
        {"kind": "dense", "units": 6},
        {"kind": "reshape", "channels": 2, "height": 3, "width": 1},
        {"kind": "softplus"},
        {"kind": "flatten"},
        {"kind": "dense", "units": 3},
    ),
    "vectors": (
        {"kind": "flatten"},
        {"kind": "dense", "units": 5},
        {"kind": "layer_norm"},
        {"kind": "gelu"},
        {"kind": "dense", "units": 4},
        {"kind": "batch_norm"},
        {"kind": "relu"},
        {"kind": "dropout", "p": 0.2},
        {"kind": "dense", "units": 4},
        {"kind": "sigmoid"},
        {"kind": "dense", "units": 3},
        {"kind": "tanh"},
    ),
    "probabilities": ({"kind": "flatten"}, {"kind": "dense", "units": 3}, {"kind": "softmax"}),
}
SHORT = ({"kind": "flatten"}, {"kind": "dense", "units": 3})
ENDS = {"negative_log_likelihood": ({"kind": "softmax"},), "binary_cross_entropy": ({"kind": "sigmoid"},)}


def document(layers: tuple[dict[str, Any], ...], loss: str = "cross_entropy", **changes: Any) -> Document:
    """Eleven pictures of noise in three classes, 2×6×5, in batches of 4."""
    rng = np.random.default_rng(8)
    x, t = rng.normal(size=(14, 2, 6, 5)).astype(np.float32), np.arange(14) % 3
    data = Dataset("Noise", x[:11], t[:11], x[11:], t[11:], ("ant", "bee", "cat"))
    choices = {"optimizer": {"kind": "adam"}, "batch_size": 4, **changes}
    return Document(Experiment("all", load_preset("xor").data, layers, {"kind": loss}, **choices), data)


def walk(window: MainWindow) -> int:
    """Through a batch, looking at everything; returns how many numbers were explained."""
    shown, inspector = window.document, window.arrangement.panel(Inspector)
    rng, explained = np.random.default_rng(0), 0
    assert shown.tape, shown.problem
    for position, record in enumerate(shown.tape.records):
        window.command["next_layer"].trigger()
        for page in inspector.pages:
            inspector.tabs.setCurrentWidget(page)
            QApplication.processEvents()
        for name, tensor in record.tensors.items():
            place = Place(position, name, tuple(int(rng.integers(size)) for size in tensor.shape))
            shown.questions.ask(place)
            QApplication.processEvents()
            assert inspector.explain.name.isVisible(), (record.name, place, inspector.explain.sentence.text())
            explained += 1
        shown.walk.step_into()
        while shown.walk.position + 1 < len(shown.walk.substeps):
            shown.walk.next()
        QApplication.processEvents()
        shown.walk.step_out()
    return explained


def test_the_kinds_below_are_all_there_are() -> None:
    assert {layer["kind"] for layers in IMAGES.values() for layer in layers} == set(LAYERS)


@pytest.mark.parametrize("name", IMAGES)
def test_every_layer(name: str, open_window: Opener) -> None:
    loss = "negative_log_likelihood" if name == "probabilities" else "cross_entropy"
    window = open_window(document(IMAGES[name], loss))
    assert walk(window) > 4 * len(IMAGES[name])


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(loss: str, open_window: Opener) -> None:
    assert walk(open_window(document((*SHORT, *ENDS.get(loss, ())), loss))) > 15


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer: str, open_window: Opener) -> None:
    """With a penalty and with clipping, which change what the optimizer gets."""
    changes: dict[str, Any] = {"penalty": {"kind": "l2"}, "clipping": {"kind": "norm", "max_norm": 0.01}}
    assert walk(open_window(document(SHORT, optimizer={"kind": optimizer}, **changes))) > 15


def test_a_number_a_pixel_can_be_asked_for(open_window: Opener) -> None:
    """LayerNorm has a weight and a bias for every pixel of an image: two mosaics, a picture a channel."""
    window = open_window(document(IMAGES["normalised images"]))
    window.command["next_layer"].trigger()
    weights = window.arrangement.panel(Inspector).weights
    window.arrangement.panel(Inspector).tabs.setCurrentWidget(weights)
    weights.filters.map_clicked.emit(1, 2, 3)
    assert window.document.questions.current == Place(None, "0.weight", (1, 2, 3))
    weights.filter_gradients.map_clicked.emit(0, 5, 4)
    assert window.document.questions.current == Place(None, "0.bias", (0, 5, 4))
