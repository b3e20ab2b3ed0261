"""What the tests of the Explain tab's pictures share: documents, a tab that shows them, a pointer."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.panels.inspector import Inspector
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain import Step
from tests.in_view import bring_into_view

IMAGE_LAYERS: tuple[dict[str, Any], ...] = (
    {"kind": "conv2d", "filters": 3, "kernel_size": 3, "padding": 1},
    {"kind": "batch_norm"},
    {"kind": "relu"},
    {"kind": "max_pool2d", "kernel_size": 3, "stride": 2},
    {"kind": "layer_norm"},
    {"kind": "avg_pool2d", "kernel_size": 2, "stride": 1},
    {"kind": "dropout", "p": 0.25},
    {"kind": "flatten"},
    {"kind": "dense", "units": 4},
    {"kind": "softmax"},
)
CONV, BATCH_NORM, RELU, MAX_POOL, LAYER_NORM, AVG_POOL, DROPOUT, FLATTEN, DENSE, SOFTMAX = range(10)


def numbers_document(optimizer: dict[str, Any], **more: Any) -> Document:
    preset = load_preset("xor")
    experiment = dataclasses.replace(preset, optimizer=optimizer, **more)
    return Document(experiment, experiment.source().load())


def image_document() -> Document:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 2, 9, 8)).astype(np.float32)
    data = Dataset("noise", x[:30], np.arange(30) % 4, x[30:], np.arange(10) % 4, ("a", "b", "c", "d"))
    loss, optimizer = {"kind": "negative_log_likelihood"}, {"kind": "adam"}
    return Document(Experiment("images", {"kind": "xor"}, IMAGE_LAYERS, loss, optimizer, batch_size=8), data)


def open_inspector(qtbot: QtBot, document: Document, batches: int = 0) -> Inspector:
    """An Inspector with the Explain tab open, after so many batches and all records of the next."""
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    inspector.resize(360, 780)
    inspector.show()
    inspector.tabs.setCurrentWidget(inspector.explain)
    for _ in range(batches):
        document.next_batch()
    document.next_layer()
    assert document.tape
    document.go_to(len(document.tape.records))
    return inspector


def step_of(document: Document) -> Step:
    assert document.tape and document.trainer
    return Step.of(document.tape, document.trainer)


Where = Callable[[], QPointF | QRectF]
"""Asked for when everything lies where it belongs; a rectangle stands for its centre."""


def click(widget: QWidget, where: Where) -> None:
    """Press and release."""
    bring_into_view(widget)
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, _point(where))


def hover(widget: QWidget, where: Where) -> None:
    """Point at something."""
    bring_into_view(widget)
    QTest.mouseMove(widget, _point(where))


def _point(where: Where) -> QPoint:
    found = where()
    return (found.center() if isinstance(found, QRectF) else found).toPoint()
