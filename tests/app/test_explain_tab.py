"""The Explain tab in a real Inspector: clicked numbers, links followed to the end, shares, checks, and the code."""

import inspect
import math
import re
from unittest.mock import Mock

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.panels.explain.equation import equation
from app.panels.explain.tab import NOT_REACHED, NOTHING_ASKED
from app.panels.explain.words import place_name
from app.panels.inspector import Inspector
from app.plots.numbers import Precision, format_number
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain import Place, Step, explain
from core.layers.dense import Dense

IMAGE_LAYERS = (
    {"kind": "conv2d", "filters": 3, "kernel_size": 3},
    {"kind": "batch_norm"},
    {"kind": "relu"},
    {"kind": "max_pool2d", "kernel_size": 2},
    {"kind": "flatten"},
    {"kind": "dropout", "p": 0.25},
    {"kind": "dense", "units": 3},
    {"kind": "softmax"},
)


def xor() -> Document:
    experiment = load_preset("xor")
    return Document(experiment, experiment.source().load())


def images() -> Document:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 2, 8, 6)).astype(np.float32)
    data = Dataset("noise", x[:30], np.arange(30) % 3, x[30:], np.arange(10) % 3, ("a", "b", "c"))
    loss, optimizer = {"kind": "negative_log_likelihood"}, {"kind": "adam"}
    experiment = Experiment("images", {"kind": "xor"}, IMAGE_LAYERS, loss, optimizer, batch_size=8)
    return Document(experiment, data)


@pytest.fixture
def show(qtbot: QtBot):
    def make(document: Document, steps: int) -> Inspector:
        inspector = Inspector(document)
        qtbot.addWidget(inspector)
        inspector.resize(360, 900)
        inspector.show()
        for _ in range(steps):
            document.next_layer()
        return inspector

    return make


def step_of(document: Document) -> Step:
    assert document.tape and document.trainer
    return Step.of(document.tape, document.trainer)


def links(html: str) -> list[str]:
    return re.findall(r'href="(\d+)"', html)


def test_it_says_what_to_click_first(show):
    inspector = show(xor(), 0)
    inspector.tabs.setCurrentWidget(inspector.explain)
    assert inspector.explain.sentence.text() == NOTHING_ASKED


def test_a_click_on_a_weight_explains_it(show, qtbot):
    document = xor()
    inspector = show(document, 0)
    inspector.grab()  # places are known once they are painted
    matrix = inspector.weights.matrix
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=matrix.viewport.cell_rect(5, 1).center().toPoint())
    assert document.questions.current == Place(None, "0.weight", (5, 1))
    assert inspector.tabs.currentWidget() is inspector.explain
    assert "1 · Dense.weight[5, 1]" in inspector.explain.formula.text() and "layer 1" in inspector.explain.name.text()
    assert not inspector.explain.terms.isVisible()


def test_a_gradient_followed_to_its_end_reaches_the_loss_and_then_data_or_parameters(show):
    document = images()
    inspector = show(document, 0)
    assert document.tape
    for _ in document.tape.records:
        document.next_layer()
    step = step_of(document)
    tab = inspector.explain
    position = step.position("backward", 0)
    document.questions.ask(Place(position, "d_weight", (1, 0, 2, 1)))
    met = []
    for _ in range(60):
        place = document.questions.current
        assert place is not None
        explanation = explain(step, place)
        if explanation.is_end:
            break
        met.append("outside" if place.record is None else document.tape.records[place.record].phase)
        names = links(tab.terms.text())
        assert names, place
        tab.terms.linkActivated.emit(names[0])
    else:
        pytest.fail("the trail does not end")
    assert "loss" in met
    assert place_name(step, place) in tab.trail.text()


def test_the_shown_number_is_the_tapes_and_its_terms_are_the_largest(show):
    document = xor()
    inspector = show(document, 7)
    step = step_of(document)
    place = Place(step.position("backward", 0), "d_weight", (3, 1))
    document.questions.ask(place)
    explanation = explain(step, place)
    first = explanation.largest(1)[0]
    assert document.tape
    shown = document.tape.records[place.record or 0].tensors["d_weight"][3, 1]
    assert explanation.value == pytest.approx(shown, rel=1e-6)
    row = inspector.explain.terms.text().split("<tr>")[1]
    for factor in first.factors:
        assert f"{abs(factor.value):.3g}"[:4] in row.replace("−", "")


def test_the_breadcrumb_leads_back(show):
    document = xor()
    inspector = show(document, 7)
    step = step_of(document)
    start = Place(step.position("backward", 0), "d_weight", (3, 1))
    document.questions.ask(start)
    inspector.explain.terms.linkActivated.emit("0")
    inspector.explain.terms.linkActivated.emit("0")
    assert len(document.questions.trail) == 3
    inspector.explain.trail.linkActivated.emit("0")
    assert [*document.questions.trail] == [start]


def test_what_is_not_reached_yet_is_not_told(show):
    document = xor()
    inspector = show(document, 2)
    document.questions.ask(Place(4, "dy", (0, 0)))
    assert inspector.explain.sentence.text() == NOT_REACHED and not inspector.explain.formula.isVisible()
    for _ in range(3):
        document.next_layer()
    assert inspector.explain.formula.isVisible()
    document.back()
    assert inspector.explain.sentence.text() == NOT_REACHED


def test_shares_add_up_and_a_click_selects_the_sample(show, qtbot):
    document = xor()
    inspector = show(document, 7)
    step = step_of(document)
    document.questions.ask(Place(step.position("backward", 2), "d_weight", (0, 4)))
    shares = inspector.explain.shares
    assert shares.isVisible()
    at = shares.bar_rect(6).center().toPoint()
    qtbot.mouseClick(shares, Qt.MouseButton.LeftButton, pos=at)
    assert document.sample == 6
    x, y = (format_number(float(value), 3) for value in step.tape.x[6])
    assert shares.hover_text().startswith(f"sample 6 ({x}, {y}) adds ")


@pytest.mark.parametrize(
    ("position", "tensor", "index"), [(6, "d_weight", (3, 1)), (5, "dx", (2, 3)), (3, "dy", (1, 0))]
)
def test_the_numerical_check_agrees(show, qtbot, position, tensor, index):
    document = xor()
    inspector = show(document, 7)
    document.questions.ask(Place(position, tensor, index))
    qtbot.mouseClick(inspector.explain.check.button, Qt.MouseButton.LeftButton)
    assert inspector.explain.check.result.text().startswith("✓ agrees")


def test_the_numerical_check_looks_at_the_number_that_is_shown(show, qtbot):
    document = xor()
    inspector = show(document, 7)
    place = Place(6, "d_weight", (3, 1))
    shown = step_of(document).tensor(6, "d_weight")
    shown[3, 1] += 1  # as if the tape had it wrong
    document.questions.ask(place)
    qtbot.mouseClick(inspector.explain.check.button, Qt.MouseButton.LeftButton)
    text = inspector.explain.check.result.text()
    assert text.startswith("✗ does not agree") and f"{format_number(float(shown[3, 1]))} is shown" in text


def test_a_value_has_nothing_to_check(show):
    document = xor()
    inspector = show(document, 7)
    document.questions.ask(Place(0, "y", (0, 1)))
    assert not inspector.explain.check.button.isVisible()


def test_the_code_is_that_of_the_file(show):
    document = xor()
    inspector = show(document, 7)
    document.questions.ask(Place(6, "d_weight", (3, 1)))
    code = inspector.explain.code
    assert code.view.toPlainText().strip() == inspect.cleandoc("\n" + inspect.getsource(Dense.backward))
    assert "layers/dense.py" in code.title.text() and any("d_weight = " in line for line in code.view.marked_lines())


def test_every_tensor_of_every_record_can_be_shown_in_both_themes(show):
    document = images()
    inspector = show(document, 0)
    assert document.tape
    for _ in document.tape.records:
        document.next_layer()
    step, rng, shown = step_of(document), np.random.default_rng(1), 0
    inspector.tabs.setCurrentWidget(inspector.explain)
    for position, record in enumerate(document.tape.records):
        for name, tensor in record.tensors.items():
            index = tuple(int(rng.integers(size)) for size in tensor.shape)
            document.questions.ask(Place(position, name, index))
            inspector.grab()
            explanation = explain(step, Place(position, name, index))
            assert explanation.formula.split("=")[0].strip()[:2] in inspector.explain.formula.text()
            shown += 1
    assert shown > 60


def test_while_a_training_runs_the_answer_is_laid_out_at_the_pace_of_words_and_the_code_not_again(show, monkeypatch):
    document = images()
    document.next_batch()
    inspector = show(document, 0)
    assert document.tape
    document.questions.ask(Place(document.tape.position("forward", 0), "y", (0, 0, 1, 1)))
    tab = inspector.explain
    laid_out, coded = Mock(wraps=tab._show), Mock(wraps=tab.code._fill)
    monkeypatch.setattr(tab, "_show", laid_out)
    monkeypatch.setattr(tab.code, "_fill", coded)
    trainer = document.experiment.trainer(document.data)
    trainer.restore(document.begin_run() or {})
    for due in (False, True, False, True):
        trainer.train_step()
        document.show_state(trainer.state())
        for page in inspector.pages:
            page._refreshed_at = 0.0 if due else math.inf
        before = laid_out.call_count
        inspector.tick()
        inspector.tick()
        assert laid_out.call_count - before == due
    _, explanation = laid_out.call_args.args
    assert not coded.called and format_number(explanation.value) in tab.formula.text()
    document.end_run(trainer.state())


def test_starting_anew_forgets_the_question(show):
    document = xor()
    inspector = show(document, 7)
    document.questions.ask(Place(6, "d_weight", (3, 1)))
    document.edit("units", layers=({"kind": "dense", "units": 3}, {"kind": "dense", "units": 1}))
    assert document.questions.current is None
    inspector.tabs.setCurrentWidget(inspector.explain)
    assert inspector.explain.sentence.text() == NOTHING_ASKED


def test_any_entry_is_reached_by_typing_its_index(show, qtbot):
    document = xor()
    inspector = show(document, 7)
    inspector.tabs.setCurrentWidget(inspector.explain)
    document.select_layer(0)
    finder = inspector.explain.finder
    finder.tensor.setCurrentText("d_weight (backward)")
    qtbot.keyClicks(finder.index, "7, 1")
    qtbot.keyClick(finder.index, Qt.Key.Key_Return)
    assert document.questions.current == Place(6, "d_weight", (7, 1))
    for wrong in ("8, 1", "²,0", "7", "-1, 0"):
        finder.index.setText(wrong)
        qtbot.keyClick(finder.index, Qt.Key.Key_Return)
        assert "no index" in finder.error.text() and "7, 1" in finder.error.text()
    assert document.questions.current == Place(6, "d_weight", (7, 1))


def test_the_losses_of_a_batch_carry_the_numbers_of_their_samples(show, qtbot):
    document = xor()
    inspector = show(document, 4)
    step = step_of(document)
    record = step.tape.records[3]
    losses = step.loss.per_sample(record.tensors["prediction"], record.tensors["target"])
    order = np.argsort(-losses)
    assert order.tolist() != list(range(len(losses)))
    document.questions.ask(Place(3, "dy", (int(order[2]), 0)))
    shown = inspector.explain.pictures.losses
    x, y = (format_number(float(value), 3) for value in step.tape.x[order[2]])
    loss = format_number(float(losses[order[2]]))
    assert shown.hover_text() == f"sample {order[2]} ({x}, {y}) has a loss of {loss}"
    qtbot.mouseClick(shown, Qt.MouseButton.LeftButton, pos=shown.bar_rect(5).center().toPoint())
    assert document.sample == order[5]


def test_an_equation_names_the_slice_it_shows(show):
    document = images()
    step = step_of(document)
    inspector = show(document, len(step.tape.records))
    position = step.position("backward", 0)
    document.questions.ask(Place(position, "d_weight", (2, 1, 0, 2)))
    shown = equation(explain(step, Place(position, "d_weight", (2, 1, 0, 2))))
    assert shown
    found = re.fullmatch(r"dy\[(\d+), 2, :, :\]", shown.titles[0])
    assert found
    sample, record = int(found[1]), step.tape.records[position]
    np.testing.assert_array_equal(shown.pictures[0], record.tensors["dy"][sample, 2])
    assert shown.titles[1] == f"x[{sample}, 1, :, :]" and len(shown.words) == 2
    assert inspector.explain.pictures.equation.isVisible()


def test_of_a_layer_that_is_not_reached_nothing_can_be_typed_and_that_is_said(show):
    document = xor()
    inspector = show(document, 1)
    inspector.tabs.setCurrentWidget(inspector.explain)
    finder = inspector.explain.finder
    document.select_layer(1)
    assert finder.index.placeholderText() == "not reached yet"
    assert not any(control.isEnabled() for control in (finder.tensor, finder.index, finder.go))
    document.next_layer()
    assert finder.index.placeholderText() == "0, 0"
    assert all(control.isEnabled() for control in (finder.tensor, finder.index, finder.go))


def test_the_names_of_tensors_need_no_knowledge_of_state_dicts(show):
    document = xor()
    inspector = show(document, 11)
    inspector.tabs.setCurrentWidget(inspector.explain)
    document.select_layer(2)
    document.questions.ask(Place(2, "y", (0, 0)))
    finder = inspector.explain.finder.tensor
    names = [finder.itemText(index) for index in range(finder.count())]
    assert len(set(names)) == len(names)
    assert {"weight (before)", "bias (before)", "weight after (update)", "bias after (update)"} <= {*names}
    assert inspector.explain.sources.accessibleDescription() == "Made from x, weight, bias"


def test_numbers_are_written_with_as_many_digits_as_are_set(show, monkeypatch):
    document = xor()
    inspector = show(document, 7)
    document.questions.ask(Place(6, "d_weight", (3, 1)))
    value = explain(step_of(document), Place(6, "d_weight", (3, 1))).value
    assert format_number(value) in inspector.explain.formula.text()
    monkeypatch.setattr(Precision, "digits", 7)
    document.selection_changed.emit()
    assert len(format_number(value)) > len(format_number(value, 4))
    assert format_number(value) in inspector.explain.formula.text()


def test_what_was_typed_for_one_tensor_does_not_stand_beside_another(show, qtbot):
    document = xor()
    inspector = show(document, 7)
    inspector.tabs.setCurrentWidget(inspector.explain)
    finder = inspector.explain.finder
    for layer in (0, 2):
        document.select_layer(0)
        inspector.explain.refresh()
        finder.tensor.setCurrentText("d_weight (backward)")
        finder.index.setText("8, 1")
        qtbot.keyClick(finder.index, Qt.Key.Key_Return)
        assert "from 0, 0 to 7, 1" in finder.error.text() and not finder.error.isHidden()
        if layer:
            document.select_layer(layer)
            inspector.explain.refresh()
        else:
            finder.tensor.setFocus()
            qtbot.keyClick(finder.tensor, Qt.Key.Key_Up)
        assert finder.error.isHidden() and not finder.index.text()


def test_the_rest_of_the_window_goes_along_to_the_sample_that_is_followed(show):
    document = xor()
    inspector = show(document, 7)
    document.select_sample(4)
    document.questions.ask(Place(6, "d_weight", (3, 1)))
    inspector.explain.terms.linkActivated.emit("0")
    place = document.questions.current
    assert place is not None and place.tensor in ("dy", "x") and document.sample == place.index[0] != 4
    inspector.explain.trail.linkActivated.emit("0")
    assert document.sample == place.index[0], "a weight's gradient is of all samples"
    document.show_whole_batch(True)
    inspector.explain.terms.linkActivated.emit("0")
    assert document.whole_batch


def test_the_answer_begins_in_sight_after_a_click_far_below(show, qtbot):
    document = images()
    inspector = show(document, 0)
    inspector.resize(360, 400)
    document.next_batch()
    step, tab = step_of(document), inspector.explain
    document.questions.ask(Place(step.position("backward", 0), "d_weight", (1, 0, 2, 1)))
    column = tab.findChild(QScrollArea)
    qtbot.waitUntil(lambda: column.verticalScrollBar().maximum() > 400)
    column.verticalScrollBar().setValue(400)
    tab.terms.linkActivated.emit("0")
    qtbot.waitUntil(lambda: not tab.trail.visibleRegion().isEmpty())


def test_a_gradient_in_which_almost_everything_cancels_says_so(show, qtbot):
    document = images()
    inspector = show(document, 0)
    document.next_batch()
    step, tab = step_of(document), inspector.explain
    position = step.position("backward", 0)
    # What BatchNorm takes away again: the slope is 0, and a sum in float32 leaves some rounding of it.
    entry = int(np.argmax(np.abs(step.tensor(position, "d_bias"))))
    document.questions.ask(Place(position, "d_bias", (entry,)))
    assert "but for rounding" in tab.terms_title.text()
    qtbot.mouseClick(tab.check.button, Qt.MouseButton.LeftButton)
    assert tab.check.result.text().startswith("✓ agrees but for rounding")
