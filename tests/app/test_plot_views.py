"""Histogram, plane and predictions say the numbers they were given and show what they mean."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.plots import digit_grid
from app.plots.digit_grid import PROVENANCE, PredictionsView
from app.plots.distribution import distribution
from app.plots.histogram import HistogramView
from app.plots.mosaic import mosaic_columns
from app.plots.plane_view import PlaneView
from app.theme import DARK, LIGHT, Theme, apply_theme

LEFT = Qt.MouseButton.LeftButton
BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
Widget = TypeVar("Widget", bound=QWidget)


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp, "light")
    yield
    apply_theme(qapp, "light")


def shown(qtbot: QtBot, widget: Widget, width: int = 400, height: int = 300) -> Widget:
    """The widget, laid out and painted once."""
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.grab()
    return widget


def move(view: QWidget, at: QPoint, pressed: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """The pointer goes to a place; sent directly, because without a screen there is no pointer to move."""
    no = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(at), Qt.MouseButton.NoButton, pressed, no)
    QApplication.sendEvent(view, event)


def test_equal_values_and_none_are_said_in_words(qtbot: QtBot) -> None:
    assert distribution(np.full(12, 0.5)).words() == "all 12 finite values are 0.5000"
    assert distribution(np.zeros(0)).words() == "no values"
    assert distribution(np.full(3, np.nan)).words() == "no finite value"
    view = HistogramView()
    for values in (np.full(12, 0.5), np.zeros(3), np.full(3, np.nan), np.zeros(0), np.array([1e30, 1e30])):
        view.set_values(values, "y")
        shown(qtbot, view)
    view.set_values(np.zeros(0), "dy")
    assert view.message() == "dy has no values"


def test_hovering_a_histogram_counts_the_bin(qtbot: QtBot) -> None:
    view = HistogramView()
    values = np.concatenate([np.linspace(0.001, 1, 900), np.zeros(100)])
    view.set_values(values, "y")
    shown(qtbot, view, 320, 120)
    move(view, QPoint(160, 60))
    text = view.hover_text()
    low, rest = text.split(" … ")
    high, count = rest.split(": ")
    inside = np.count_nonzero((values >= float(low)) & (values < float(high)))
    assert abs(int(count.split(" of ")[0]) - inside) <= 1  # the text rounds the edges
    zero = round(view._x_of(0.0))
    move(view, QPoint(zero, 60))
    assert view.hover_text().startswith("exactly 0: 100 of")


def test_the_plane_reads_its_values_with_y_upwards(qtbot: QtBot) -> None:
    grid = np.linspace(-1.2, 1.2, 49)
    values = np.tile(grid[:, np.newaxis], (1, 49)) + 10 * grid  # value = 10x + y, row 0 at the lowest y
    view = PlaneView()
    view.set_surface(values, -12, 12)
    shown(qtbot, view)
    for x, y in ((0.9, 0.5), (-0.9, -0.5)):
        move(view, view.widget_position(x, y).toPoint())
        assert float(view.hover_text().split(": ")[1].replace("−", "-")) == pytest.approx(10 * x + y, abs=0.6)
    square = view.square()
    assert square.width() == pytest.approx(square.height())


def test_the_tool_tip_of_the_plane_says_where_a_value_comes_from(qtbot: QtBot) -> None:
    view = PlaneView()
    view.set_surface(np.zeros((20, 20)))
    view.provenance = "From the weights."
    shown(qtbot, view)
    assert view.tool_tip_text() == ""
    move(view, view.widget_position(0.2, 0.2).toPoint())
    assert view.tool_tip_text() == f"{view.hover_text()}\nFrom the weights."
    view.say("A test point.")
    assert view.tool_tip_text() == "A test point."


def test_the_picture_of_the_plane_has_y_upwards(qtbot: QtBot) -> None:
    view = PlaneView()
    view.set_surface(np.tile(np.linspace(0, 1, 20)[:, np.newaxis], (1, 20)), 0, 1)
    shown(qtbot, view)
    image = view.grab().toImage()
    low, high = (image.pixelColor(view.widget_position(0.0, y).toPoint()) for y in (-1.1, 1.1))
    assert low.blue() > low.red() and high.red() > high.blue()  # first class blue, second orange


@BOTH
def test_the_plane_has_class_colours_where_the_classes_are(qtbot: QtBot, qapp: QApplication, theme: Theme) -> None:
    apply_theme(qapp, theme.name)
    view = PlaneView()
    view.set_surface(np.tile(np.linspace(0, 1, 20), (20, 1)), 0, 1)
    shown(qtbot, view)
    image = view.grab().toImage()

    def hue(x: float) -> int:
        return image.pixelColor(view.widget_position(x, 0.0).toPoint()).hue()

    assert abs(hue(-1.1) - QColor(theme.classes[0]).hue()) < 15
    assert abs(hue(1.1) - QColor(theme.classes[1]).hue()) < 15


def test_several_classes_name_the_likeliest(qtbot: QtBot) -> None:
    probabilities = np.zeros((3, 10, 10))
    probabilities[2, :, :5], probabilities[1, :, 5:] = 1, 1
    view = PlaneView()
    view.set_class_surface(probabilities, ("red", "green", "blue"))
    shown(qtbot, view)
    move(view, view.widget_position(-0.6, 0).toPoint())
    assert view.hover_text().endswith(": blue 1")
    move(view, view.widget_position(0.6, 0).toPoint())
    assert view.hover_text().endswith(": green 1")


def test_training_points_are_filled_and_test_points_are_rings(qtbot: QtBot) -> None:
    view = PlaneView()
    view.set_points(np.array([[-0.5, 0.0], [0.5, 0.0]]), np.array([0, 0]), np.array([False, True]))
    shown(qtbot, view)
    image = view.grab().toImage()
    assert image.pixelColor(view.widget_position(-0.5, 0).toPoint()).name() == LIGHT.classes[0]
    assert image.pixelColor(view.widget_position(0.5, 0).toPoint()).name() == LIGHT.panel


def predictions(qtbot: QtBot) -> PredictionsView:
    view = PredictionsView()
    truth, guess = np.array([8, 3, 1, 7]), np.array([8, 5, 1, 7])
    view.set_samples(np.zeros((4, 1, 28, 28)), truth, guess, np.array([0.99, 0.64, 1.0, 0.5]))
    return shown(qtbot, view)


def test_wrong_predictions_stand_out_in_words_and_colour(qtbot: QtBot) -> None:
    view = predictions(qtbot)
    assert [view.caption(i) for i in range(4)] == ["8 · 99 %", "✗ 3→5 64 %", "1 · 100 %", "7 · 50 %"]
    assert view.summary() == "1 of 4 wrong"
    image = view.grab().toImage()
    frames = [image.pixelColor(view.cell_rect(i).topLeft().toPoint()).name() for i in range(4)]
    assert [color == LIGHT.backward for color in frames] == [False, True, False, False]


def test_a_click_or_key_chooses_a_sample(qtbot: QtBot) -> None:
    view = predictions(qtbot)
    with qtbot.waitSignal(view.sample_clicked) as signal:
        QTest.mouseClick(view, LEFT, pos=view.cell_rect(1).center().toPoint())
    assert signal.args == [1]
    assert view.hover_text() == "sample 1: 3, taken for 5 with p = 0.640 ✗"
    assert view.tool_tip_text() == f"{view.hover_text()}\n{PROVENANCE.format('p')}"
    with qtbot.waitSignal(view.sample_clicked) as signal:
        QTest.keyClick(view, Qt.Key.Key_Right)
    assert signal.args == [2]


def test_samples_without_room_are_not_passed_over_in_silence(qtbot: QtBot) -> None:
    view = PredictionsView()
    labels = np.zeros(100, dtype=int)
    view.set_samples(np.zeros((100, 8, 8)), labels, labels, np.ones(100))
    shown(qtbot, view, 300, 200)
    count = view.shown_count()
    assert 0 < count < 100
    assert view.summary() == f"0 of 100 wrong · the first {count} shown"
    assert view.rect().contains(view.cell_rect(count - 1).toAlignedRect())


@pytest.mark.parametrize(("height", "words"), [(200, True), (95, False)])
def test_words_below_the_pictures_never_lie_on_their_captions(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, height: int, words: bool
) -> None:
    strips: list[QRectF] = []
    view = predictions(qtbot)
    monkeypatch.setattr(digit_grid, "draw_line", lambda painter, rect, *_: strips.append(rect))
    view.resize(300, height)
    view.grab()
    assert bool(strips) == words
    assert all(strip.top() >= view.cell_rect(view.shown_count() - 1).bottom() for strip in strips)


def test_the_pages_turn_with_the_selected_sample(qtbot: QtBot) -> None:
    view = PredictionsView()
    labels = np.zeros(100, dtype=int)
    images = np.zeros((100, 8, 8))
    images[57] = 1.0
    view.set_samples(images, labels, labels, np.ones(100))
    shown(qtbot, view, 300, 200)
    count = view.shown_count()
    view.select(57)
    first = 57 // count * count
    assert view.summary() == f"0 of 100 wrong · {first} to {first + count - 1} shown"
    assert view.rect().contains(view.cell_rect(57).toAlignedRect())
    dark = view.grab().toImage().pixelColor(view.cell_rect(57).center().toPoint() - QPoint(0, 8))
    assert dark.lightness() < 60, "the one sample that is full of ink"
    with qtbot.waitSignal(view.sample_clicked) as signal:
        QTest.mouseClick(view, LEFT, pos=view.cell_rect(58).center().toPoint())
    assert signal.args == [58]
    view.select(99)
    assert view.summary().endswith(f"{100 - count} to 99 shown"), "the last page is full"
    with qtbot.waitSignal(view.sample_clicked) as signal:
        QTest.keyClick(view, Qt.Key.Key_Left)
    assert signal.args == [98]


def test_the_arrangement_is_found_once_for_each_size(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(count: int, height: int, width: int, room_width: float, room_height: float) -> int:
        asked.append(count)
        return mosaic_columns(count, height, width, room_width, room_height)

    monkeypatch.setattr(digit_grid, "mosaic_columns", counted)
    view = predictions(qtbot)
    view.grab()
    before = len(asked)
    view.grab()
    assert view.columns() and len(asked) == before
    view.resize(view.width() // 2, view.height())
    view.grab()
    assert before < len(asked) <= before + 2
