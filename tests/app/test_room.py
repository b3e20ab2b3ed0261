"""Where there is little room, fewer words are said, rather than words cut short."""

import itertools

import numpy as np
import pytest
from PySide6.QtGui import QPainter, QPicture
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.network_view.network_view import NetworkView
from app.panels.weights_tab import WeightsTab
from app.plots.curve import CurveStyle
from app.plots.curves import CurvesView
from app.theme import apply_theme
from app.window.docks import Note
from tests.app.curve_views import set_curve
from tests.app.panel_documents import number_document, show, xor_document
from tests.app.test_panels_inspector import ROOM_FOR_TABS


@pytest.fixture(autouse=True)
def _as_in_the_window(qapp: QApplication) -> None:
    apply_theme(qapp, "light")


def test_a_note_leaves_out_its_last_parts_before_it_is_cut(qtbot: QtBot) -> None:
    note = Note()
    qtbot.addWidget(note)
    note.setText("3 layers · 33 parameters · top row: values forward")
    advance = note.fontMetrics().horizontalAdvance
    said = []
    for words in ("3 layers · 33 parameters · top row: values forward", "3 layers · 33 parameters", "3 layers"):
        note.resize(advance(words), 20)
        said.append(note.shown_text())
    assert said == ["3 layers · 33 parameters · top row: values forward", "3 layers · 33 parameters", "3 layers"]
    note.resize(advance("3 lay"), 20)
    assert note.shown_text().endswith("…")


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("last", [50, 500, 200_000])
def test_the_last_label_of_the_steps_can_be_read(qtbot: QtBot, last: int, shares: bool) -> None:
    view = show(qtbot, CurvesView(), 330, 200)
    steps = np.linspace(1, 2 * last, 300)
    set_curve(view, "batch loss", steps, 1 / steps, CurveStyle("forward", "left", 1.0))
    if shares:
        set_curve(view, "test accuracy", steps, 1 / steps, CurveStyle("update", "right", 1.0))
    axis = view.canvas.steps
    for _ in range(3):  # until the axes have found their sizes
        QApplication.processEvents()
    view.canvas.left.setXRange(0, last, padding=0)  # so that a label belongs below the very end
    QApplication.processEvents()
    page = QPicture()
    painter = QPainter(page)
    rects = [axis.mapRectToScene(rect) for rect, _, _ in axis.generateDrawSpecs(painter)[2]]
    painter.end()
    assert len(rects) > 2
    assert max(rect.right() for rect in rects) <= view.canvas.width()
    edges = sorted((rect.left(), rect.right()) for rect in rects)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(edges)), "no label lies on another"


def test_the_loss_is_abbreviated_on_a_narrow_card(qtbot: QtBot) -> None:
    view = show(qtbot, NetworkView(number_document()), 330, 300)
    card = view.cards[-1]
    assert card.content.subtitles == ("Mean squared error",) and card.subtitle_wordings() == (
        "Mean squared error",
        "MSE",
    )
    assert view.cards[1].subtitle_wordings() == ("1 · 3 par.", "1")


def test_all_buttons_above_the_weights_can_be_read_in_a_narrow_dock(qtbot: QtBot) -> None:
    document = xor_document()
    tab = show(qtbot, WeightsTab(document), ROOM_FOR_TABS, 390)
    for optimizer in ({"kind": "adam", "learning_rate": 0.1}, {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.5}):
        document.edit("optimizer", optimizer=optimizer)
        document.next_batch()
        document.select_layer(0)
        shown = [button for button in tab.bar.buttons.values() if button.isVisible()]
        assert len(shown) >= 4
        assert all(button.width() >= button.sizeHint().width() for button in shown)
        assert max(button.geometry().right() for button in shown) < ROOM_FOR_TABS
