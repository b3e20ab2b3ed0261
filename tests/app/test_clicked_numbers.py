"""A number that is clicked in a panel, or reached with the keyboard, is the number that is explained."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from app.document.batch_loss import at_hand, explain_loss
from app.document.document import Document
from app.network_view.card_content import NO_PLACE
from app.network_view.network_view import NetworkView
from app.panels.activations_tab import ActivationsTab
from app.panels.curves import Curves
from app.panels.gradients_tab import GradientsTab
from app.panels.weights_tab import WeightsTab
from app.plots.histogram import HistogramView
from app.plots.numbers import format_number
from app.theme import apply_theme
from app.window.linked_label import LINK
from app.window.tool_bar import LOSS_GONE, Position
from core.explain import Place, explain
from core.types import Array
from tests.app.panel_documents import (
    XOR_RECORDS,
    filter_document,
    picture_document,
    show,
    step,
    tape_of,
    xor_document,
)
from tests.app.test_plots import move

LEFT = Qt.MouseButton.LeftButton


def asked(document: Document) -> Place:
    """The number that is being explained."""
    place = document.questions.current
    assert place is not None
    return place


def value_of(document: Document) -> float:
    """The number that is being explained, as the core finds it on the tape."""
    assert document.step
    return explain(document.step, asked(document)).value


def click_bar(view: HistogramView, number: int) -> tuple[float, float]:
    """Click the bar of a bin; returns the ends of the bin."""
    low, high = view.distribution().edges[number : number + 2]
    QTest.mouseClick(view, LEFT, pos=QPoint(round(view._x_of((low + high) / 2)), view.height() // 2))
    return float(low), float(high)


def bars(view: HistogramView) -> Array:
    return np.flatnonzero(view.distribution().counts)


# Activations and gradients


@pytest.mark.parametrize("layer", [-1, 0, 1, 3])
def test_a_click_on_a_histogram_of_activations_explains_an_entry_of_that_bin(qtbot: QtBot, layer: int) -> None:
    document = filter_document()
    tab = show(qtbot, ActivationsTab(document), 500, 500)
    document.next_batch()
    document.select_layer(layer)
    document.select_sample(2)
    shown: list[str] = []
    for view, names in ((tab.values, ("y", "x")), (tab.gradients, ("dy",))):
        for number in [] if view.message() else bars(view)[::7]:
            low, high = click_bar(view, number)
            place, value = asked(document), value_of(document)
            assert place.tensor in names and low - 1e-6 <= value <= high + 1e-6
            shown.append(place.tensor)
            assert (place.record is None) == (layer < 0)
            tape = tape_of(document)
            own = tape.x if place.record is None else tape.records[place.record].tensors[place.tensor]
            if np.any((own[2] > low) & (own[2] < high)):
                assert place.index[0] == 2, "the selected sample is preferred where it has an entry"
    assert set(shown) == ({"x"} if layer < 0 else {"y", "dy"})


def test_of_a_loss_the_probability_is_explained(qtbot: QtBot) -> None:
    document = xor_document()
    tab = show(qtbot, ActivationsTab(document), 500, 500)
    step(document, 4)
    assert tab.values.distribution().total == 10
    low, high = click_bar(tab.values, bars(tab.values)[0])
    assert asked(document).tensor == "p" and low - 1e-6 <= value_of(document) <= high + 1e-6
    move(tab.values, QPoint(round(tab.values._x_of(low)) + 1, 60))
    assert tab.values.hint() == "click explains one"
    click_bar(tab.gradients, bars(tab.gradients)[0])
    assert asked(document) == Place(3, "dy", asked(document).index)


def test_the_histograms_of_gradients_explain_weight_and_bias(qtbot: QtBot) -> None:
    document = filter_document()
    tab = show(qtbot, GradientsTab(document), 500, 500)
    step(document, 9)
    document.select_layer(1)
    for view, tensor in zip(tab.histograms, ("d_weight", "d_bias"), strict=True):
        for number in bars(view)[::9]:
            low, high = click_bar(view, number)
            assert asked(document).tensor == tensor
            assert low - 1e-6 <= value_of(document) <= high + 1e-6


def test_the_keyboard_explains_a_gradient_too(qtbot: QtBot) -> None:
    document = xor_document()
    tab = show(qtbot, GradientsTab(document), 500, 500)
    document.next_batch()
    document.select_layer(0)
    QTest.keyClick(tab.histograms[0], Qt.Key.Key_End)
    QTest.keyClick(tab.histograms[0], Qt.Key.Key_Return)
    gradient = tape_of(document).find("backward", 0, XOR_RECORDS)
    assert gradient and value_of(document) == gradient.tensors["d_weight"].max()


def test_inside_of_a_record_only_a_line_that_is_on_the_tape_explains_something(qtbot: QtBot) -> None:
    document = xor_document()
    dense, _, last = document.experiment.layers
    document.edit("batch normalisation", layers=(dense, {"kind": "batch_norm"}, last))
    tab = show(qtbot, ActivationsTab(document), 500, 500)
    step(document, 2)
    document.walk.step_into()
    lines = document.walk.substeps
    assert lines
    for position, line in enumerate(lines):
        document.walk.go_to_substep(position)
        document.questions.forget()
        view = tab.gradients if line.backward else tab.values
        click_bar(view, bars(view)[0])
        place = document.questions.current
        assert (place is not None) is bool(line.result), line.name
        if place is not None:
            assert place.tensor == line.result and line.tensor[place.index] == value_of(document)


# The optimizer's memory


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        ({"kind": "adam", "learning_rate": 0.01}, ["m", "v"]),
        ({"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}, ["velocity"]),
        ({"kind": "adagrad", "learning_rate": 0.1}, ["s"]),
    ],
    ids=str,
)
def test_the_weights_tab_shows_and_explains_what_the_optimizer_remembers(
    qtbot: QtBot, optimizer: dict[str, object], slots: list[str]
) -> None:
    document = xor_document()
    document.edit("optimizer", optimizer=optimizer)
    tab = show(qtbot, WeightsTab(document))
    document.next_batch()
    document.next_batch()
    document.select_layer(0)
    assert [name for name, button in tab.bar.buttons.items() if button.isVisible()][3:] == slots
    for slot in slots:
        QTest.mouseClick(tab.bar.buttons[slot], LEFT)
        for view, name in ((tab.matrix, "0.weight"), (tab.bias, "0.bias")):
            position = next(at for at, r in enumerate(tape_of(document).records) if r.name == name)
            shown = tape_of(document).records[position].tensors[f"{slot} after"]
            view.cell_clicked.emit(3, 0)
            index = (3, 0) if shown.ndim == 2 else (3,)
            assert asked(document) == Place(position, f"{slot} after", index)
            assert value_of(document) == shown[index]
        assert tab.caption.text().startswith(f"{slot} of weight")
    step(document, 3)
    document.select_layer(0)
    assert tab.sentence.text() == "This step has not updated the weight yet: press Next layer."


def test_the_memory_of_filters_is_a_mosaic_whose_pixels_explain(qtbot: QtBot) -> None:
    document = filter_document()
    document.edit("optimizer", optimizer={"kind": "adam", "learning_rate": 0.01})
    tab = show(qtbot, WeightsTab(document))
    document.next_batch()
    document.select_layer(1)
    tab.choose("v")
    assert tab.filters.isVisible() and not tab.filter_gradients.isVisible()
    tab.filters.map_clicked.emit(2 * 4 + 1, 1, 0)
    assert asked(document).tensor == "v after" and asked(document).index == (2, 1, 1, 0)


def test_a_choice_that_another_optimizer_does_not_have_goes_back_to_the_value(qtbot: QtBot) -> None:
    document = xor_document()
    tab = show(qtbot, WeightsTab(document))
    document.next_batch()
    document.select_layer(0)
    tab.choose("m")
    document.select_layer(1)
    document.select_layer(0)
    assert tab.choice == "m", "a layer without weights does not change what is wanted of the others"
    document.edit("optimizer", optimizer={"kind": "sgd", "learning_rate": 0.1})
    document.next_batch()
    document.select_layer(0)
    assert tab.choice == "Value" and tab.bar.buttons["Value"].isChecked()
    assert not tab.bar.buttons["m"].isVisible()


# The loss


@pytest.fixture
def position(qtbot: QtBot) -> Position:
    view = Position(xor_document())
    return show(qtbot, view, 700, 30)


def test_the_loss_in_the_tool_bar_is_explained_by_enter_and_by_its_link(position: Position) -> None:
    document = position.document
    assert position.text.focusPolicy() == Qt.FocusPolicy.NoFocus, "no loss yet"
    document.next_batch()
    assert position.text.focusPolicy() == Qt.FocusPolicy.TabFocus
    QTest.keyClick(position.text, Qt.Key.Key_Return)
    assert asked(document) == Place(3, "value", ())
    assert value_of(document) == pytest.approx(document.history.losses[0])
    document.questions.forget()
    position.text.linkActivated.emit(LINK)
    assert asked(document) == Place(3, "value", ())


def test_the_loss_that_is_shown_is_explained_even_if_the_next_batch_has_begun(position: Position) -> None:
    document = position.document
    for _ in range(3):
        document.next_batch()
    step(document, 6)
    assert tape_of(document).step == 4 and document.steps_done == 3
    position.explain_loss()
    assert tape_of(document).step == 3 and document.steps_done == 3
    assert value_of(document) == pytest.approx(document.history.losses[2])
    step(document, 6)
    assert not document.in_past and tape_of(document).step == 4, "nothing was left by going back"


def test_a_loss_whose_batch_is_gone_is_not_explained_by_another(
    position: Position, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, said = position.document, list[str]()
    document.failed.connect(said.append)
    for _ in range(3):
        document.next_batch()
    document.course.snapshots.truncate(1)
    document.travel(1)
    before = tape_of(document).step, document.cursor
    monkeypatch.setattr(document.course.snapshots, "_line", [])
    position.explain_loss()
    assert said == [LOSS_GONE.format(1)] and document.questions.current is None
    assert (tape_of(document).step, document.cursor) == before


def test_the_link_has_the_colour_of_the_loss_in_both_themes(position: Position, qapp: QApplication) -> None:
    position.document.next_batch()
    light = position.text.text()
    apply_theme(qapp, "dark")
    assert position.text.text() != light
    apply_theme(qapp, "light")
    assert position.text.text() == light


def test_the_loss_on_its_card_is_explained_by_click_and_by_a_second_enter(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, NetworkView(document), 900, 400)
    card = view.cards[-1]
    assert card.value_rect().isEmpty()
    document.next_batch()
    assert "click explains it" in card.hover_text(card.value_rect().center())
    QTest.mouseClick(card, LEFT, pos=card.value_rect().center().toPoint())
    assert asked(document) == Place(3, "value", ())
    document.questions.forget()
    document.select_layer(0)
    QTest.keyClick(card, Qt.Key.Key_Return)
    assert document.selected_layer == 3 and document.questions.current is None
    assert "Enter explains the loss" in card.accessibleDescription()
    document.show_whole_batch(True)
    QTest.keyClick(card, Qt.Key.Key_Return)
    assert asked(document) == Place(3, "value", ())


# Curves


def trained(qtbot: QtBot, batches: int = 12) -> Curves:
    view = show(qtbot, Curves(xor_document()), 500, 300)
    for _ in range(batches):
        view.document.next_batch()
    return view


def click_step(view: Curves, at: float) -> None:
    canvas = view.plot.canvas
    place = canvas.mapFromScene(canvas.left.mapViewToScene(canvas.left.viewRect().center()))
    place.setX(round(canvas.mapFromScene(canvas.left.mapViewToScene(QPointF(at, 0.0))).x()))
    move(canvas.viewport(), place)
    QTest.mouseClick(canvas.viewport(), LEFT, pos=place)


def test_a_click_on_a_link_explains_its_weight(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, NetworkView(document), 900, 400)
    document.next_batch()
    document.go_to(5)
    row = view.row
    gap = row.gap(2)
    places = [QPointF(gap.left() + 2, gap.top() + y) for y in range(60, int(gap.height()), 2)]
    point = next(place for place in places if row.hover_text(place).startswith("weight"))
    words = row.hover_text(point)
    QTest.mouseClick(row, LEFT, pos=point.toPoint())
    place = asked(document)
    assert place.tensor == "2.weight" and document.selected_layer == 2
    name = f"weight[{', '.join(map(str, place.index))}]"
    assert words == f"{name} = {format_number(value_of(document))} · click explains it"
    document.go_to(len(tape_of(document)))
    QTest.mouseClick(row, LEFT, pos=point.toPoint())
    assert asked(document).tensor == "after", "the weight as it stands at the cursor"


def test_both_chances_of_a_single_output_lead_to_it(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, NetworkView(document), 900, 400)
    document.next_batch()
    card, rect = view.cards[-1], view.cards[-1].top_rect()
    for y in (4, 22):
        document.questions.forget()
        QTest.mouseClick(card, LEFT, pos=QPoint(round(rect.center().x()), round(rect.top() + y)))
        assert (asked(document).tensor, asked(document).index) == ("p", (0, 0))
        assert card.shown_y is not None and value_of(document) == card.shown_y[1]


def test_a_probability_on_the_card_of_the_loss_is_the_sum_that_is_explained(qtbot: QtBot) -> None:
    document = picture_document()
    view = show(qtbot, NetworkView(document), 900, 400)
    document.next_batch()
    document.select_sample(2)
    card, rect = view.cards[-1], view.cards[-1].top_rect()
    assert card.content.top.picture and card.shown_y is not None and document.step
    for c in range(3):
        heights = range(round(rect.top()), round(rect.bottom()))
        points = (QPointF(rect.center().x(), height) for height in heights)
        point = next(p for p in points if card.content.top.picture.entry_at(p, rect) == (c,))
        QTest.mouseClick(card, LEFT, pos=point.toPoint())
        explanation = explain(document.step, asked(document))
        assert explanation.name == f"the probability the network gives to class {c} for sample 2"
        assert explanation.value == card.shown_y[c] and explanation.total == pytest.approx(card.shown_y[c], rel=1e-6)
        assert f"p({document.data.class_names[c]}) = {format_number(explanation.value)}" in card.hover_text(point)


def test_a_mean_over_the_batch_says_why_it_cannot_be_explained(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, NetworkView(document), 900, 400)
    document.next_batch()
    document.show_whole_batch(True)
    for card, rect in ((view.cards[1], view.cards[1].top_rect()), (view.cards[-1], view.cards[-1].bottom_rect())):
        point = rect.topLeft() + QPointF(20, 8)
        while card.content.top.picture and not card.hover_text(point):
            point += QPointF(1, 1)
        assert NO_PLACE in card.hover_text(point)
        QTest.mouseClick(card, LEFT, pos=point.toPoint())
        assert document.questions.current is None
        assert QToolTip.text() == NO_PLACE
    QToolTip.hideText()


def test_a_click_on_the_curves_explains_the_loss_of_that_batch(qtbot: QtBot) -> None:
    view = trained(qtbot)
    document = view.document
    newest = tape_of(document)
    click_step(view, 12)
    assert tape_of(document) is newest and document.cursor == XOR_RECORDS and not document.in_past
    assert value_of(document) == document.history.losses[11] == newest.loss
    assert view.plot.hint.split("\n")[0] == "Click: where the loss of batch 12 comes from"
    click_step(view, 5)
    assert tape_of(document).step == 5 and document.in_past
    assert value_of(document) == document.history.losses[4]
    assert len(document.history.losses) == 12, "looking back leaves nothing behind"


def test_where_the_batch_was_not_kept_a_click_goes_to_the_moment_before(qtbot: QtBot) -> None:
    view = trained(qtbot)
    document = view.document
    document.course.snapshots.truncate(4)
    click_step(view, 9)
    assert view.plot.hint.split("\n")[0] == "Click: to step 4, the nearest moment before that was kept"
    assert document.steps_done == 4 and document.in_past and document.questions.current is None


def test_a_double_click_in_a_part_still_only_shows_everything_again(qtbot: QtBot) -> None:
    view = trained(qtbot)
    canvas, document = view.plot.canvas, view.document
    canvas.left.setXRange(2, 6)
    canvas.left.sigRangeChangedManually.emit([True, False])
    with qtbot.assertNotEmitted(view.plot.step_clicked):
        place = canvas.viewport().rect().center()
        QTest.mouseClick(canvas.viewport(), LEFT, pos=place)
        QTest.mouseDClick(canvas.viewport(), LEFT, pos=place)
        QTest.mouseRelease(canvas.viewport(), LEFT, pos=place)
    assert not view.plot.pointer._timer.isActive()
    assert canvas.left.viewRange()[0][1] > 12 and document.questions.current is None
    canvas.left.sigRangeChangedManually.emit([True, False])
    with qtbot.waitSignal(view.plot.step_clicked):
        QTest.mouseClick(canvas.viewport(), LEFT, pos=place)


def test_a_drag_over_the_curves_is_no_click(qtbot: QtBot) -> None:
    view = trained(qtbot)
    port = view.plot.canvas.viewport()
    with qtbot.assertNotEmitted(view.plot.step_clicked):
        QTest.mousePress(port, LEFT, pos=QPoint(200, 100))
        for x in (190, 170, 150):
            move(port, QPoint(x, 100), LEFT)
        QTest.mouseRelease(port, LEFT, pos=QPoint(150, 100))


def test_while_a_training_runs_a_click_on_the_curves_does_nothing(qtbot: QtBot) -> None:
    view = trained(qtbot)
    document = view.document
    state = document.begin_run()
    assert state is not None
    click_step(view, 5)
    assert document.questions.current is None and view.plot.hint.startswith("Pause to look at a step")
    document.end_run(state)


def test_every_batch_that_is_at_hand_can_be_explained(qtbot: QtBot) -> None:
    document = picture_document()
    for _ in range(8):
        document.next_batch()
    losses = [document.history.losses[step] for step in range(8)]
    for number in (8, 3, 8, 1, 2, 7):
        assert at_hand(document, number)
        assert explain_loss(document, number)
        assert value_of(document) == losses[number - 1]
    assert [document.history.losses[step] for step in range(8)] == losses
    assert not explain_loss(document, 40)
