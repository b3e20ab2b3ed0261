"""The sliding window: it follows the pointer and the keys, and its numbers are those of plain loops over the tape."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.panels.explain import slides
from app.panels.explain.sliding import SlidingView
from app.panels.explain.tab import ExplainTab
from app.panels.inspector import Inspector
from app.plots.numbers import Precision, format_number
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain import Explanation, Place, Step, explain
from core.types import Array
from tests.app.documents import tape_of
from tests.in_view import bring_into_view

CONV, POOL, MEAN = 1, 2, 3
STRIDE, PADDING, KERNEL = 2, 1, 3
LAYERS = (
    {"kind": "conv2d", "filters": 2, "kernel_size": 3, "padding": 1},
    {"kind": "conv2d", "filters": 4, "kernel_size": KERNEL, "stride": STRIDE, "padding": PADDING},
    {"kind": "max_pool2d", "kernel_size": 2, "stride": 1},
    {"kind": "avg_pool2d", "kernel_size": 2, "stride": 1, "padding": 1},
    {"kind": "flatten"},
    {"kind": "dense", "units": 3},
)
N = 2
"""The sample whose numbers are looked at."""

Show = Callable[[str, int, str, tuple[int, ...]], SlidingView]


@pytest.fixture
def document() -> Document:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(20, 2, 9, 7)).astype(np.float32)
    t = np.arange(20) % 3
    data = Dataset("noise", x[:15], t[:15], x[15:], t[15:], ("a", "b", "c"))
    experiment = Experiment("noise", {"kind": "xor"}, LAYERS, {"kind": "cross_entropy"}, {"kind": "adam"}, batch_size=5)
    made = Document(experiment, data)
    made.next_batch()  # biases are no longer 0
    made.next_layer()
    made.next_batch()
    return made


@pytest.fixture
def tab(qtbot: QtBot, document: Document) -> Iterator[ExplainTab]:
    inspector = Inspector(document)
    qtbot.addWidget(inspector)
    inspector.resize(360, 1500)
    inspector.show()
    yield inspector.explain


@pytest.fixture
def show(tab: ExplainTab, document: Document) -> Show:
    def show(phase: str, layer: int, tensor: str, index: tuple[int, ...]) -> SlidingView:
        document.questions.ask(Place(record_at(document, phase, layer), tensor, index))
        bring_into_view(tab.sliding)
        return tab.sliding

    return show


def record_at(document: Document, phase: str, layer: int) -> int:
    return next(
        at for at, record in enumerate(tape_of(document).records) if (record.phase, record.index) == (phase, layer)
    )


def tensor(document: Document, phase: str, layer: int, name: str) -> Array:
    return tape_of(document).records[record_at(document, phase, layer)].tensors[name]


def hover(view: SlidingView, point: QPointF) -> None:
    QTest.mouseMove(view, point.toPoint())
    view.grab()


def click(view: SlidingView, point: QPointF) -> None:
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=point.toPoint())


def leave(view: SlidingView) -> None:
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    view.grab()


def weight_of(document: Document) -> tuple[Array, Array]:
    before = tape_of(document).params_before
    return before[f"{CONV}.weight"].astype(float), before[f"{CONV}.bias"].astype(float)


def test_forward_the_window_follows_the_pointer_over_every_output(document: Document, show: Show) -> None:
    x, y = (tensor(document, "forward", CONV, name).astype(float) for name in "xy")
    (weight, bias), f = weight_of(document), 3
    padded = np.pad(x, ((0, 0), (0, 0), (PADDING, PADDING), (PADDING, PADDING)))
    inside = np.pad(np.ones(x.shape[2:], bool), PADDING)
    view = show("forward", CONV, "y", (N, f, 1, 1))
    channel = view.shown().channel
    for row, column in np.ndindex(y.shape[2:]):
        hover(view, view.cell_rect(row, column).center())
        slide, top, left = view.shown(), row * STRIDE, column * STRIDE
        seen = np.s_[top : top + KERNEL, left : left + KERNEL]
        window, kernel, products = slide.tiles
        there = inside[seen]
        assert slide.channel == channel, "the channel stays where it is while the window moves"
        np.testing.assert_array_equal(window.there, there)
        np.testing.assert_array_equal(window.values, padded[N, channel][seen])
        np.testing.assert_array_equal(kernel.values, np.where(there, weight[f, channel], 0))
        np.testing.assert_allclose(products.values, padded[N, channel][seen] * weight[f, channel], rtol=1e-12)
        sums = (padded[N, :, top : top + KERNEL, left : left + KERNEL] * weight[f]).sum(axis=(1, 2))
        np.testing.assert_allclose(slide.sums, sums, rtol=1e-6, atol=1e-9)
        rows, columns = (np.flatnonzero(there.any(axis=axis)) for axis in (1, 0))
        first, second = top - PADDING, left - PADDING
        assert slide.box == (first + rows[0], first + rows[-1], second + columns[0], second + columns[-1])
        part, together, added, result = view.lines()
        assert part.words == f"channel {channel}: {there.sum()} products"
        assert part.value == pytest.approx(sums[channel], rel=1e-6)
        assert together.value == pytest.approx(sums.sum(), rel=1e-5)
        assert added.value == pytest.approx(bias[f]) and bias[f] != 0
        assert result.words.startswith(f"y[{N}, {f}, {row}, {column}]")
        assert format_number(result.value) == format_number(y[N, f, row, column])
        assert together.value + added.value == pytest.approx(y[N, f, row, column], rel=1e-4, abs=1e-6)


def test_backward_a_pixel_meets_the_outputs_it_touched_times_the_flipped_kernel(document: Document, show: Show) -> None:
    dy, dx = (tensor(document, "backward", CONV, name).astype(float) for name in ("dy", "dx"))
    (weight, _), c = weight_of(document), 1
    view = show("backward", CONV, "dx", (N, c, 4, 3))
    for h, w in np.ndindex(dx.shape[2:]):
        hover(view, view.cell_rect(h, w).center())
        slide = view.shown()
        met = {}
        for r, s in np.ndindex(dy.shape[2:]):
            i, j = h + PADDING - r * STRIDE, w + PADDING - s * STRIDE
            if 0 <= i < KERNEL and 0 <= j < KERNEL:
                met[r, s] = (i, j)
        sums = [sum(dy[N, f, r, s] * weight[f, c, i, j] for (r, s), (i, j) in met.items()) for f in range(4)]
        np.testing.assert_allclose(slide.sums, sums, rtol=1e-6, atol=1e-12)
        assert sum(sums) == pytest.approx(dx[N, c, h, w], rel=1e-4, abs=1e-9)
        assert view.lines()[-1].value == pytest.approx(dx[N, c, h, w], rel=1e-6)
        assert slide.box == (min(met)[0], max(met)[0], min(s for _, s in met), max(s for _, s in met))
        window, kernel, _ = slide.tiles
        found = list(zip(window.values[window.there], kernel.values[window.there], strict=True))
        assert found == [(dy[N, slide.channel, r, s], weight[slide.channel, c, i, j]) for (r, s), (i, j) in met.items()]


def test_a_filters_gradient_is_the_input_window_times_dy_of_the_selected_sample(document: Document, show: Show) -> None:
    x, dy = tensor(document, "forward", CONV, "x").astype(float), tensor(document, "backward", CONV, "dy").astype(float)
    gradient, f, c = tensor(document, "backward", CONV, "d_weight"), 2, 0
    padded = np.pad(x, ((0, 0), (0, 0), (PADDING, PADDING), (PADDING, PADDING)))
    rows, columns = dy.shape[2:]
    for sample in (0, 3):
        document.select_sample(sample)
        view = show("backward", CONV, "d_weight", (f, c, 1, 1))
        for i, j in np.ndindex(KERNEL, KERNEL):
            hover(view, view.cell_rect(i, j).center())
            slide = view.shown()
            patch = padded[:, c, i : i + STRIDE * rows : STRIDE, j : j + STRIDE * columns : STRIDE]
            window, kernel, _ = slide.tiles
            np.testing.assert_array_equal(window.values, patch[sample])
            np.testing.assert_array_equal(kernel.values, np.where(window.there, dy[sample, f], 0))
            shares = (patch * dy[:, f]).sum(axis=(1, 2))
            np.testing.assert_allclose(slide.sums, shares, rtol=1e-6, atol=1e-12)
            part, together, result = view.lines()
            assert part.words.startswith(f"sample {sample}: ") and part.value == pytest.approx(shares[sample], rel=1e-6)
            assert together.value == pytest.approx(gradient[f, c, i, j], rel=1e-4, abs=1e-9)
            assert result.value == pytest.approx(gradient[f, c, i, j], rel=1e-6)


def test_max_pooling_shows_who_won_and_where_the_gradient_goes(document: Document, show: Show) -> None:
    x, y = (tensor(document, "forward", POOL, name) for name in "xy")
    view = show("forward", POOL, "y", (N, 1, 0, 0))
    for row, column in np.ndindex(y.shape[2:]):
        hover(view, view.cell_rect(row, column).center())
        slide, window = view.shown(), x[N, 1, row : row + 2, column : column + 2]
        (tile,) = slide.tiles
        np.testing.assert_array_equal(tile.values, window)
        assert tile.marked == divmod(int(window.argmax()), 2)
        assert slide.box == (row, row + 1, column, column + 1)
        assert [line.value for line in view.lines()] == [y[N, 1, row, column]] * 2
    dy, dx = (tensor(document, "backward", POOL, name) for name in ("dy", "dx"))
    view = show("backward", POOL, "dx", (N, 1, 0, 0))
    passed = 0
    for h, w in np.ndindex(dx.shape[2:]):
        hover(view, view.cell_rect(h, w).center())
        _, gradients, won, products = view.shown().tiles
        for (i, r), (j, s) in itertools.product(enumerate(span(h, dy, 2)), enumerate(span(w, dy, 3))):
            window = x[N, 1, r : r + 2, s : s + 2]
            wins = np.unravel_index(window.argmax(), (2, 2)) == (h - r, w - s)
            passed += wins
            assert (gradients.values[i, j], won.values[i, j]) == (dy[N, 1, r, s], float(wins))
            assert products.values[i, j] == (dy[N, 1, r, s] if wins else 0)
        assert view.lines()[-1].value == pytest.approx(dx[N, 1, h, w])
    assert passed == dy[0, 0].size, "every window has one winner"


def span(at: int, dy: Array, axis: int) -> list[int]:
    """The windows of two inputs, one apart, that see an input along an axis."""
    return [start for start in (at - 1, at) if 0 <= start < dy.shape[axis]]


def test_mean_pooling_gives_equal_shares_there_and_back(document: Document, show: Show) -> None:
    x, y = (tensor(document, "forward", MEAN, name).astype(float) for name in "xy")
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    view = show("forward", MEAN, "y", (N, 0, 1, 1))
    for row, column in np.ndindex(y.shape[2:]):
        hover(view, view.cell_rect(row, column).center())
        first, result = view.lines()
        assert first.value == pytest.approx(padded[N, 0, row : row + 2, column : column + 2].sum() / 4, rel=1e-6)
        assert result.value == y[N, 0, row, column]
    dx = tensor(document, "backward", MEAN, "dx")
    view = show("backward", MEAN, "dx", (N, 0, 1, 1))
    for row, column in np.ndindex(dx.shape[2:]):
        hover(view, view.cell_rect(row, column).center())
        first, result = view.lines()
        assert result.value == dx[N, 0, row, column] and first.value == pytest.approx(result.value, rel=1e-5)


def test_a_click_pins_and_leaving_goes_back_to_what_is_pinned(document: Document, show: Show) -> None:
    view = show("forward", CONV, "y", (N, 0, 1, 1))
    position = record_at(document, "forward", CONV)
    hover(view, view.cell_rect(3, 2).center())
    assert view.shown().place.index == (N, 0, 3, 2) and document.questions.current == Place(position, "y", (N, 0, 1, 1))
    assert view.lines()[-1].words.endswith("click to explain it")
    leave(view)
    assert view.shown().place.index == (N, 0, 1, 1)
    click(view, view.cell_rect(3, 2).center())
    assert document.questions.current == Place(position, "y", (N, 0, 3, 2))
    leave(view)
    assert view.shown().place.index == (N, 0, 3, 2) and view.lines()[-1].words == f"y[{N}, 0, 3, 2]"


def test_arrow_keys_move_the_window_and_enter_pins(document: Document, show: Show) -> None:
    view = show("forward", CONV, "y", (N, 0, 1, 1))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Up):
        override = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        override.ignore()
        QApplication.sendEvent(view, override)
        assert override.isAccepted(), "the key does not step through the tape meanwhile"
        QTest.keyClick(view, key)
    assert view.shown().place.index == (N, 0, 2, 2)
    for _ in range(9):
        QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.shown().place.index == (N, 0, 2, 0), "the walk ends at the edge"
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert document.questions.current == Place(record_at(document, "forward", CONV), "y", (N, 0, 2, 0))


def test_bars_choose_the_channel(document: Document, show: Show) -> None:
    view = show("backward", CONV, "dx", (N, 1, 4, 3))
    before = view.shown().channel
    other = (before + 1) % 4
    hover(view, view.bar_rect(other).center())
    assert view.shown().channel == other and view.shown().tiles[0].title == "window"
    leave(view)
    assert view.shown().channel == before
    click(view, view.bar_rect(other).center())
    hover(view, view.cell_rect(2, 2).center())
    assert view.shown().channel == other and view.shown().source.leading == (N, other)


def test_a_number_in_a_tile_or_in_the_map_is_followed(document: Document, show: Show) -> None:
    view = show("forward", CONV, "y", (N, 1, 1, 1))
    slide, weight = view.shown(), weight_of(document)[0]
    x = tensor(document, "forward", CONV, "x")
    rect = view.tile_rects()[1]
    cell = QPointF(rect.left() + rect.width() * 5 / 6, rect.top() + rect.height() / 2)  # row 1, column 2
    hover(view, cell)
    entry, kernel = x[N, slide.channel, 2, 3], weight[1, slide.channel, 1, 2]
    assert view.lines()[0].words == f"{format_number(entry)} × {format_number(kernel)}"
    assert view.lines()[0].value == pytest.approx(float(entry) * kernel, rel=1e-6)
    click(view, cell)
    assert document.questions.trail[1:] == (Place(None, f"{CONV}.weight", (1, slide.channel, 1, 2)),)
    view = show("forward", CONV, "y", (N, 1, 1, 1))
    source = view.map_rects()[0]
    corner = source.topLeft() + QPointF(2, 2)
    hover(view, corner)
    assert view.lines()[0].value == x[N, slide.channel, 0, 0]
    click(view, corner)
    assert document.questions.current == Place(record_at(document, "forward", CONV), "x", (N, slide.channel, 0, 0))


def test_hovering_explains_the_entry_under_the_pointer_alone(
    document: Document, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = show("forward", CONV, "y", (N, 0, 1, 1))
    asked: list[Place] = []

    def counting(step: Step, place: Place) -> Explanation:
        asked.append(place)
        return explain(step, place)

    monkeypatch.setattr(slides, "explain", counting)
    for cell in ((2, 2), (2, 2), (3, 2)):
        hover(view, view.cell_rect(*cell).center() + QPoint(1, 1).toPointF())
    assert [place.index[-2:] for place in asked] == [(2, 2), (3, 2)]


def test_other_numbers_have_no_window(show: Show, tab: ExplainTab) -> None:
    show("forward", CONV, "y", (N, 0, 1, 1))
    assert tab.sliding.isVisible() and not tab.sources.isVisible() and not tab.pictures.equation.isVisible()
    for phase, layer, name, index in (
        ("forward", CONV, "x", (N, 0, 1, 1)),
        ("backward", CONV, "d_bias", (1,)),
        ("forward", 5, "y", (N, 1)),
        ("loss", 6, "dy", (N, 1)),
    ):
        show(phase, layer, name, index)
        assert not tab.sliding.isVisible(), name
    assert tab.sources.isVisible()


def test_numbers_have_as_many_digits_as_are_set(
    document: Document, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Precision, "digits", 7)
    view = show("forward", CONV, "y", (N, 0, 1, 1))
    value = format_number(float(tensor(document, "forward", CONV, "y")[N, 0, 1, 1]), 7)
    assert view.accessibleDescription() == view.hover_text()
    assert view.hover_text().endswith(f"y[{N}, 0, 1, 1]: {value}")
