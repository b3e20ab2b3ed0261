"""Weights that have gone astray are shown as NaN and infinity, in every panel, without an error or a warning."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.panels.boundary import Boundary
from app.panels.curves import Curves
from app.panels.gradient_flow import GradientFlow
from app.panels.inspector import Inspector
from tests.app.panel_documents import XOR_RECORDS, show, tape_of, xor_document


@pytest.fixture
def astray() -> Document:
    """XOR in the middle of a step whose tensors hold NaN and ±∞."""
    document = xor_document()
    document.next_batch()
    tape = tape_of(document)
    for record in tape.records:
        for tensor in record.tensors.values():
            if np.issubdtype(tensor.dtype, np.floating) and tensor.flags.writeable:
                tensor.flat[0], tensor.flat[-1] = np.nan, np.inf
    assert np.isnan(tape.params_after["0.weight"]).any()
    return document


def test_every_panel_shows_them(qtbot: QtBot, astray: Document) -> None:
    inspector = show(qtbot, Inspector(astray))
    panels = [show(qtbot, panel(astray)) for panel in (Boundary, Curves, GradientFlow)]
    for cursor in range(XOR_RECORDS + 1):
        astray.go_to(cursor)
        for layer in range(-1, 4):
            astray.select_layer(layer)
            for tab, choice in enumerate(("Value", "Gradient", "Change")):
                inspector.weights.choose(choice)
                inspector.tabs.setCurrentIndex(tab)
                inspector.grab()
        for panel in panels:
            panel.grab()
    flow = panels[2]
    assert isinstance(flow, GradientFlow) and not any(np.isfinite(row.gradient or 0) for row in flow.bars.rows())
    astray.select_layer(0)
    inspector.tabs.setCurrentIndex(0)
    inspector.weights.choose("Value")
    inspector.weights.matrix.show_cell(0, 0)
    assert inspector.weights.matrix.hover_text().startswith("weight[0, 0] = NaN")
