"""What every part of the window has to show at a cursor, worked out from the records of a tape alone.

`look` keeps everything that is shown, to the bit and to the pixel, so that two visits to a place can be compared.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton, QWidget

from app.network_view.card import Card
from app.panels.inspector import Inspector
from app.plots.grid_view import GridView
from app.plots.histogram import HistogramView
from app.plots.mosaic import mosaic_corner
from app.plots.numbers import format_number
from app.theme import current_theme
from app.view import View
from app.window.main_window import MainWindow
from core.tape import Record, Tape
from core.types import Array, Arrays
from core.words import memory_text
from tests.e2e.hands import LEFT, click, readable_labels, same_array, same_bits, says

MOST = 40
"""Entries of one tensor that are read; a larger tensor is read at even distances."""

Done = dict[tuple[str, int], Arrays]


def assert_window_shows(window: MainWindow, tape: Tape, cursor: int) -> None:
    """Network, tape, Inspector, tool bar and status line agree that `cursor` records of this tape are done."""
    document = window.document
    assert document.tape is not None
    assert (document.cursor, document.tape.step) == (cursor, tape.step)
    assert same_bits(document.weights(), tape.parameters_at(cursor))
    last = tape.records[cursor - 1] if cursor else None
    done: Done = {(str(r.phase), r.index): r.tensors for r in tape.records[:cursor] if r.phase != "update"}
    updated = {r.name: r.tensors for r in tape.records[:cursor] if r.phase == "update"}
    if last:
        assert document.selected_layer == last.index
    for card in window.network_view.cards:
        _assert_card_shows(window, card, tape, done, last)
    _assert_tape_bar_shows(window, tape, cursor)
    _assert_weights_tab_shows(window, tape.parameters_at(cursor), done, updated)
    _assert_gradients_tab_shows(window, done, updated)
    _assert_activations_tab_shows(window, done, tape.x)
    complete = cursor == len(tape)
    assert says(window.tool_bar, f"step <b>{tape.step - (not complete)}</b>")
    batch = f"Batch {tape.step} is done" if complete else f"Inside batch {tape.step}" if cursor else "At the start"
    assert says(window.status_line, batch)


def look(window: MainWindow) -> dict[str, object]:
    """Everything that network, tape, Inspector, tool bar and status line show now."""
    seen: dict[str, object] = {"words": window.tape_bar.text, "tape": pixels(window.tape_bar)}
    seen["network"] = pixels(window.network_view.row)
    seen["standing"] = (readable_labels(window.tool_bar), readable_labels(window.status_line))
    for name, array in window.document.weights().items():
        seen[name] = array.tobytes()
    for card in window.network_view.cards:
        arrays = [b"" if array is None else array.tobytes() for array in (card.shown_y, card.shown_dy)]
        seen[card.content.title] = (arrays, card.content.value, card.accessibleDescription(), card.accessibleName())
    inspector = window.arrangement.panel(Inspector)
    for page in inspector.pages:
        open_tab(inspector, page)
        QTest.mouseMove(window.status_line)  # a scroll bar that comes to lie under the pointer lights up
        QApplication.processEvents()
        seen[page.title] = (pixels(page), tuple(readable_labels(page)))
    return seen


def differences(first: dict[str, object], second: dict[str, object]) -> list[str]:
    """The names of what is not the same in two looks."""
    return [name for name in first.keys() | second.keys() if first.get(name) != second.get(name)]


def open_tab(inspector: Inspector, page: View) -> None:
    """Click a tab of the Inspector."""
    bar, index = inspector.tabs.tabBar(), inspector.tabs.indexOf(page)
    if inspector.tabs.currentIndex() != index:
        QTest.mouseClick(bar, LEFT, pos=bar.tabRect(index).center())
    assert page.isVisible()
    for _ in range(2):  # what was resized finds its place, and then what lies below it
        QApplication.processEvents()
        page.grab()


def cell_of(view: GridView, index: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, int]:
    """Row and column of the picture at which an entry of a vector, a matrix or a stack of filters is drawn."""
    if len(shape) == 1:
        return (0, index[0]) if view.viewport.rows == 1 else (index[0], 0)
    if len(shape) == 2:
        return index[0], index[1]
    height, width = shape[2:]
    columns = (view.viewport.columns + 1) // (width + 1)
    top, left = mosaic_corner(index[0] * shape[1] + index[1], height, width, columns)
    return top + index[2], left + index[3]


def chances(prediction: Array) -> Array:
    """The probability of every class, from logits."""
    if prediction.shape[1] == 1:
        p = 1 / (1 + np.exp(-prediction))
        return np.hstack([1 - p, p])
    powers = np.exp(prediction - prediction.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def pixels(widget: QWidget) -> str:
    """A short name of exactly this picture of a widget."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return hashlib.sha256(image.constBits()).hexdigest()


def _phase_color(record: Record) -> QColor:
    theme = current_theme()
    colors = {"forward": theme.forward, "loss": theme.loss, "backward": theme.backward, "update": theme.update}
    return QColor(colors[record.phase])


# Cards


def _assert_card_shows(window: MainWindow, card: Card, tape: Tape, done: Done, last: Record | None) -> None:
    document, content, index = window.document, card.content, card.index
    sample, loss_index = document.sample, len(document.experiment.layers)
    top = {"y": tape.x} if index == -1 else done.get(("forward" if index < loss_index else "loss", index))
    bottom = done.get(("backward" if index < loss_index else "loss", index))
    where = f"{content.title} after {last.phase if last else 'nothing'} {last.index if last else ''}"
    assert content.top.state == ("shown" if top else "ahead"), where
    assert content.bottom.state == ("not needed" if index == -1 else "shown" if bottom else "ahead"), where
    if top and index == loss_index:
        assert card.shown_y is not None
        np.testing.assert_allclose(card.shown_y, chances(top["prediction"])[sample], rtol=1e-6)
    else:
        assert same_array(card.shown_y, top["y"][sample] if top else None), where
    assert same_array(card.shown_dy, bottom["dy"][sample] if bottom else None), where
    reached = index == loss_index and top is not None
    assert content.value == ((format_number(tape.loss), format_number(tape.loss, 2)) if reached else ())
    assert content.active == (last.phase if last and last.index == index else None), where
    assert content.selected == (index == document.selected_layer)
    _assert_rows_say(card, card.shown_y, card.shown_dy)
    if last and content.active:
        assert card.visibleRegion().boundingRect().width() == card.width(), f"{where}: it cannot be seen whole"
        frame = card.grab().toImage().pixelColor(5, card.height() // 2)
        assert frame == _phase_color(last), where


def _assert_rows_say(card: Card, y: Array | None, dy: Array | None) -> None:
    """What the pointer finds in the middle of both pictures, and that it finds nothing where nothing was reached."""
    rows = ((card.content.top, y, card.top_rect()), (card.content.bottom, dy, card.bottom_rect()))
    for row, values, rect in rows:
        said = card.hover_text(QPointF(rect.center()))
        if row.picture is None or values is None:
            assert said == ""
            label = card.hover_text(QPointF(rect.center().x(), rect.top() - 5))
            assert ("not reached yet" if row.state == "ahead" else "not needed") in label
        elif entry := row.picture.entry_at(rect.center(), rect):
            assert f" = {format_number(values[entry])}" in said


# The tape


def _assert_tape_bar_shows(window: MainWindow, tape: Tape, cursor: int) -> None:
    bar, theme = window.tape_bar, current_theme()
    words = f"Start of batch {tape.step}: press Next layer."
    if cursor:
        tapes = window.document.tapes
        assert tapes
        words = f"{cursor} of {len(tape)} · {tape.records[cursor - 1].account} · tape {memory_text(tapes.current)}"
    assert bar.text == bar.accessibleDescription() == words
    image = bar.grab().toImage()
    for number, record in enumerate(tape.records):
        rect = bar.segment_rect(number)
        # Below the words, beside the handle.
        painted = image.pixelColor(int(rect.left()) + 6, int(rect.bottom()) - 3)
        assert (painted == _phase_color(record)) == (number < cursor), f"segment {number} at {cursor}"
    handle = QColor(theme.accent if bar.hasFocus() else theme.text)
    columns = [x for x in range(image.width()) if image.pixelColor(x, 1) == handle]
    assert columns and all(abs(x - bar.cursor_x(cursor)) <= 2 for x in columns)


# The Inspector


def _assert_weights_tab_shows(window: MainWindow, values: Arrays, done: Done, updated: dict[str, Arrays]) -> None:
    inspector, layer = window.arrangement.panel(Inspector), window.document.selected_layer
    tab = inspector.weights
    open_tab(inspector, tab)
    names = [name for name in values if name.startswith(f"{layer}.")]
    if not names:
        assert says(tab, "has no weights")
        return
    gradients = {name: done.get(("backward", layer), {}).get(f"d_{name.split('.')[1]}") for name in names}
    changes = {name: moved["after"] - moved["before"] for name, moved in updated.items()}
    for choice, prefix, missing, arrays in (
        ("Gradient", "d_", "The backward pass has not reached this layer", gradients),
        ("Change", "change of ", "This step has not updated the weight", changes),
        ("Value", "", "", values),
    ):
        click(next(button for button in tab.findChildren(QToolButton) if button.text() == choice))
        QApplication.processEvents()
        for name, view in zip(names, _views(window, values[names[0]]), strict=True):
            array = arrays.get(name)
            if array is not None:
                assert_numbers(view, prefix + name.split(".")[1], array)
            elif view is tab.bias and arrays.get(names[0]) is not None:
                assert "not updated the bias" in tab.bias.message()
            else:
                assert says(tab, missing) and not view.isVisible()
    if values[names[0]].ndim == 4:
        gradient = gradients[names[0]]
        assert says(tab, "d_weight · ", "has not reached" if gradient is None else "of the loss by each")
        assert tab.filter_gradients.isVisible() == (gradient is not None)
        if gradient is not None:
            assert_numbers(tab.filter_gradients, "d_weight", gradient)


def _views(window: MainWindow, weight: Array) -> Iterator[GridView]:
    tab = window.arrangement.panel(Inspector).weights
    yield tab.filters if weight.ndim == 4 else tab.matrix
    yield tab.bias


def assert_numbers(view: GridView, name: str, array: Array) -> None:
    """The numbers a view tells of its cells are those of the array."""
    assert view.isVisible() and view.message() == ""
    for flat in range(0, array.size, max(1, array.size // MOST)):
        index = tuple(int(axis) for axis in np.unravel_index(flat, array.shape))
        view.show_cell(*cell_of(view, index, array.shape))
        said = f"{name}[{', '.join(map(str, index))}] = {format_number(array[index])}"
        assert f"{view.hover_text()} ".startswith(f"{said} ")
    view.show_cell(-1, -1)


def _assert_gradients_tab_shows(window: MainWindow, done: Done, updated: dict[str, Arrays]) -> None:
    inspector, layer = window.arrangement.panel(Inspector), window.document.selected_layer
    tab = inspector.gradients
    open_tab(inspector, tab)
    names = [name for name in window.document.parameters() if name.startswith(f"{layer}.")]
    if not names:
        assert "has no weights" in tab.histograms[0].message()
    for name, histogram, facts in zip(names, tab.histograms, tab.facts, strict=False):
        tensors = done.get(("backward", layer))
        if tensors is None:
            assert "has not reached this layer" in histogram.message() and facts.text() == ""
            continue
        gradient = tensors[f"d_{name.split('.')[1]}"]
        _assert_histogram_shows(histogram, gradient)
        assert f"{format_number(float(np.linalg.norm(gradient.astype(np.float64).ravel())), 3)} · " in facts.text()
        assert ("not updated yet" in facts.text()) == (name not in updated)


def _assert_activations_tab_shows(window: MainWindow, done: Done, x: Array) -> None:
    inspector, layer = window.arrangement.panel(Inspector), window.document.selected_layer
    tab = inspector.activations
    open_tab(inspector, tab)
    is_loss = layer == len(window.document.experiment.layers)
    forward, backward = (done.get((phase, layer)) for phase in (("loss",) * 2 if is_loss else ("forward", "backward")))
    for histogram, tensors, name in ((tab.values, forward, "y"), (tab.gradients, backward, "dy")):
        if tensors is None:
            assert "has not reached" in histogram.message()
        elif is_loss and name == "y":
            found = chances(tensors["prediction"])
            _assert_histogram_shows(histogram, found if found.shape[1] > 2 else found[:, 1:])
        else:
            _assert_histogram_shows(histogram, tensors[name])


def _assert_histogram_shows(histogram: HistogramView, values: Array) -> None:
    found = histogram.distribution()
    assert histogram.message() == ""
    assert (found.total, found.zeros) == (values.size, int(np.count_nonzero(values == 0)))
    np.testing.assert_allclose([found.low, found.high], [values.min(), values.max()], rtol=1e-6)
    np.testing.assert_allclose(found.mean, values.mean(dtype=np.float64), rtol=1e-5, atol=1e-9)
