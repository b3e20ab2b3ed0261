"""The names of the open run keep off the curves of past runs, which go on beneath them."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.plots.curve import CurveStyle
from app.plots.curves import CurvesView
from app.theme import apply_theme
from tests.app.curve_views import set_curve

STEPS = np.arange(1, 101)


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> CurvesView:
    """A view with a past run of 100 steps at 1."""
    apply_theme(qapp, "light")
    view = CurvesView()
    qtbot.addWidget(view)
    view.resize(500, 300)
    set_curve(view, "past", STEPS, np.ones(100), CurveStyle("#7b5ea7", named=False))
    return view


def name(view: CurvesView, curve: str) -> QRectF:
    label = view.curve(curve).label
    place: QRectF = label.mapRectToParent(label.boundingRect())
    return place


def pixels(view: CurvesView, step: float) -> float:
    return float(view.canvas.left.mapFromView(QPointF(step, 0)).x())


def test_a_name_moves_behind_a_past_run_that_goes_on_beneath_it(view: CurvesView) -> None:
    set_curve(view, "test loss", STEPS[:20], np.ones(20), CurveStyle("loss"))
    view.grab()
    place = name(view, "test loss")
    assert pixels(view, 100) <= place.left() and place.right() <= view.canvas.left.width()


def test_a_past_run_of_few_values_is_seen_between_them(view: CurvesView) -> None:
    view.show_series({})
    set_curve(view, "past", np.array([1, 100]), np.ones(2), CurveStyle("#7b5ea7", named=False))
    set_curve(view, "test loss", STEPS[:20], np.ones(20), CurveStyle("loss"))
    view.grab()
    assert name(view, "test loss").left() >= pixels(view, 100)


def test_a_name_that_covers_nothing_stays_at_the_end_of_its_curve(view: CurvesView) -> None:
    set_curve(view, "test loss", STEPS[:20], np.full(20, 0.2), CurveStyle("loss"))
    view.grab()
    assert pixels(view, 20) < name(view, "test loss").left() < pixels(view, 30)
