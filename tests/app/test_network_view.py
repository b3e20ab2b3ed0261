"""The network view shows exactly what the tape holds at the cursor, and nothing the cursor has not reached."""

import dataclasses
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.plane import Plane, plane_points
from app.document.presets import load_preset
from app.network_view.bars import Bars
from app.network_view.card import Card
from app.network_view.contents import ONE_OUTPUT
from app.network_view.network_view import NetworkView
from app.network_view.pictures import Cells, Maps, Scale
from app.network_view.planes import Planes, neuron_rects
from app.network_view.style import range_words
from app.plots.color_maps import diverging_index, diverging_table
from app.plots.numbers import format_number
from app.theme import apply_theme
from core.datasets.base import Dataset
from core.datasets.planes import EXTENT
from core.experiment import Experiment
from core.explain import Place

Layers = tuple[dict[str, Any], ...]
CONV: Layers = (
    {"kind": "conv2d", "filters": 4, "kernel_size": 3},
    {"kind": "relu"},
    {"kind": "flatten"},
    {"kind": "dense", "units": 20},
    {"kind": "tanh"},
    {"kind": "dense", "units": 3},
)
DENSE: Layers = ({"kind": "flatten"}, {"kind": "dense", "units": 5}, {"kind": "relu"}, {"kind": "dense", "units": 3})
Show = Callable[[Document], NetworkView]


def xor(**changes: Any) -> Document:
    experiment = dataclasses.replace(load_preset("xor"), **changes)
    return Document(experiment, experiment.source().load())


def images(layers: Layers) -> Document:
    """Three classes of random images of 2 channels, 7 rows and 6 columns."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 2, 7, 6)).astype(np.float32)
    t = rng.integers(0, 3, size=40)
    data = Dataset("Noise", x, t, x[:10].copy(), t[:10].copy(), ("ant", "bee", "cow"))
    experiment = Experiment(
        "noise",
        data={"kind": "xor"},
        layers=layers,
        loss={"kind": "cross_entropy"},
        optimizer={"kind": "adam"},
        batch_size=8,
    )
    return Document(experiment, data)


DOCUMENTS = pytest.mark.parametrize(
    "make", [xor, lambda: images(CONV), lambda: images(DENSE)], ids=["xor", "conv", "dense"]
)


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def show_document(document: Document) -> NetworkView:
        view = NetworkView(document)
        qtbot.addWidget(view)
        view.resize(900, 360)
        view.show()
        return view

    return show_document


def is_seen(card: Card) -> bool:
    return card.visibleRegion().boundingRect().width() == card.width()


def states(view: NetworkView) -> list[tuple[str, str]]:
    return [(card.content.top.state, card.content.bottom.state) for card in view.cards]


def expected_state(document: Document, index: int, phase: str) -> str:
    """Read off the plain list of records, independently of the view."""
    assert document.tape and document.network
    if phase == "y" and index == -1:
        return "shown"
    if phase == "dy" and index < document.network.first_trainable:
        return "not needed"
    last = len(document.network.layers)
    kind = "loss" if index == last else {"y": "forward", "dy": "backward"}[phase]
    done = [(record.phase, record.index) for record in document.tape.records[: document.cursor]]
    return "shown" if (kind, index) in done else "ahead"


@DOCUMENTS
def test_rows_fill_as_the_cursor_passes_and_empty_as_it_goes_back(make: Callable[[], Document], show: Show) -> None:
    document = make()
    view = show(document)
    assert document.tape
    length = len(document.tape)

    def check() -> None:
        indices = range(-1, len(document.experiment.layers) + 1)
        assert states(view) == [
            (expected_state(document, index, "y"), expected_state(document, index, "dy")) for index in indices
        ]

    check()
    for _ in range(length):
        document.next_layer()
        view.grab()
        check()
    assert all(states(view)[index] == ("shown", "shown") for index in (-1, -2, -3))
    for _ in range(length):
        document.back()
        check()
    assert document.cursor == 0
    assert [state[0] for state in states(view)[1:]] == ["ahead"] * (len(view.cards) - 1)


@DOCUMENTS
def test_shown_numbers_are_the_tapes(make: Callable[[], Document], show: Show) -> None:
    document = make()
    view = show(document)
    document.next_batch()
    document.next_batch()
    document.select_sample(3)
    tape, network = document.tape, document.network
    assert tape and network
    assert view.cards[0].shown_y is not None
    np.testing.assert_array_equal(view.cards[0].shown_y, tape.x[3])
    for index, card in enumerate(view.cards[1:-1]):
        forward = tape.find("forward", index, len(tape))
        backward = tape.find("backward", index, len(tape))
        assert forward and card.shown_y is not None
        np.testing.assert_array_equal(card.shown_y, forward.tensors["y"][3])
        assert (backward is None) == (card.shown_dy is None)
        if backward and card.shown_dy is not None:
            np.testing.assert_array_equal(card.shown_dy, backward.tensors["dy"][3])
    record = tape.find("loss", len(network.layers), len(tape))
    assert record and view.cards[-1].shown_dy is not None
    np.testing.assert_array_equal(view.cards[-1].shown_dy, record.tensors["dy"][3])


def test_chances_of_several_classes_and_of_one_output(show: Show) -> None:
    document = images(DENSE)
    view = show(document)
    document.next_batch()
    assert document.tape
    record = document.tape.find("loss", 4, 99)
    assert record
    logits = record.tensors["prediction"][0].astype(np.float64)
    shown = view.cards[-1].shown_y
    assert shown is not None
    np.testing.assert_allclose(shown, np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)
    true = document.data.class_names[int(document.data.t_train[document.tape.rows[0]])]
    assert {card.content.bottom.name for card in view.cards} == {"dy"}, "one name for the gradient that comes back"
    marked = [text for text in bar_texts(view.cards[-1], view.cards[-1].top_rect()) if "true class" in text]
    assert marked == [f"p({true}) = {format_number(shown[document.data.class_names.index(true)])}, the true class"]

    document = xor()
    view = show(document)
    document.next_batch()
    assert document.tape
    record = document.tape.find("loss", 3, 99)
    assert record
    chance = 1 / (1 + np.exp(-record.tensors["prediction"][0, 0].astype(np.float64)))
    shown = view.cards[-1].shown_y
    assert shown is not None
    np.testing.assert_allclose(shown, [1 - chance, chance], rtol=1e-5)
    texts = [text.split("\n") for text in bar_texts(view.cards[-1], view.cards[-1].top_rect())]
    assert {hint for _, hint in texts} == {ONE_OUTPUT.format(document.data.class_names[1])}


def bar_texts(card: Card, rect: QRectF) -> list[str]:
    """All different texts from top to bottom of a picture."""
    heights = range(int(rect.top()) + 1, int(rect.bottom()))
    texts = (card.hover_text(QPointF(rect.center().x(), height)) for height in heights)
    return list(dict.fromkeys(text for text in texts if text))


@pytest.mark.parametrize(("loss", "name"), [("mse", "prediction"), ("bce_with_logits", "p")])
def test_regression_shows_prediction_and_target(show: Show, loss: str, name: str) -> None:
    experiment = dataclasses.replace(load_preset("xor"), data={"kind": "plane"}, loss={"kind": loss})
    data = experiment.source().load()
    # Truths between 0 and 1, so that every loss takes them.
    document = Document(experiment, dataclasses.replace(data, t_train=abs(data.t_train), t_test=abs(data.t_test)))
    view = show(document)
    document.next_batch()
    assert document.tape
    record = document.tape.find("loss", 3, 99)
    assert record and view.cards[-1].content.top.name == name
    prediction, target = (record.tensors[tensor][0, 0] for tensor in ("prediction", "target"))
    read = prediction if name == "prediction" else 1 / (1 + np.exp(-prediction))
    expected = f"{name}[0] = {format_number(read)}, target {format_number(target)}"
    assert bar_texts(view.cards[-1], view.cards[-1].top_rect()) == [expected]


def test_hover_names_every_entry_of_a_mosaic_with_its_value(show: Show) -> None:
    document = images(CONV)
    view = show(document)
    document.next_batch()
    card = view.cards[1]
    assert card.shown_y is not None and card.shown_y.shape == (4, 5, 4)
    rect, found = card.top_rect(), {}
    for x in np.arange(rect.left() + 0.5, rect.right()):
        for y in np.arange(rect.top() + 0.5, rect.bottom()):
            name, _, value = card.hover_text(QPointF(x, y)).partition(" = ")
            found[name] = value
    found.pop("", None)
    expected = {f"y[{c}, {i}, {j}]": format_number(float(card.shown_y[c, i, j])) for c, i, j in np.ndindex(4, 5, 4)}
    assert found == expected


def test_the_colour_under_the_pointer_is_the_values(show: Show) -> None:
    document = images(CONV)
    view = show(document)
    document.next_batch()
    card = view.cards[1]
    assert card.shown_y is not None
    rect, limit, image = card.top_rect(), float(np.abs(card.shown_y).max()), card.grab().toImage()
    found: dict[str, list[tuple[int, int]]] = {}
    for x in range(int(rect.left()), int(rect.right())):
        for y in range(int(rect.top()), int(rect.bottom())):
            name = card.hover_text(QPointF(x + 0.5, y + 0.5)).partition(" = ")[0]
            found.setdefault(name, []).append((x, y))
    for c, i, j in np.ndindex(4, 5, 4):
        # In the middle of a cell, where the edge of a scaled pixel plays no part.
        x, y = np.mean(found[f"y[{c}, {i}, {j}]"], axis=0).round().astype(int)
        expected = diverging_table()[diverging_index(card.shown_y[c, i, j : j + 1], limit)[0]]
        np.testing.assert_array_equal(image.pixelColor(int(x), int(y)).getRgb(), expected)


@pytest.mark.parametrize("size", [20, 64, 65, 128, 131])
def test_hover_names_every_entry_of_a_long_vector(size: int) -> None:
    values = np.random.default_rng(0).normal(size=size)
    picture, rect = Cells("y", values, Scale(-3.0, 3.0, True), ""), QRectF(5, 7, 90, 140)
    points = (QPointF(x, y) for y in np.arange(7.5, 147, 0.5) for x in np.arange(5.5, 95, 0.5))
    texts = dict.fromkeys(picture.hover_text(point, rect) for point in points)
    texts.pop("", None)
    assert list(texts) == [f"y[{index}] = {format_number(value)}" for index, value in enumerate(values)]
    assert picture.hover_text(QPointF(4, 8), rect) == ""


def test_bars_name_the_classes_in_the_last_layer_only(show: Show) -> None:
    document = images(DENSE)
    view = show(document)
    document.next_batch()
    last, hidden = view.cards[4], view.cards[2]
    assert last.shown_dy is not None and hidden.shown_y is not None
    assert bar_texts(last, last.bottom_rect()) == [
        f"dy[{i}] = {format_number(last.shown_dy[i])} ({name})" for i, name in enumerate(("ant", "bee", "cow"))
    ]
    assert bar_texts(hidden, hidden.top_rect()) == [
        f"y[{i}] = {format_number(value)}" for i, value in enumerate(hidden.shown_y)
    ]


def test_neurons_are_heat_maps_of_the_layers_at_the_cursor(show: Show) -> None:
    document = xor()
    view = show(document)
    document.next_batch()
    document.next_batch()
    document.go_to(2)  # the layers' parameters are ahead now
    assert document.tape
    weight, bias = document.tape.params_before["0.weight"], document.tape.params_before["0.bias"]
    points = plane_points(8)
    expected = (points @ weight.T + bias).reshape(8, 8, -1)
    outputs = Plane(document, 8).outputs()
    np.testing.assert_allclose(outputs[0], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs[1], np.tanh(expected), rtol=1e-5, atol=1e-6)
    assert tuple(points[0]) == pytest.approx((-EXTENT * 7 / 8, EXTENT * 7 / 8))

    picture = view.cards[1].content.top.picture
    assert isinstance(picture, Planes)
    before = picture.planes.copy()
    document.go_to(len(document.tape))
    picture = view.cards[1].content.top.picture
    assert isinstance(picture, Planes)
    assert not np.array_equal(picture.planes, before), "the update must move the heat maps"


def test_arrows_follow_a_layer_that_learns_where_none_did(show: Show) -> None:
    flatten, tanh, norm = {"kind": "flatten"}, {"kind": "tanh"}, {"kind": "layer_norm"}
    dense = {"kind": "dense", "units": 3}
    document = images((flatten, tanh, norm, dense))
    view = show(document)
    document.next_layer()
    view.row.grab()
    document.edit("order", layers=(flatten, norm, tanh, dense))
    anew = show(document)
    anew.resize(view.size())
    assert view.row.grab().toImage() == anew.row.grab().toImage()


def test_hovering_a_neuron_gives_the_sample_and_the_point(show: Show) -> None:
    document = xor()
    view = show(document)
    document.next_layer()
    card = view.cards[1]
    assert document.tape and card.shown_y is not None
    rect = card.neuron_rects()[2]
    x, y = 0.6, -0.3  # somewhere in the plane
    inside = QPointF(rect.left() + (x + EXTENT) / 2.4 * rect.width(), rect.top() + (EXTENT - y) / 2.4 * rect.height())
    first, second = card.hover_text(inside).split("\n")
    assert first == f"y[2] = {format_number(card.shown_y[2])} for the selected sample"
    value, _, where = second.partition(" at the point ")
    at = [float(part.replace("−", "-")) for part in where.strip("()").split(",")]
    assert at == pytest.approx([x, y], abs=1.5 * 2 * EXTENT / 32)
    weight, bias = document.tape.params_before["0.weight"][2], document.tape.params_before["0.bias"][2]
    assert float(value.replace("−", "-")) == pytest.approx(float(weight @ at + bias), abs=0.01)


@pytest.mark.parametrize(("size", "columns"), [(128, None), (256, None), (1352, None), (784, 28), (67, None)])
@pytest.mark.parametrize("room", [(69, 133), (80, 84), (136, 90)])
def test_the_cells_of_a_long_vector_are_square_and_fill_most_of_the_room(
    size: int, columns: int | None, room: tuple[int, int]
) -> None:
    rect = QRectF(3, 5, *room)
    picture = Cells("y", np.arange(float(size)), Scale(0, 1, False), "", columns)
    content, (rows, across) = picture.content(rect), picture.cells(rect)
    assert rect.contains(content) and rows * across >= size
    assert content.width() / across == pytest.approx(content.height() / rows, rel=0.05)
    if columns is None:
        assert content.width() * content.height() > 0.65 * rect.width() * rect.height()


@pytest.mark.parametrize("count", range(1, 17))
def test_neurons_lie_apart_inside_their_room(count: int) -> None:
    rect = QRectF(10, 20, 80, 150)
    places = neuron_rects(count, rect)
    assert len(places) == count
    assert all(rect.adjusted(-0.01, -0.01, 0.01, 0.01).contains(place) for place in places)
    assert not any(a.intersects(b) for i, a in enumerate(places) for b in places[:i])
    heights = [place.center().y() for place in places]
    assert len({round(height, 3) for height in heights}) == count, "every link needs a height of its own"


def test_links_are_the_weights_at_the_cursor(show: Show) -> None:
    document = xor()
    view = show(document)
    document.next_batch()
    document.go_to(1)
    assert document.tape

    def texts_of_gap(index: int) -> set[str]:
        gap = view.row.gap(index)
        points = (
            QPointF(gap.left() + share * gap.width(), y)
            for y in np.arange(0, gap.height(), 0.5)
            for share in (0.02, 0.4, 0.98)
        )
        found = {text for text in map(view.row.hover_text, points) if text.startswith("weight")}
        assert all(text.endswith(" · click explains it") for text in found)
        return {text.partition(" · ")[0] for text in found}

    def expected(weight: np.ndarray) -> set[str]:
        return {f"weight[{o}, {i}] = {format_number(float(weight[o, i]))}" for o, i in np.ndindex(weight.shape)}

    assert texts_of_gap(0) <= expected(document.tape.params_before["0.weight"])
    assert texts_of_gap(2) == expected(document.tape.params_before["2.weight"])
    assert texts_of_gap(1) == set(), "Tanh has no weights"
    document.go_to(len(document.tape) - 2)
    assert texts_of_gap(2) == expected(document.tape.params_before["2.weight"])
    document.go_to(len(document.tape))
    assert texts_of_gap(2) == expected(document.tape.params_after["2.weight"])


@pytest.mark.parametrize(("values", "words"), [([0.31], "0.31"), ([0.0, 0.0], "0"), ([-2.1, 0.0, 3.4], "−2.1…3.4")])
def test_a_range_whose_ends_read_the_same_is_one_number(values: list[float], words: str) -> None:
    assert range_words(np.array(values)) == words


def test_not_needed_is_said(show: Show) -> None:
    document = images(DENSE)
    view = show(document)
    document.next_batch()
    notes = [card.content.bottom.note for card in view.cards]
    assert notes[:2] == ["not needed", "not needed"]
    assert all(note.startswith("±") for note in notes[2:])
    assert view.cards[1].shown_dy is None
    assert "not needed" in view.cards[0].accessibleDescription()


def test_the_record_just_done_frames_its_card(show: Show) -> None:
    document = xor()
    view = show(document)
    assert [card.content.active for card in view.cards] == [None] * 5
    assert document.tape
    for record in document.tape.records:
        document.next_layer()
        active = {card.index: card.content.active for card in view.cards if card.content.active}
        assert active == {record.index: record.phase}


def test_clicking_and_enter_select_the_layer(show: Show) -> None:
    document = xor()
    view = show(document)
    QTest.mouseClick(view.cards[2], Qt.MouseButton.LeftButton)
    assert document.selected_layer == 1
    assert [card.content.selected for card in view.cards] == [False, False, True, False, False]
    QTest.mouseClick(view.cards[0], Qt.MouseButton.LeftButton)
    assert document.selected_layer == -1
    QTest.keyClick(view.cards[4], Qt.Key.Key_Return)
    assert document.selected_layer == 3
    QTest.keyClick(view.cards[4], Qt.Key.Key_Left)
    assert document.selected_layer == 3, "the arrow keys belong to the tape"


def test_scale_of_layer_network_and_unit(show: Show) -> None:
    document = images(CONV)
    view = show(document)
    document.next_batch()

    def highs(row: str) -> list[float]:
        pictures = [getattr(card.content, row).picture for card in view.cards[1:-1]]
        return [picture.scale.high for picture in pictures if picture]

    tape = document.tape
    assert tape
    y = [float(np.abs(r.tensors["y"][0]).max()) for r in tape.records if r.phase == "forward"]
    dy = [float(np.abs(r.tensors["dy"][0]).max()) for r in tape.records if r.phase in ("loss", "backward")]
    assert highs("top") == pytest.approx(y)
    view.scale = "network"
    assert highs("top") == pytest.approx([max(y)] * len(y))
    assert highs("bottom") == pytest.approx([max(dy)] * len(y))
    view.scale = "unit"
    maps = view.cards[1].content.top.picture
    assert isinstance(maps, Maps) and maps.scale.per_unit


def test_problem_is_shown_and_goes_away(show: Show) -> None:
    document = xor()
    view = show(document)
    document.edit("Three units", layers=({"kind": "dense", "units": 4}, {"kind": "dense", "units": 3}))
    assert view.problem == document.problem != ""
    assert [card.content.title for card in view.cards] == ["0 · Input", "1 · Dense", "2 · Dense", "Loss"]
    view.grab()
    document.edit("No layers", layers=())
    assert "no layers" in view.problem and len(view.cards) == 2
    view.grab()
    document.undo()
    document.undo()
    assert view.problem == "" and len(view.cards) == 5
    document.next_batch()
    assert view.cards[1].shown_y is not None


def test_a_shape_that_does_not_fit_is_marked(show: Show) -> None:
    document = images(({"kind": "dense", "units": 3}, {"kind": "relu"}))
    view = show(document)
    assert [card.content.subtitles[0] for card in view.cards[1:3]] == ["does not fit", "does not fit"]
    assert "Flatten" in view.problem


def test_titles_shapes_and_note(show: Show, qtbot: QtBot) -> None:
    document = images(DENSE)
    view = NetworkView(document)
    qtbot.addWidget(view)
    with qtbot.waitSignal(view.note_changed) as note:
        view.show()
    assert note.args == [
        "4 layers · 443 parameters · top: values forward, bottom: gradients backward"
    ]  # 84·5 + 5 + 5·3 + 3
    assert [card.content.title for card in view.cards[:3]] == ["0 · Input", "1 · Flatten", "2 · Dense"]
    assert [card.content.subtitles[0] for card in view.cards[:3]] == ["2×7×6", "84", "5 · 425 par."]
    assert view.cards[2].accessibleName() == "2, Dense, 5 · 425 parameters"


def test_the_active_card_scrolls_into_view(show: Show) -> None:
    document = images(CONV)
    view = show(document)
    view.resize(420, 360)
    for _ in range(8):
        document.next_layer()

    assert document.selected_layer == 5 and is_seen(view.cards[6]) and not is_seen(view.cards[0])
    document.go_to(1)
    assert is_seen(view.cards[1])


def test_a_newly_selected_card_scrolls_into_view_until_a_step_leads_away(show: Show) -> None:
    document = images(CONV)
    view = show(document)
    view.resize(420, 360)
    document.next_batch()
    assert is_seen(view.cards[6]) and not is_seen(view.cards[1])
    for index in (0, len(CONV), -1):  # a layer, the loss, the input
        document.select_layer(index)
        assert is_seen(view.cards[index + 1])
    view.resize(380, 360)
    assert is_seen(view.cards[0])
    for _ in range(4):  # the first lead from update to update of the layer that is the active one already
        document.select_layer(-1)
        document.back()
        record = document.record
        assert record is not None and is_seen(view.cards[record.index + 1])


def test_a_picture_is_made_once_for_a_record(show: Show) -> None:
    document = images(CONV)
    view = show(document)
    document.next_layer()
    first = view.cards[1].content.top.picture
    document.next_layer()
    assert view.cards[1].content.top.picture is first
    document.batch_start()
    assert view.cards[1].content.top.picture is None
    document.next_layer()
    assert view.cards[1].content.top.picture is first
    document.select_sample(1)
    assert view.cards[1].content.top.picture is not first


@DOCUMENTS
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_painted_at_every_cursor_in_both_themes(
    make: Callable[[], Document], theme: str, show: Show, qapp: QApplication
) -> None:
    document = make()
    view = show(document)
    apply_theme(qapp, theme)  # type: ignore[arg-type]
    try:
        assert document.tape
        for scale in ("unit", "layer", "network"):
            view.scale = scale
            frames = []
            # Two updates of one layer may look the same; everything before them differs.
            for cursor in range(2 * len(view.cards)):
                document.go_to(cursor)
                if cursor == document.cursor and (document.record is None or document.record.phase != "update"):
                    frames.append(view.grab().toImage())
            assert len(frames) > len(view.cards) and all(a != b for a, b in pairwise(frames))
    finally:
        apply_theme(qapp, "light")


def test_values_that_are_not_finite_are_counted_and_painted(qtbot: QtBot) -> None:
    from app.network_view.style import limit_words, range_words

    values = np.array([1.0, np.nan, -np.inf, 2.0])
    assert range_words(values) == limit_words(values) == "1 NaN, 1 infinite"
    card = Card()
    qtbot.addWidget(card)
    picture = Bars("y", values, Scale(-2.0, 2.0, True), range_words(values))
    row = dataclasses.replace(card.content.top, state="shown", picture=picture)
    card.set_content(dataclasses.replace(card.content, top=row, subtitles=("4",)))
    card.grab()
    texts = [text.split(" = ")[1] for text in bar_texts(card, card.top_rect())]
    assert texts == ["1", "NaN", "−∞", "2"]


def test_a_flattened_image_can_still_be_seen(show: Show) -> None:
    one_map = {"kind": "conv2d", "filters": 1, "kernel_size": 1, "padding": 2}
    document = images((one_map, *DENSE))
    view = show(document)
    document.go_to(2)
    flat, rect = view.cards[2].content.top.picture, view.cards[2].top_rect()
    assert isinstance(flat, Cells)
    assert flat.cells(rect) == (11, 10), "7×6 with a border of 2, row by row"


def test_the_inputs_colours_end_where_the_plane_does(show: Show) -> None:
    view = show(xor())
    picture = view.cards[0].content.top.picture
    assert isinstance(picture, Planes)
    assert picture.scale.high == pytest.approx(np.abs(picture.planes).max())


def test_a_click_on_a_picture_asks_where_its_number_comes_from(qtbot):
    experiment = load_preset("xor")
    document = Document(experiment, experiment.source().load())
    view = NetworkView(document)
    qtbot.addWidget(view)
    view.resize(820, 430)
    view.show()
    for _ in range(7):
        document.next_layer()
    document.select_sample(4)
    card = view.cards[1]
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=card.neuron_rects()[5].center().toPoint())
    assert document.questions.current == Place(0, "y", (4, 5))
    bottom = card.bottom_rect()
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=(bottom.topLeft() + QPointF(30, 4)).toPoint())
    assert document.questions.current == Place(6, "dy", (4, 0))
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(30, 14))
    assert document.selected_layer == 0 and document.questions.current == Place(6, "dy", (4, 0))


def test_the_loss_stands_beside_the_word_once_it_is_reached(show: Show) -> None:
    document = xor()
    view = show(document)
    assert view.cards[-1].content.value == ()
    document.next_batch()
    assert document.tape
    card = view.cards[-1]
    assert card.value_text() == format_number(document.tape.loss)
    assert card.value_text() in card.accessibleName() and "not reached" not in card.accessibleDescription()
    assert card.content.top.note == "", "a number beside p(class) would be taken for a probability"
