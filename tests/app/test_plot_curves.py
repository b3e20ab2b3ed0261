"""Curves can be read with the pointer, switch between linear and logarithmic, and say where a loss became NaN."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.plots.curve import CurveStyle
from app.plots.curve_axis import log_ticks, tick_text
from app.plots.curve_data import PointSeries
from app.plots.curve_labels import spread
from app.plots.curves import CurvesView
from app.theme import DARK, LIGHT, apply_theme


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp, "light")
    yield
    apply_theme(qapp, "light")


@pytest.fixture
def view(qtbot: QtBot) -> CurvesView:
    """A view with a loss, measured every step, and an accuracy, measured every ten."""
    view = CurvesView()
    qtbot.addWidget(view)
    view.resize(500, 300)
    steps = np.arange(1, 101)
    view.set_curve("batch loss", steps, 2.0 / steps, CurveStyle("forward", width=1.0, pale=True))
    view.set_curve("test accuracy", steps[9::10], steps[9::10] / 100, CurveStyle("update", "right"))
    view.grab()
    return view


def curve(view: CurvesView, name: str) -> Any:
    return view.curve(name)


def curves_of(view: CurvesView) -> list[Any]:
    return [view.curve(name) for name in view.names()]


def drawn(view: CurvesView, name: str) -> Any:
    """The places the plot was given."""
    return curve(view, name).item.getData()[1]


def test_the_cross_hair_reads_every_curve_at_its_nearest_step(view: CurvesView) -> None:
    assert view.readout_at(42.3) == "step 42 · batch loss 0.04762 · test accuracy 40.0 %"
    assert view.readout_at(-5) == "step 1 · batch loss 2 · test accuracy 10.0 %"
    view.clear()
    assert view.readout_at(3) == ""


def test_the_pointer_moves_the_cross_hair(view: CurvesView, qtbot: QtBot) -> None:
    at = view.canvas.left.mapViewToScene(QPointF(50, 0.5))
    view.canvas.scene().sigMouseMoved.emit(at)
    assert view.readout.text().startswith("step 50 · batch loss 0.04000")
    assert view.canvas.cross.value() == pytest.approx(50)


def test_log_draws_logarithms_and_linear_brings_the_values_back(view: CurvesView) -> None:
    linear = np.array(drawn(view, "batch loss"))
    accuracy = np.array(drawn(view, "test accuracy"))
    view.set_log(True)
    assert view.log()
    assert np.allclose(drawn(view, "batch loss"), np.log10(linear), rtol=1e-12)
    assert (drawn(view, "test accuracy") == accuracy).all()  # the right axis stays linear
    assert view.readout_at(50).startswith("step 50 · batch loss 0.04000")  # values, not their logarithms
    view.set_log(False)
    assert (drawn(view, "batch loss") == linear).all()


def test_what_has_no_logarithm_is_left_out_without_a_warning(view: CurvesView) -> None:
    view.set_log(True)
    view.set_curve("batch loss", np.arange(4), np.array([1.0, 0.0, -1.0, 10.0]), CurveStyle("forward"))
    assert np.array_equal(drawn(view, "batch loss"), [0.0, np.nan, np.nan, 1.0], equal_nan=True)


def test_a_loss_that_became_nan_says_since_when(view: CurvesView) -> None:
    loss = np.linspace(1, 2, 2000)
    loss[1500:] = np.nan
    view.set_curve("batch loss", np.arange(2000), loss, CurveStyle("forward"))
    assert view.label_of("batch loss") == "batch loss: NaN at step 1\u202f500"
    assert "batch loss NaN" in view.readout_at(1800)
    view.set_curve("test loss", np.arange(3), np.array([1.0, np.inf, 2.0]), CurveStyle("loss"))
    assert view.label_of("test loss") == "test loss: ∞ at step 1"
    assert np.isfinite(view.canvas.left.viewRange()).all()
    view.grab()


def test_curves_of_nothing_one_point_and_nan_alone_can_be_shown(view: CurvesView) -> None:
    for log in (False, True):
        view.set_log(log)
        for values in ([], [0.5], [0.0], [np.nan, np.nan]):
            view.set_curve("batch loss", np.arange(len(values)), np.array(values), CurveStyle("forward"))
            view.grab()
            assert np.isfinite(view.canvas.left.viewRange()).all()


def test_names_at_the_ends_stay_inside_and_apart(view: CurvesView) -> None:
    for name in ("a", "b", "c"):
        view.set_curve(name, np.arange(5), np.full(5, 0.02), CurveStyle("loss"))
    view.grab()
    tops = sorted(entry.label.pos().y() for entry in curves_of(view))
    assert min(below - above for above, below in pairwise(tops)) > 8
    assert tops[0] >= 0 and tops[-1] <= view.canvas.left.height()
    for entry in curves_of(view):
        assert entry.label.pos().x() + entry.label.boundingRect().width() <= view.canvas.left.width() + 0.5


@given(st.lists(st.floats(-50, 150), max_size=6))
def test_spreading_keeps_order_distance_and_room(wanted: list[float]) -> None:
    placed = spread(wanted, 10.0, 0.0, 100.0)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    assert all(placed[b] - placed[a] >= 10 - 1e-9 for a, b in pairwise(order))
    assert all(-1e-9 <= at <= 100 + 1e-9 for at in placed)
    if all(b - a >= 10 for a, b in pairwise(sorted(wanted))) and all(0 <= at <= 100 for at in wanted):
        assert placed == wanted


def test_a_person_who_looks_at_a_part_keeps_it_while_training_goes_on(view: CurvesView) -> None:
    view.show()
    target = view.canvas.viewport()
    at = view.canvas.mapFromScene(view.canvas.left.mapViewToScene(QPointF(50, 0.5)))
    before = view.canvas.left.viewRange()[0]
    no, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    none = Qt.MouseButton.NoButton
    QApplication.sendEvent(
        target,
        QWheelEvent(QPointF(at), QPointF(target.mapToGlobal(at)), QPoint(), QPoint(0, 240), none, no, phase, False),
    )
    zoomed = view.canvas.left.viewRange()[0]
    assert zoomed[1] - zoomed[0] < before[1] - before[0]
    steps = np.arange(1, 301)
    view.set_curve("batch loss", steps, 2.0 / steps, CurveStyle("forward"))
    assert view.canvas.left.viewRange()[0] == zoomed
    assert view.canvas.right.viewRange()[0] == pytest.approx(zoomed)
    view.hide()


def test_dragging_moves_both_axes_of_steps(view: CurvesView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", -1)  # pyqtgraph drops moves that follow each other fast
    view.show()
    target = view.canvas.viewport()
    start = view.canvas.mapFromScene(view.canvas.left.mapViewToScene(QPointF(50, 0.5)))
    before = view.canvas.left.viewRange()[0]
    QTest.mousePress(target, Qt.MouseButton.LeftButton, pos=start)
    for move in (20, 40, 60):
        place = start + QPoint(-move, 0)
        no, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
        on_screen = QPointF(target.mapToGlobal(place))
        none = Qt.MouseButton.NoButton
        QApplication.sendEvent(target, QMouseEvent(QEvent.Type.MouseMove, QPointF(place), on_screen, none, left, no))
    QTest.mouseRelease(target, Qt.MouseButton.LeftButton, pos=start + QPoint(-60, 0))
    after = view.canvas.left.viewRange()[0]
    assert after[0] > before[0]
    assert view.canvas.right.viewRange()[0] == pytest.approx(after)
    view.hide()


def test_the_view_follows_the_newest_step_and_leaves_room_for_names(view: CurvesView) -> None:
    steps = np.arange(1, 1001)
    view.set_curve("batch loss", steps, 2.0 / steps, CurveStyle("forward"))
    low, high = view.canvas.left.viewRange()[0]
    assert low <= 1 and high > 1000


def test_the_marker_stands_at_its_step(view: CurvesView) -> None:
    view.set_marker(30)
    assert view.canvas.marker.isVisible() and view.canvas.marker.value() == 30
    view.set_marker(None)
    assert not view.canvas.marker.isVisible()


def test_clearing_leaves_nothing_and_says_so(view: CurvesView) -> None:
    items = len(view.canvas.scene().items())
    view.set_curve("extra", np.arange(3), np.arange(3.0), CurveStyle("loss"))
    view.clear()
    assert view.names() == ()
    assert len(view.canvas.scene().items()) < items
    view.set_message("Press Run to train")
    view.show()
    assert view.message.isVisible() and not view.canvas.isVisible() and view.message.text() == "Press Run to train"


def test_the_arrays_of_the_caller_stay_the_callers(view: CurvesView) -> None:
    values = np.ones(3)
    view.set_curve("test loss", np.arange(3), values, CurveStyle("loss"))
    values[:] = 7
    assert "test loss 1" in view.readout_at(1)
    assert drawn(view, "test loss").tolist() == [1, 1, 1]


def test_curves_named_by_meaning_follow_the_theme(view: CurvesView, qapp: QApplication) -> None:
    view.set_curve("test loss", np.arange(3), np.ones(3), CurveStyle("loss"))
    pen = curve(view, "test loss").item.opts
    assert pen["pen"].color().name() == LIGHT.loss
    apply_theme(qapp, "dark")
    assert pen["pen"].color().name() == DARK.loss
    assert view.canvas.backgroundBrush().color().name() == DARK.panel


def test_ticks_on_a_logarithmic_axis_are_round_values() -> None:
    assert [tick_text(10**tick) for tick in log_ticks(-1.35, 0.45)] == ["0.05", "0.1", "0.2", "0.5", "1", "2"]
    assert [tick_text(10**tick) for tick in log_ticks(-4.2, 1.1)] == ["1e−4", "0.001", "0.01", "0.1", "1", "10"]
    assert 3 <= len(log_ticks(-300.0, 300.0)) <= 12
