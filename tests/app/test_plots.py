"""Pictures of arrays say the numbers they were given, under the pointer and by key, and when something is NaN."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from app.plots import edge_names, matrix_view
from app.plots.base import small_font
from app.plots.image_mosaic_view import MosaicView
from app.plots.matrix_view import MatrixView
from app.plots.numbers import Precision, format_number
from app.theme import apply_theme

LEFT = Qt.MouseButton.LeftButton
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


def at_cell(view: MatrixView | MosaicView, row: int, column: int) -> QPoint:
    return view.viewport.cell_rect(row, column).center().toPoint()


def move(view: QWidget, at: QPoint, pressed: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """The pointer goes to a place; sent directly, because without a screen there is no pointer to move."""
    no = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(at), Qt.MouseButton.NoButton, pressed, no)
    QApplication.sendEvent(view, event)


def wheel(view: QWidget, at: QPoint, clicks: int) -> None:
    no = Qt.KeyboardModifier.NoModifier
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(
        QPointF(at), QPointF(at), QPoint(), QPoint(0, 120 * clicks), Qt.MouseButton.NoButton, no, phase, False
    )
    QApplication.sendEvent(view, event)


def test_hovering_a_matrix_says_the_value_of_the_entry(qtbot: QtBot) -> None:
    view = MatrixView()
    array = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)
    view.set_matrix(array, row_names=[f"n{i}" for i in range(5)], column_names=[f"x{i}" for i in range(7)])
    shown(qtbot, view)
    for row, column in ((0, 0), (3, 6), (4, 2)):
        move(view, at_cell(view, row, column))
        value = format_number(float(array[row, column]))
        assert view.hover_text() == f"weight[{row}, {column}] = {value}  (n{row} ← x{column})"
    array[4, 2] = 99
    assert "99" not in view.hover_text()  # the view shows what it was given, not what became of it
    view.set_matrix(array)
    assert view.hover_text() == "weight[4, 2] = 99"  # live under a pointer that rests


def test_leaving_a_matrix_ends_the_hover(qtbot: QtBot) -> None:
    view = MatrixView()
    view.set_matrix(np.ones((3, 3)))
    shown(qtbot, view)
    move(view, at_cell(view, 1, 1))
    assert view.hover_text()
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert view.hover_text() == ""


def test_a_click_names_the_entry_and_a_drag_does_not(qtbot: QtBot) -> None:
    view = MatrixView()
    view.set_matrix(np.ones((100, 200)))
    shown(qtbot, view)
    with qtbot.waitSignal(view.cell_clicked) as signal:
        QTest.mouseClick(view, LEFT, pos=at_cell(view, 40, 150))
    row, column = signal.args
    assert abs(row - 40) <= 1 and abs(column - 150) <= 1
    assert view.selected() == (row, column)
    wheel(view, QPoint(200, 100), 8)
    before = view.viewport.content().topLeft()
    with qtbot.assertNotEmitted(view.cell_clicked):
        QTest.mousePress(view, LEFT, pos=QPoint(200, 100))
        move(view, QPoint(150, 80), LEFT)
        move(view, QPoint(140, 75), LEFT)
        QTest.mouseRelease(view, LEFT, pos=QPoint(140, 75))
    assert (view.viewport.content().topLeft() - before).toPoint() == QPoint(-60, -25)


def test_the_wheel_zooms_about_the_pointer_and_back(qtbot: QtBot) -> None:
    view = MatrixView()
    view.set_matrix(np.arange(128.0 * 1352).reshape(128, 1352))
    shown(qtbot, view)
    point = QPoint(310, 120)
    before = view.viewport.cell_at(QPointF(point))
    assert before is not None
    assert view.numbers_shown() == []
    wheel(view, point, 60)
    after = view.viewport.cell_at(QPointF(point))
    assert after is not None
    assert abs(after[0] - before[0]) <= 1 and abs(after[1] - before[1]) <= 4  # several columns share a pixel before
    assert view.numbers_shown()
    wheel(view, point, -60)
    assert view.viewport.content().width() <= view.viewport.room.width() + 0.01


def test_a_legible_matrix_leaves_the_wheel_to_the_scroll_area(qtbot: QtBot) -> None:
    view = MatrixView()
    view.set_matrix(np.ones((3, 4)))
    shown(qtbot, view)
    wheel(view, QPoint(200, 100), 3)
    assert view.viewport.zoom == 1.0


def large_matrix(qtbot: QtBot) -> MatrixView:
    """The weights of a large layer, zoomed in as far as one can."""
    view = MatrixView()
    array = np.random.default_rng(2).normal(size=(128, 1352)).astype(np.float32)
    view.set_matrix(array, None, range(128), range(1352))
    shown(qtbot, view)
    wheel(view, QPoint(310, 120), 60)
    view.grab()
    return view


def test_dragging_a_large_matrix_writes_only_the_numbers_that_come_into_view(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[float] = []
    measured: list[str] = []

    class Metrics:
        def __init__(self, font: QFont) -> None:
            self._metrics = QFontMetricsF(font)

        def horizontalAdvance(self, text: str) -> float:
            measured.append(text)
            return self._metrics.horizontalAdvance(text)

    def noted(value: float, digits: int | None = None) -> str:
        written.append(value)
        return format_number(value, digits)

    monkeypatch.setattr(edge_names, "QFontMetricsF", Metrics)
    view = large_matrix(qtbot)
    monkeypatch.setattr(matrix_view, "format_number", noted)
    seen = [len(cells) for cells in view.viewport.visible()]
    QTest.mousePress(view, LEFT, pos=QPoint(200, 100))
    for x in range(195, 155, -10):
        move(view, QPoint(x, 98), LEFT)
        view.grab()
    QTest.mouseRelease(view, LEFT, pos=QPoint(155, 98))
    assert 0 < seen[0] * seen[1] < 150
    assert len(written) < 2 * seen[0] * seen[1], "in four frames fewer than all that are seen in two"
    assert set(measured) <= {"127", "1351"}, "of the names only the longest"


def test_a_large_matrix_keeps_the_names_of_its_rows_and_the_digits_of_its_numbers_while_it_is_dragged(
    qtbot: QtBot,
) -> None:
    view = large_matrix(qtbot)
    assert (view.named_rows(), view.named_columns()) == (1, 1)
    room = view.viewport.room
    assert room.left() > QFontMetricsF(small_font()).horizontalAdvance("127"), "the numbers of the rows have room"
    digits = set()
    for column in (3, 700, 1351):
        view.show_cell(64, column)
        view.grab()
        numbers = (number for row in view.numbers_shown() for number in row)
        digits |= {len(number.strip("−0.").split("e")[0].replace(".", "")) for number in numbers if "e" in number}
    assert digits <= {Precision.digits}
    QTest.keyClick(view, Qt.Key.Key_Home)
    view.grab()
    assert view.named_rows() in (5, 10) and view.named_columns() in (100, 200, 500), "round steps"


@pytest.mark.parametrize("digits", [2, 6, 9])
def test_cells_are_as_wide_as_the_chosen_digits_need(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, digits: int
) -> None:
    monkeypatch.setattr(Precision, "digits", digits)
    array = np.array([[-1.23456789e-7, 0.123456789], [12.3456789, -0.00123456789]])
    view = MatrixView()
    view.set_matrix(array)
    shown(qtbot, view)
    assert view.numbers_shown() == [[format_number(value, digits) for value in row] for row in array]


def test_numbers_in_cells_fit_and_are_the_values(qtbot: QtBot) -> None:
    array = np.array([[-0.123456, 0.5, np.nan], [1234.0, -1e-7, 0.0]])
    view = MatrixView()
    view.set_matrix(array)
    shown(qtbot, view)
    assert view.numbers_shown() == [["−0.1235", "0.5000", "NaN"], ["1234", "−1.000e−7", "0"]]
    view.resize(120, 120)
    view.grab()
    assert all(len(number) * 5 <= view.viewport.cell_size().width() for row in view.numbers_shown() for number in row)


def test_a_matrix_says_how_many_entries_are_not_finite(qtbot: QtBot) -> None:
    view = MatrixView()
    view.set_matrix(np.array([[1.0, np.nan, np.inf], [2.0, np.nan, 0.0]]))
    assert view.warning() == "2 NaN, 1 infinite"
    assert view.limit() == 2.0  # NaN and infinity do not spoil the scale


def test_a_vector_is_one_row_and_keys_walk_along_it(qtbot: QtBot) -> None:
    view = MatrixView()
    view.set_matrix(np.array([0.5, -0.25, 4.0]), name="bias")
    shown(qtbot, view)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.hover_text() == "bias[2] = 4"
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.hover_text() == "bias[2] = 4"
    with qtbot.waitSignal(view.cell_clicked) as signal:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert signal.args == [0, 2]


def test_a_message_takes_the_place_of_the_matrix_and_the_other_way_round(qtbot: QtBot) -> None:
    view = MatrixView()
    view.set_matrix(np.ones((2, 2)))
    shown(qtbot, view)
    point = at_cell(view, 0, 0)
    view.set_message("Flatten has no weights")
    with qtbot.assertNotEmitted(view.cell_clicked):
        QTest.mouseClick(view, LEFT, pos=point)
    assert view.hover_text() == "" and view.accessibleDescription() == "Flatten has no weights"
    view.set_matrix(np.ones((2, 2)))
    assert view.message() == ""
    view.set_matrix(np.zeros((0, 3)), name="weight")
    assert view.message() == "weight is empty"


def test_the_tool_tip_says_what_the_line_says(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, widget: said.append(text))
    view = MatrixView()
    view.set_matrix(np.ones((2, 2)))
    shown(qtbot, view)
    move(view, at_cell(view, 0, 1))
    QApplication.sendEvent(view, QHelpEvent(QEvent.Type.ToolTip, QPoint(5, 5), QPoint(5, 5)))
    assert said == ["weight[0, 1] = 1"]


def test_pictures_are_painted_anew_on_a_new_theme(qtbot: QtBot, qapp: QApplication) -> None:
    view = MatrixView()
    view.set_matrix(np.zeros((2, 2)))
    shown(qtbot, view)
    point = at_cell(view, 0, 0) + QPoint(20, 12)  # beside the number
    light = view.grab().toImage().pixelColor(point)
    apply_theme(qapp, "dark")
    dark = view.grab().toImage().pixelColor(point)
    assert light.lightness() > 200 and dark.lightness() < 60


def test_hover_and_click_on_maps_name_map_row_and_column(qtbot: QtBot) -> None:
    maps = np.random.default_rng(2).normal(size=(6, 8, 9))
    view = MosaicView()
    view.set_maps(maps, name="dy", columns=3)
    shown(qtbot, view)
    pixel = (1 * 9 + 4, 2 * 10 + 5)  # the sixth map, row 4, column 5
    move(view, at_cell(view, *pixel))
    assert view.hover_text() == f"dy[5, 4, 5] = {format_number(maps[5, 4, 5])}"
    with qtbot.waitSignal(view.map_clicked) as clicked:
        QTest.mouseClick(view, LEFT, pos=at_cell(view, *pixel))
    assert clicked.args == [5, 4, 5]


def test_gaps_between_maps_are_nothing_and_keys_step_over_them(qtbot: QtBot) -> None:
    view = MosaicView()
    view.set_maps(np.zeros((4, 2, 2)), columns=2)
    shown(qtbot, view)
    with qtbot.assertNotEmitted(view.map_clicked):
        QTest.mouseClick(view, LEFT, pos=at_cell(view, 0, 2))
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.hover_text() == "y[1, 0, 0] = 0"


def test_maps_find_new_columns_when_the_room_changes(qtbot: QtBot) -> None:
    view = MosaicView()
    view.set_maps(np.zeros((8, 10, 10)))
    shown(qtbot, view, 800, 140)
    wide = view.viewport.columns
    view.resize(140, 800)
    view.grab()
    assert view.viewport.columns < wide


def test_a_scale_of_zeros_has_no_negative_zero(qtbot: QtBot) -> None:
    matrix, maps = shown(qtbot, MatrixView()), shown(qtbot, MosaicView())
    matrix.set_matrix(np.zeros((2, 3)))
    maps.set_maps(np.zeros((2, 3, 3)))
    assert matrix.legend()[1:] == maps.legend()[1:] == ("0", "0")
