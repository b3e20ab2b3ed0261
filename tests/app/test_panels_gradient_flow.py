"""Every parameter's bar is the norm of its gradient, and update/weight once the update is reached."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontInfo
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.panels.flow_bars import FlowBars, FlowRow
from app.panels.gradient_flow import EMPTY, GradientFlow
from app.panels.inspector import Inspector
from app.plots.base import small_font
from tests.app.panel_documents import XOR_RECORDS, norm, show, step, tape_of, xor_document


def test_before_the_backward_pass_a_sentence_says_what_to_press(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, GradientFlow(document))
    step(document, 4)
    assert view.bars.message() == EMPTY
    step(document, 1)
    assert view.bars.message() == ""


def test_rows_fill_as_the_cursor_reaches_their_records_and_empty_on_the_way_back(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, GradientFlow(document))
    seen = []
    for _ in range(XOR_RECORDS):
        step(document, 1)
        seen.append([(row.gradient is not None, row.ratio is not None) for row in view.bars.rows()])
    no, gradient, both = (False, False), (True, False), (True, True)
    assert seen[3:] == [
        [no, no, no, no],
        [no, no, gradient, gradient],
        [no, no, gradient, gradient],
        [gradient] * 4,
        [both, gradient, gradient, gradient],
        [both, both, gradient, gradient],
        [both, both, both, gradient],
        [both] * 4,
    ]
    for expected in reversed(seen[4:-1]):
        document.back()
        assert [(row.gradient is not None, row.ratio is not None) for row in view.bars.rows()] == expected


def test_the_numbers_are_the_norms_of_the_tape(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, GradientFlow(document))
    document.next_batch()
    tape = tape_of(document)
    assert [row.label for row in view.bars.rows()] == ["1 · Dense W", "1 · Dense b", "3 · Dense W", "3 · Dense b"]
    for row in view.bars.rows():
        record = next(r for r in tape.records if r.name == row.name)
        before, after, gradient = (record.tensors[key].astype(float) for key in ("before", "after", "gradient"))
        assert row.gradient == pytest.approx(norm(gradient), rel=1e-6)
        # A bias may start at exactly zero; then no ratio exists.
        if norm(before):
            assert row.ratio == pytest.approx(norm(after - before) / norm(before), rel=1e-5)


def test_the_axis_stands_still_and_grows_only_for_what_lies_outside(qtbot: QtBot) -> None:
    view = show(qtbot, GradientFlow(xor_document()))
    bars = view.bars
    bars.set_rows([FlowRow("0.weight", 0, "W", 0.02, 0.5)], 0)
    assert bars.decades() == (-5, 1)
    bars.set_rows([FlowRow("0.weight", 0, "W", 3e-9, 40.0)], 0)
    assert bars.decades() == (-9, 2)


def test_zero_infinite_and_missing_values_are_painted_without_an_error(qtbot: QtBot) -> None:
    view = show(qtbot, GradientFlow(xor_document()))
    values = (0.0, np.inf, np.nan, None, 1e-3)
    view.bars.set_rows([FlowRow(f"{i}.weight", i, "W", value, value) for i, value in enumerate(values)], 1)
    view.grab()
    assert view.bars.decades() == (-5, 1)


@pytest.mark.parametrize("width", [200, 260, 300, 400])
def test_no_number_is_cut_off_at_the_right(qtbot: QtBot, width: int) -> None:
    bars = show(qtbot, FlowBars(), width, 200)
    bars.set_rows([FlowRow("0.weight", 0, "10 · Conv2D W", 0.18, 0.0012), FlowRow("0.bias", 0, "b", 9.0, 9.9)], 0)
    shown = bars.grab().toImage()
    edge = {shown.pixelColor(width - 1, y).name() for y in range(shown.height())}
    assert edge == {shown.pixelColor(0, 0).name()}


def test_a_click_on_a_row_selects_its_layer_and_asks_for_its_gradients(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, GradientFlow(document))
    document.next_batch()
    document.select_layer(0)
    row = (view.bars.height() - 20) // 5
    with qtbot.waitSignal(view.gradients_wanted):
        QTest.mouseClick(view.bars, Qt.MouseButton.LeftButton, pos=QPoint(30, 10 + min(row, 64) * 2 + 10))
    assert document.selected_layer == 2


def test_rows_are_reached_by_keyboard_and_say_how_their_numbers_are_made(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, GradientFlow(document))
    document.next_batch()
    document.select_layer(0)
    bars = view.bars
    bars.setFocus()
    assert bars.hover_text() == ""
    for _ in range(3):
        QTest.keyClick(bars, Qt.Key.Key_Down)
    assert bars.hover_text().startswith("3 · Dense W: norm of the gradient ")
    assert "root of the sum of the squares" in bars.tool_tip_text() and "after − before" in bars.tool_tip_text()
    with qtbot.waitSignal(view.gradients_wanted):
        QTest.keyClick(bars, Qt.Key.Key_Return)
    assert document.selected_layer == 2
    assert not QFontInfo(small_font()).bold(), "the font that all pictures share is as it was"


def test_the_inspector_brings_the_gradients_to_the_front(qtbot: QtBot) -> None:
    inspector = show(qtbot, Inspector(xor_document()))
    inspector.show_gradients()
    assert inspector.tabs.currentWidget() is inspector.gradients
