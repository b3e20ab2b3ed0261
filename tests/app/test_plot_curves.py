"""Curves can be read with the pointer, switch between linear and logarithmic, and say where a loss became NaN."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPicture, QWheelEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from app.plots.curve import CurveStyle
from app.plots.curve_axis import ValueAxis, log_ticks, tick_text
from app.plots.curve_canvas import LEAST_HEIGHT
from app.plots.curve_data import PointSeries
from app.plots.curve_labels import spread
from app.plots.curves import CurvesView
from app.theme import DARK, LIGHT, apply_theme
from core.types import DataError
from tests.app.curve_views import set_curve


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
    set_curve(view, "batch loss", steps, 2.0 / steps, CurveStyle("forward", width=1.0, pale=True))
    set_curve(view, "test accuracy", steps[9::10], steps[9::10] / 100, CurveStyle("update", "right"))
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
    view.show_series({})
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
    set_curve(view, "batch loss", np.arange(4), np.array([1.0, 0.0, -1.0, 10.0]), CurveStyle("forward"))
    assert np.array_equal(drawn(view, "batch loss"), [0.0, np.nan, np.nan, 1.0], equal_nan=True)


def test_a_loss_that_became_nan_says_since_when(view: CurvesView) -> None:
    loss = np.linspace(1, 2, 2000)
    loss[1500:] = np.nan
    set_curve(view, "batch loss", np.arange(2000), loss, CurveStyle("forward"))
    assert view.label_of("batch loss") == "batch loss: NaN at step 1\u202f500"
    assert "batch loss NaN" in view.readout_at(1800)
    set_curve(view, "test loss", np.arange(3), np.array([1.0, np.inf, 2.0]), CurveStyle("loss"))
    assert view.label_of("test loss") == "test loss: ∞ at step 1"
    assert np.isfinite(view.canvas.left.viewRange()).all()
    view.grab()


def test_curves_of_nothing_one_point_and_nan_alone_can_be_shown(view: CurvesView) -> None:
    for log in (False, True):
        view.set_log(log)
        for values in ([], [0.5], [0.0], [np.nan, np.nan]):
            set_curve(view, "batch loss", np.arange(len(values)), np.array(values), CurveStyle("forward"))
            view.grab()
            assert np.isfinite(view.canvas.left.viewRange()).all()


def test_names_at_the_ends_stay_inside_and_apart(view: CurvesView) -> None:
    for name in ("a", "b", "c"):
        set_curve(view, name, np.arange(5), np.full(5, 0.02), CurveStyle("loss"))
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
    set_curve(view, "batch loss", steps, 2.0 / steps, CurveStyle("forward"))
    assert view.canvas.left.viewRange()[0] == zoomed
    assert view.canvas.right.viewRange()[0] == pytest.approx(zoomed)
    view.hide()


def test_the_cross_hair_goes_by_keys_and_enter_takes_the_step(view: CurvesView, qtbot: QtBot) -> None:
    view.show()
    view.set_marker(40)
    canvas = view.canvas
    canvas.setFocus()
    pointed: list[float] = []
    view.step_pointed.connect(pointed.append)
    for key in ("Left", "Left", "Right", "Home", "Left", "End", "PageDown"):
        QTest.keyClick(canvas, getattr(Qt.Key, f"Key_{key}"))
    assert pointed[:5] == [40, 39, 40, 1, 1] and pointed[5] == 100 and 80 < pointed[6] < 100
    assert canvas.cross.isVisible() and view.readout.text().startswith(f"step {pointed[-1]:.0f} ")
    with qtbot.waitSignal(view.step_clicked) as signal:
        QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert signal.args == [pointed[-1]]
    QApplication.sendEvent(canvas, QFocusEvent(QEvent.Type.FocusOut))
    assert not canvas.cross.isVisible()
    view.hide()


def test_arrow_keys_on_empty_curves_are_left_to_the_tape(qtbot: QtBot) -> None:
    view = CurvesView()
    qtbot.addWidget(view)
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(view.canvas, event)
    assert not event.isAccepted()


def test_ticks_that_lie_close_differ_and_huge_ones_are_short() -> None:
    axis = ValueAxis("left")
    assert axis.tickStrings([2.325, 2.33, 2.335], 1.0, 0.005) == ["2.325", "2.33", "2.335"]
    axis.logarithmic = True
    assert axis.tickStrings([10.0, 20.0, 30.0, 38.0], 1.0, 10.0) == ["1e10", "1e20", "1e30", "1e38"]
    assert [tick_text(value) for value in (2000.0, 250000.0, 3e7)] == ["2\u202f000", "250\u202f000", "3e7"]


@given(low=st.floats(-7, 7), extent=st.floats(0.0005, 8), size=st.floats(40, 900), logarithmic=st.booleans())
def test_no_two_ticks_of_an_axis_have_the_same_words(low: float, extent: float, size: float, logarithmic: bool) -> None:
    axis = ValueAxis("left")
    axis.logarithmic = logarithmic
    levels = axis.tickValues(low, low + extent, size)
    texts = [text for spacing, values in levels for text in axis.tickStrings(list(values), 1.0, spacing)]
    assert len(texts) >= 2 and len(set(texts)) == len(texts)


def test_a_short_logarithmic_axis_has_round_numbers() -> None:
    axis = ValueAxis("left")
    axis.logarithmic = True
    (spacing, values), *_ = axis.tickValues(np.log10(2.306), np.log10(2.331), 130.0)
    assert axis.tickStrings(list(values), 1.0, spacing) == ["2.31", "2.32", "2.33"]


def test_all_labels_of_a_plot_lie_in_it_and_apart(qtbot: QtBot) -> None:
    view = CurvesView()
    qtbot.addWidget(view)
    view.set_log(True)
    steps = np.arange(1, 101)
    set_curve(view, "batch loss", steps, 10.0 ** -(steps / 20), CurveStyle("forward"))
    set_curve(view, "test accuracy", steps, np.ones(100), CurveStyle("update", "right"))
    for height in (LEAST_HEIGHT, 130, 400):
        view.canvas.setFixedHeight(height)
        view.resize(340, view.minimumSizeHint().height())
        view.show()
        QApplication.processEvents()
        for axis in (view.canvas.values, view.canvas.shares):
            page = QPicture()
            painter = QPainter(page)
            rects = [axis.mapRectToScene(rect) for rect, _, _ in axis.generateDrawSpecs(painter)[2]]
            painter.end()
            assert len(rects) >= 2
            assert min(rect.top() for rect in rects) >= 0 and max(rect.bottom() for rect in rects) <= height
            edges = sorted((rect.top(), rect.bottom()) for rect in rects)
            assert all(one[1] <= other[0] + 1 for one, other in pairwise(edges))


def test_where_there_is_little_room_labels_are_left_out_before_they_touch(qtbot: QtBot) -> None:
    view = CurvesView()
    qtbot.addWidget(view)
    view.set_log(True)
    set_curve(view, "batch loss", np.arange(1, 4), np.array([2.55, 2.4, 2.3]), CurveStyle("forward"))
    view.canvas.setFixedHeight(LEAST_HEIGHT)
    view.resize(200, view.minimumSizeHint().height())
    view.show()
    for last in (900, 1000, 1100, 90_000, 200_000):
        view.canvas.left.setXRange(0, last, padding=0)
        QApplication.processEvents()
        for axis, apart in ((view.canvas.steps, 5.0), (view.canvas.values, -1.0)):
            page = QPicture()
            painter = QPainter(page)
            rects = [rect for rect, _, _ in axis.generateDrawSpecs(painter)[2]]
            painter.end()
            ways = [(rect.left(), rect.right()) if apart > 0 else (rect.top(), rect.bottom()) for rect in rects]
            assert rects and all(other[0] - one[1] >= apart for one, other in pairwise(sorted(ways))), last


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
    set_curve(view, "batch loss", steps, 2.0 / steps, CurveStyle("forward"))
    low, high = view.canvas.left.viewRange()[0]
    assert low <= 1 and high > 1000


def test_the_marker_stands_at_its_step(view: CurvesView) -> None:
    view.set_marker(30)
    assert view.canvas.marker.isVisible() and view.canvas.marker.value() == 30
    view.set_marker(None)
    assert not view.canvas.marker.isVisible()


def test_clearing_leaves_nothing_and_says_so(view: CurvesView) -> None:
    items = len(view.canvas.scene().items())
    set_curve(view, "extra", np.arange(3), np.arange(3.0), CurveStyle("loss"))
    view.show_series({})
    assert view.names() == ()
    assert len(view.canvas.scene().items()) < items
    view.set_message("Press Run to train")
    view.show()
    assert view.message.isVisible() and not view.canvas.isVisible() and view.message.text() == "Press Run to train"


def test_the_arrays_of_the_caller_stay_the_callers(view: CurvesView) -> None:
    values = np.ones(3)
    set_curve(view, "test loss", np.arange(3), values, CurveStyle("loss"))
    values[:] = 7
    assert "test loss 1" in view.readout_at(1)
    assert drawn(view, "test loss").tolist() == [1, 1, 1]


def test_curves_named_by_meaning_follow_the_theme(view: CurvesView, qapp: QApplication) -> None:
    set_curve(view, "test loss", np.arange(3), np.ones(3), CurveStyle("loss"))
    pen = curve(view, "test loss").item.opts
    assert pen["pen"].color().name() == LIGHT.loss
    apply_theme(qapp, "dark")
    assert pen["pen"].color().name() == DARK.loss
    assert view.canvas.backgroundBrush().color().name() == DARK.panel


def test_ticks_on_a_logarithmic_axis_are_round_values() -> None:
    assert [tick_text(10**tick) for tick in log_ticks(-1.35, 0.45)] == ["0.05", "0.1", "0.2", "0.5", "1", "2"]
    assert [tick_text(10**tick) for tick in log_ticks(-4.2, 1.1)] == ["1e−4", "0.001", "0.01", "0.1", "1", "10"]
    assert 3 <= len(log_ticks(-300.0, 300.0)) <= 12


def test_a_curve_of_one_point_can_be_seen(view: CurvesView) -> None:
    view.show_series({})
    set_curve(view, "test loss", np.array([7.0]), np.array([0.5]), CurveStyle("loss"))
    image = view.canvas.grab().toImage()
    at = view.canvas.mapFromScene(view.canvas.left.mapViewToScene(QPointF(7, 0.5)))
    assert image.pixelColor(at).name() == LIGHT.loss
    for count, dots in ((3, 3), (12, 12), (13, 0)):
        set_curve(view, "test loss", np.arange(count), np.full(count, 0.5), CurveStyle("loss"))
        assert view.curve("test loss").dot.isVisible() == bool(dots)
        assert not dots or len(view.curve("test loss").dot.getData()[0]) == dots


def test_a_million_points_are_drawn_as_a_few_for_each_column(view: CurvesView) -> None:
    rng = np.random.default_rng(0)
    y = rng.uniform(0.1, 1.0, 1_000_000)
    y[123_456], y[654_321] = 0.01, 5.0
    set_curve(view, "batch loss", np.arange(1, 1_000_001), y, CurveStyle("forward", width=1.0))
    shown = drawn(view, "batch loss")
    assert len(shown) <= 2 * view.canvas.left.width() + 8
    assert (shown.min(), shown.max()) == (0.01, 5.0)  # single outliers are seen
    assert view.readout_at(654_322).startswith("step 654\u202f322 · batch loss 5")


def test_zooming_in_shows_every_point(view: CurvesView) -> None:
    y = np.random.default_rng(0).uniform(0.1, 1.0, 100_000)
    set_curve(view, "batch loss", np.arange(1, 100_001), y, CurveStyle("forward", width=1.0))
    view.canvas.left.setXRange(500, 600, padding=0)
    x, shown = view.curve("batch loss").item.getData()
    inside = (x >= 500) & (x <= 600)
    assert x[inside].tolist() == list(range(500, 601)) and np.array_equal(shown[inside], y[499:600])


@given(st.lists(st.floats(0, 1, allow_subnormal=False) | st.just(np.nan), min_size=1, max_size=300), st.integers(2, 40))
def test_neighbours_that_share_a_column_keep_their_extremes(values: list[float], columns: int) -> None:
    y = np.array(values)
    _, shown = PointSeries(np.arange(len(y)), y).polyline(-1, len(y), columns)
    assert len(shown) <= max(2 * columns + 4, 4)
    finite = y[np.isfinite(y)]
    assert np.isfinite(shown).any() == bool(finite.size)
    if finite.size:
        assert (np.nanmin(shown), np.nanmax(shown)) == (finite.min(), finite.max())


def names_beside(view: CurvesView, step: float) -> list[QRectF]:
    """Where the names of the curves lie, each between a step and the right edge."""
    line = view.canvas.left.mapFromView(QPointF(step, 0)).x()
    names = [curve.label.mapRectToParent(curve.label.boundingRect()) for curve in curves_of(view)]
    for name in names:
        assert name.left() >= line + 3 and name.right() <= view.canvas.left.width() + 0.5
    return names


@pytest.mark.parametrize("top", [0.999, 1.0])
@pytest.mark.parametrize("width", [340, 500, 900])
def test_names_lie_neither_on_a_curve_nor_on_the_marker(view: CurvesView, top: float, width: int) -> None:
    view.resize(width, 260)
    steps = np.arange(1, 201)
    set_curve(view, "batch loss", steps, 2.0 / steps, CurveStyle("forward", width=1.0, pale=True))
    set_curve(view, "test accuracy", steps, np.full(200, top), CurveStyle("update", "right"))
    view.set_marker(200)
    view.grab()
    for name in names_beside(view, 200):
        assert name.top() >= -4 and name.bottom() <= view.canvas.left.height() + 4


@pytest.mark.parametrize("width", [220, 340, 900])
def test_a_name_covers_neither_the_marker_nor_a_curve_that_was_measured_after_its_own(
    view: CurvesView, width: int
) -> None:
    view.show_series({})
    view.resize(width, 260)
    steps = np.arange(1, 201)
    set_curve(view, "batch loss", steps, 2.0 / steps, CurveStyle("forward", width=1.0, pale=True))
    set_curve(view, "test loss", steps[::10], 1.0 / steps[::10], CurveStyle("loss"))
    set_curve(view, "train accuracy", steps[::10], np.ones(20), CurveStyle("update", "right"))
    view.set_marker(200)
    view.grab()
    assert names_beside(view, 200)


def test_the_name_of_a_curve_that_ended_long_ago_does_not_cover_one_that_goes_on(view: CurvesView) -> None:
    view.show_series({})
    view.resize(600, 260)
    steps = np.arange(1, 1001)
    set_curve(view, "batch loss", steps, 0.1 + 0.05 * np.sin(steps), CurveStyle("forward", width=1.0, pale=True))
    set_curve(view, "test loss", steps[:100:10], np.full(10, 0.1), CurveStyle("loss"))
    view.grab()
    assert len(names_beside(view, 1000)) == 2


def test_a_long_name_is_cut_at_the_end_of_its_curve_and_read_out_in_full(view: CurvesView) -> None:
    name = "3 · digits-conv, loss cross entropy, learning rate 0.003, other layers"
    set_curve(view, name, np.arange(1, 101), np.full(100, 0.25), CurveStyle("#7b5ea7"))
    assert view.label_of(name) == view.curve(name).label.text() == "3 · digits-conv, loss c…"
    assert f"{name} 0.25" in view.readout_at(10)


def test_where_there_is_no_room_for_all_names_those_of_pale_curves_give_way(view: CurvesView) -> None:
    for name in ("a", "b", "c", "d", "e", "f"):
        set_curve(view, name, np.arange(5), np.full(5, 0.02), CurveStyle("loss", pale=name in "ab"))
    view.resize(400, 130)
    view.grab()
    shown = [curve.name for curve in curves_of(view) if curve.label.isVisible()]
    assert 2 <= len(shown) < 6 and shown[-1] == "f" and "a" not in shown


def test_a_scale_of_its_own_says_how_far_it_reaches(view: CurvesView) -> None:
    view.set_log(True)
    set_curve(view, "learning rate", np.arange(1, 4), np.array([0.0, 0.01, 0.02]), CurveStyle("muted", "own"))
    assert view.label_of("learning rate") == "learning rate 0 … 0.02"
    low, middle, high = drawn(view, "learning rate")
    assert low == 0 and middle == pytest.approx(high / 2) and high < 1
    assert "learning rate 0.01" in view.readout_at(2)


def test_marks_are_lines_that_say_what_was_changed(view: CurvesView) -> None:
    view.set_marks([(30.0, "learning rate 0.1 → 0.01"), (60.0, "batch size 8 → 32"), (60.0, "penalty none → l2")])
    assert view.marks.item.getData()[0].tolist() == [30, 30, 60, 60, 60, 60]
    assert view.readout_at(30.2).endswith(" · after step 30: learning rate 0.1 → 0.01")
    assert view.readout_at(60).endswith("after step 60: batch size 8 → 32; penalty none → l2")
    assert "after" not in view.readout_at(45)
    view.show()
    at = view.canvas.mapFromScene(view.canvas.left.mapViewToScene(QPointF(30, 0.5)))
    viewport = view.canvas.viewport()
    QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, at, viewport.mapToGlobal(at)))
    assert QToolTip.text() == "after step 30: learning rate 0.1 → 0.01"
    QToolTip.hideText()
    QApplication.processEvents()
    view.hide()
    view.set_marks([])
    assert view.marks.item.getData()[0] is None or len(view.marks.item.getData()[0]) == 0


def test_without_a_pointer_the_values_at_the_marker_are_read(view: CurvesView) -> None:
    view.set_marker(20)
    assert view.readout.text() == view.readout_at(20)
    view.canvas.scene().sigMouseMoved.emit(view.canvas.left.mapViewToScene(QPointF(50, 0.5)))
    QApplication.sendEvent(view.canvas.viewport(), QEvent(QEvent.Type.Leave))
    assert view.readout.text() == view.readout_at(20) and not view.canvas.cross.isVisible()


def test_curves_without_a_name_are_drawn_but_not_read(view: CurvesView) -> None:
    set_curve(view, "past", np.arange(1, 50), np.ones(49), CurveStyle("#7b5ea7", named=False))
    assert "past" not in view.readout_at(10) and not view.curve("past").label.isVisible()
    assert len(drawn(view, "past"))


def test_the_picture_is_what_is_seen(view: CurvesView, tmp_path: Path) -> None:
    view.save_picture(tmp_path / "curves.png")
    image = QImage(str(tmp_path / "curves.png"))
    assert image.size() == 2 * view.canvas.size()
    colors = {image.pixelColor(x, y).name() for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
    assert {LIGHT.panel, LIGHT.update} <= colors
    view.save_picture(tmp_path / "curves.svg")
    drawing = QSvgRenderer(str(tmp_path / "curves.svg"))
    assert drawing.isValid() and drawing.viewBox() == view.canvas.rect()
    text = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert LIGHT.update in text and "test accuracy" in text


def test_in_a_picture_a_name_covers_what_lies_behind_it_and_nothing_else(view: CurvesView, tmp_path: Path) -> None:
    view.show_series({})
    steps = np.arange(1, 101)
    set_curve(view, "past", steps, np.ones(100), CurveStyle("#7b5ea7", width=4.0, named=False))
    set_curve(view, "test loss", steps[:20], np.ones(20), CurveStyle("loss"))
    view.canvas.left.setXRange(1, 60, padding=0)  # with no place for the name behind the end of the other curve
    view.grab()
    view.save_picture(tmp_path / "curves.png")
    image = QImage(str(tmp_path / "curves.png"))
    first, last = (view.canvas.left.mapViewToScene(QPointF(step, 1)) for step in (22, 59))
    row = [image.pixelColor(x, round(2 * first.y())).lightness() for x in range(image.width())]
    covered = [x / 2 for x in range(round(2 * first.x()), round(2 * last.x())) if row[x] > 225]
    name = view.curve("test loss").label.sceneBoundingRect()
    assert covered and name.left() - 1 <= min(covered) and max(covered) <= name.right() + 1


def test_names_below_a_picture_go_on_in_the_next_line_where_they_are_long(view: CurvesView, tmp_path: Path) -> None:
    sizes = []
    for name in ("1 · xor", "2 · lenet-5" + ", learning rate 0.004" * 9):
        view.save_picture(tmp_path / "curves.svg", [(name, "#7b5ea7")])
        sizes.append(QSvgRenderer(str(tmp_path / "curves.svg")).viewBox().size())
    assert view.canvas.height() < sizes[0].height() < sizes[1].height()
    assert {size.width() for size in sizes} == {view.canvas.width()}


@pytest.mark.parametrize("name", ["curves.png", "curves.svg"])
def test_a_picture_that_cannot_be_written_is_told_in_a_sentence(view: CurvesView, tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"The picture cannot be written to .*Choose another place\."):
        view.save_picture(tmp_path / "missing" / name)


def test_a_picture_of_another_kind_is_refused_before_anything_is_written(view: CurvesView, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"choose one of these endings"):
        view.save_picture(tmp_path / "curves.bmp")
    assert list(tmp_path.iterdir()) == []
