"""Keys in the pictures of the Explain tab, in the real window: they walk and ask there, and neither step nor run."""

import dataclasses

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.panels.explain.pointed import PointedView
from app.panels.explain.tab import ExplainTab
from app.panels.inspector import Inspector
from app.window.main_window import MainWindow
from core.explain import Place
from tests.app.explain_tabs import image_document
from tests.e2e.conftest import Opener
from tests.e2e.hands import tape_of, type_key
from tests.in_view import bring_into_view

Key = Qt.Key
DENSE, TANH, LOSS = 0, 1, 3
"""Layers of XOR."""


@pytest.fixture
def window(open_window: Opener, qtbot: QtBot) -> MainWindow:
    """XOR with clipping, so that every kind of picture is there, where the keys go, after a batch."""
    experiment = dataclasses.replace(load_preset("xor"), clipping={"kind": "norm", "max_norm": 1e-3})
    return ready(open_window(Document(experiment, experiment.source().load())), qtbot)


def ready(window: MainWindow, qtbot: QtBot) -> MainWindow:
    with qtbot.waitActive(window):
        window.activateWindow()
    window.document.next_batch()
    window.document.next_batch()
    return window


def explain_tab(window: MainWindow) -> ExplainTab:
    return window.arrangement.panel(Inspector).explain


def ask(window: MainWindow, phase: str, layer: int, tensor: str, index: tuple[int, ...]) -> Place:
    tape = tape_of(window.document)
    position = next(at for at, record in enumerate(tape.records) if (record.phase, record.index) == (phase, layer))
    place = Place(position, tensor, index)
    window.document.questions.ask(place)
    QApplication.processEvents()
    return place


def focus(view: QWidget) -> None:
    bring_into_view(view)
    assert view.isVisible()
    view.setFocus()
    assert QApplication.focusWidget() is view


def place_on_tape(window: MainWindow) -> tuple[int, int, int, bool]:
    document = window.document
    return tape_of(document).step, document.cursor, document.steps_done, document.running


def test_arrows_walk_and_space_asks_in_every_picture(window: MainWindow) -> None:
    tab, questions = explain_tab(window), window.document.questions
    pictures = tab.pictures
    cases: tuple[tuple[PointedView, str, int, str, tuple[int, ...], Key], ...] = (
        (tab.sources, "forward", DENSE, "y", (2, 3), Key.Key_Right),
        (pictures.equation, "forward", DENSE, "y", (2, 3), Key.Key_Right),
        (pictures.outer, "backward", DENSE, "d_weight", (3, 1), Key.Key_Down),
        (pictures.curve, "backward", TANH, "dx", (2, 3), Key.Key_Left),
        (pictures.stack, "update", DENSE, "after", (3, 1), Key.Key_Down),
    )
    for view, phase, layer, tensor, index, arrow in cases:
        asked = ask(window, phase, layer, tensor, index)
        focus(view)
        before = place_on_tape(window)
        type_key(arrow)
        first = view.pointed()
        type_key(arrow, times=40 if view is pictures.curve else 1)  # to where other units lie
        assert first is not None and view.pointed() != first, view.accessibleName()
        assert place_on_tape(window) == before
        type_key(Key.Key_Space)
        assert place_on_tape(window) == before
        assert questions.current != asked, view.accessibleName()


def test_keys_choose_a_sample_by_its_share_and_by_its_loss(window: MainWindow) -> None:
    document, tab = window.document, explain_tab(window)
    for view, place in ((tab.shares, ("backward", DENSE, "d_weight", (3, 1))), (tab.pictures.losses, None)):
        document.select_sample(2)
        ask(window, *(place or ("loss", LOSS, "value", ())))
        focus(view)
        before = place_on_tape(window)
        type_key(Key.Key_Right)
        wanted = int(view.hover_text().split()[1])
        type_key(Key.Key_Return)
        assert document.sample == wanted != 2 and place_on_tape(window) == before


def test_space_with_nothing_pointed_at_begins_a_walk_and_starts_no_training(window: MainWindow) -> None:
    asked = ask(window, "forward", DENSE, "y", (2, 3))
    view = explain_tab(window).sources
    focus(view)
    before = place_on_tape(window)
    type_key(Key.Key_Space)
    assert view.pointed() is not None and place_on_tape(window) == before
    assert window.document.questions.current == asked
    type_key(Key.Key_Space)
    assert window.document.questions.current != asked and place_on_tape(window) == before


def test_keys_of_others_still_go_to_the_tape(window: MainWindow) -> None:
    ask(window, "forward", DENSE, "y", (2, 3))
    focus(explain_tab(window).sources)
    type_key(Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    records = tape_of(window.document).records
    assert window.document.cursor < len(records), "Shift and an arrow still lead to the loss"
    type_key(Key.Key_N)
    assert window.document.cursor == len(records)


def test_bars_of_a_distribution_are_walked_and_asked(open_window: Opener, qtbot: QtBot) -> None:
    window = ready(open_window(image_document()), qtbot)
    asked = ask(window, "forward", 1, "y", (3, 1, 2, 1))
    histogram = explain_tab(window).pictures.histograms[0]
    focus(histogram)
    before = place_on_tape(window)
    for _ in range(3):
        type_key(Key.Key_Right)
    assert "Enter explains" in histogram.hint() and place_on_tape(window) == before
    type_key(Key.Key_Space)
    current = window.document.questions.current
    assert current is not None and current != asked and current.tensor == "x" and place_on_tape(window) == before
