"""A click on a bar of a histogram, or Enter on it, chooses an entry that the bar counts."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.plots.distribution import BINS, bin_of, distribution
from app.plots.histogram import HistogramView
from core.types import Array
from tests.app.test_plots import move, shown

LEFT = Qt.MouseButton.LeftButton


def made(qtbot: QtBot, values: Array, explains: str = "one", preferred: int | None = None) -> HistogramView:
    view = HistogramView()
    view.set_values(values, "y", "forward", explains, preferred)
    return shown(qtbot, view, 640, 140)


def at(view: HistogramView, value: float) -> QPoint:
    """The place of a value on the axis."""
    return QPoint(round(view._x_of(value)), 70)


def clicked(qtbot: QtBot, view: HistogramView, value: float) -> tuple[int, ...]:
    with qtbot.waitSignal(view.entry_chosen) as signal:
        QTest.mouseClick(view, LEFT, pos=at(view, value))
    index: tuple[int, ...] = signal.args[0]
    return index


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shift", [0.0, 3.7, -1e6])
def test_every_value_lies_in_the_bin_that_counts_it(dtype: type, shift: float) -> None:
    values: Array = (np.random.default_rng(4).normal(size=5000) + shift).astype(dtype)
    values[:40] = [0, np.nan, np.inf, -np.inf] * 10
    with np.errstate(all="raise"):
        members = np.array([bin_of(values, number) for number in range(BINS)])
    assert members.sum(axis=1).tolist() == distribution(values).counts.tolist()
    assert (members.sum(axis=0) == (np.isfinite(values) & (values != 0))).all()


def test_a_click_chooses_the_entry_nearest_to_it(qtbot: QtBot) -> None:
    values = np.random.default_rng(2).uniform(-1, 1, size=(6, 3, 20)).astype(np.float32)
    view = made(qtbot, values)
    for wanted in (-0.8, -0.31, 0.0, 0.52, 0.97):
        index = clicked(qtbot, view, wanted)
        pixel = 2 / view.width()
        assert abs(values[index] - wanted) <= np.abs(values - wanted).min() + 2 * pixel


def test_the_preferred_sample_is_chosen_where_it_has_an_entry_in_the_bar(qtbot: QtBot) -> None:
    values = np.random.default_rng(2).uniform(-1, 1, size=(8, 40))
    values[5] = np.linspace(-1, 0, 40)
    view = made(qtbot, values, preferred=5)
    for wanted in (-0.9, -0.5, -0.1):
        assert clicked(qtbot, view, wanted)[0] == 5
    assert clicked(qtbot, view, 0.6)[0] != 5
    assert values[clicked(qtbot, view, 0.6)] == pytest.approx(0.6, abs=2 / BINS)


def test_the_bar_of_the_zeros_chooses_a_zero(qtbot: QtBot) -> None:
    values = np.array([[0.1, 0.0, 0.2], [0.5, 0.0, 0.9]])
    view = made(qtbot, values, preferred=1)
    assert clicked(qtbot, view, 0.0) == (1, 1)


def test_nothing_is_chosen_where_nothing_lies_or_nobody_asked_for_it(qtbot: QtBot) -> None:
    values = np.array([-1.0, 1.0])
    for view, place in ((made(qtbot, values), 0.3), (made(qtbot, values, explains=""), 1.0)):
        move(view, at(view, place))
        assert view.hint() == ""
        with qtbot.assertNotEmitted(view.entry_chosen):
            QTest.mouseClick(view, LEFT, pos=at(view, place))
            QTest.keyClick(view, Qt.Key.Key_Return)


def test_hovering_says_that_a_click_explains_one(qtbot: QtBot) -> None:
    view = made(qtbot, np.array([-1.0, -1.0, 1.0]))
    move(view, at(view, -0.99))
    assert view.hover_text().endswith("2 of 3 (67 %)") and view.hint() == "click explains one"
    assert view.tool_tip_text().endswith(f"{view.hover_text()}\nclick explains one")


def test_the_keyboard_walks_over_all_bars_and_enter_chooses(qtbot: QtBot) -> None:
    values = np.array([-1.0, -0.52, 0.0, 0.0, 0.49, 1.0, np.nan])
    view = made(qtbot, values)
    reached = []
    for _ in range(7):
        QTest.keyClick(view, Qt.Key.Key_Right)
        with qtbot.waitSignal(view.entry_chosen) as signal:
            QTest.keyClick(view, Qt.Key.Key_Return)
        reached.append(float(values[signal.args[0]]))
        assert view.hint() == "Enter explains one" and view.accessibleDescription() == view.hover_text()
    assert reached == [-1.0, -0.52, 0.0, 0.49, 1.0, 1.0, 1.0], "from left to right, and no further than the last bar"
    QTest.keyClick(view, Qt.Key.Key_Home)
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Left)
    with qtbot.waitSignal(view.entry_chosen) as signal:
        QTest.keyClick(view, Qt.Key.Key_Space)
    assert signal.args == [(0,)]


@pytest.mark.parametrize(("explains", "kept"), [("one", True), ("", False)])
def test_its_keys_are_kept_from_the_tape_only_while_there_is_something_to_choose(
    qtbot: QtBot, explains: str, kept: bool
) -> None:
    view = made(qtbot, np.array([-1.0, 1.0]), explains)
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(view, event)
    assert event.isAccepted() is kept


def test_other_values_take_the_keyboard_off_a_bar_that_is_gone(qtbot: QtBot) -> None:
    view = made(qtbot, np.array([-1.0, 0.25, 1.0]))
    QTest.keyClick(view, Qt.Key.Key_Home)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.hover_text()
    view.set_values(np.array([-1.0, 1.0]), "y", "forward", "one")
    assert view.hover_text() == ""
    view.set_message("Nothing here")
    with qtbot.assertNotEmitted(view.entry_chosen):
        QTest.keyClick(view, Qt.Key.Key_End)
        QTest.keyClick(view, Qt.Key.Key_Return)
