"""The Explain tab and the cursor: the record there while nothing is asked, and where it stands while something is."""

import inspect
import linecache
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.panels.explain.tab import LOST, NOT_REACHED, NOTHING_ASKED, ExplainTab
from app.panels.explain.words import LET_GO, record_name, typeset
from core.explain import Place
from core.layers.dense import Dense
from tests.app.documents import tape_of
from tests.app.explain_tabs import image_document, open_inspector, step_of


@pytest.fixture
def document() -> Document:
    experiment = load_preset("xor")
    return Document(experiment, experiment.source().load())


@pytest.fixture
def tab(qtbot: QtBot, document: Document) -> Iterator[ExplainTab]:
    inspector = open_inspector(qtbot, document)
    yield inspector.explain


def test_account_formula_and_code_follow_the_cursor(document: Document, tab: ExplainTab) -> None:
    document.go_to(0)
    assert not tab.at_cursor.isVisible() and not tab.code.isVisible() and tab.sentence.text() == NOTHING_ASKED
    for position, record in enumerate(tape_of(document).records):
        document.next_layer()
        assert record_name(step_of(document), position) in tab.at_cursor.heading.text()
        assert tab.at_cursor.account.text() and record.account in tab.at_cursor.account.text().replace("&amp;", "&")
        assert typeset(record.formula.split(";")[0]) in tab.at_cursor.formula.text()
        first = linecache.getline(str(record.source.path), record.source.first).strip()
        assert tab.code.isVisible() and first in tab.code.view.toPlainText()
        assert record.source.path.name in tab.code.title.text()
        assert tab.sentence.isVisible() and tab.sentence.text() == NOTHING_ASKED
    document.back()
    assert record_name(step_of(document), document.cursor - 1) in tab.at_cursor.heading.text()


def test_an_answer_stays_and_says_where_the_cursor_stands(document: Document, tab: ExplainTab) -> None:
    step = step_of(document)
    position = step.position("forward", 0)
    document.go_to(position + 1)
    document.questions.ask(Place(position, "y", (0, 1)))
    assert not tab.at_cursor.isVisible() and tab.formula.isVisible()
    answer = tab.formula.text()
    document.next_layer()
    assert tab.formula.text() == answer and "2 · Tanh, forward" in tab.at_cursor.heading.text()
    assert "tanh" in tab.at_cursor.formula.text() and not tab.at_cursor.account.isVisible()
    assert tab.code.view.toPlainText().strip() == inspect.cleandoc("\n" + inspect.getsource(Dense.forward))
    document.go_to(0)
    assert tab.sentence.text() == NOT_REACHED and "start of the batch" in tab.at_cursor.heading.text()
    document.go_to(3)
    tab.at_cursor.heading.linkActivated.emit("#")
    assert document.questions.current is None and tab.sentence.text() == NOTHING_ASKED
    assert "3 · Dense, forward" in tab.at_cursor.heading.text() and tab.at_cursor.account.isVisible()


def test_the_cross_behind_the_breadcrumb_lets_go(document: Document, tab: ExplainTab) -> None:
    document.questions.ask(Place(0, "y", (0, 1)))
    assert f'href="{LET_GO}"' in tab.trail.text()
    tab.trail.linkActivated.emit(LET_GO)
    assert document.questions.current is None and not tab.trail.isVisible()


def test_a_number_that_is_no_longer_there_is_let_go_with_a_word(document: Document, tab: ExplainTab) -> None:
    document.edit("penalty", penalty={"kind": "l2", "strength": 0.1})
    document.next_batch()
    penalty = step_of(document).penalty_position
    document.questions.ask(Place(penalty, "d_0.weight", (1, 1)))
    document.edit("none", penalty={"kind": "none"})
    document.next_batch()
    assert document.questions.current is None
    assert tab.sentence.text().startswith(LOST.format("weight[1, 1] of the penalty"))
    document.edit("penalty", penalty={"kind": "l2", "strength": 0.1})
    document.next_batch()
    position = step_of(document).position("backward", 1)
    document.questions.ask(Place(position, "dx", (0, 1)))
    document.edit("none", penalty={"kind": "none"})
    document.next_batch()
    assert document.questions.current == Place(position - 1, "dx", (0, 1))
    assert "2 · Tanh.dx[0, 1]" in tab.trail.text()


def test_following_a_number_takes_the_selection_to_its_layer(document: Document, tab: ExplainTab) -> None:
    step = step_of(document)
    document.questions.ask(Place(step.position("backward", 0), "d_weight", (3, 1)))
    for layer in (1, 1, 2):  # dy of layer 1 is dx of layer 2, made of its dy
        tab.terms.linkActivated.emit("0")
        assert document.selected_layer == layer or document.selected_layer == layer - 1
        assert document.selected_layer == step.layer_of(document.questions.current)  # type: ignore[arg-type]
    tab.trail.linkActivated.emit("0")
    assert document.selected_layer == 0


def test_convolution_and_pooling_can_be_read_as_loops_and_it_is_remembered(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    tab, step = inspector.explain, step_of(document)
    document.questions.ask(Place(step.position("forward", 0), "y", (0, 0, 0, 0)))
    assert "def forward" in tab.code.view.toPlainText() and tab.code.loops_button.isVisible()
    tab.code.loops_button.click()
    assert tab.code.view.toPlainText().startswith("def conv2d_forward(") and "reading.py" in tab.code.title.text()
    document.questions.ask(Place(step.position("backward", 3), "dx", (0, 0, 0, 0)))
    assert tab.code.view.toPlainText().startswith("def max_pool2d_backward(")
    document.questions.ask(Place(step.position("forward", 8), "y", (0, 0)))
    assert tab.code.view.toPlainText().startswith("def forward(") and not tab.code.loops_button.isVisible()
    document.questions.ask(Place(step.position("forward", 0), "y", (0, 0, 0, 0)))
    tab.code.loops_button.click()
    assert "self._strips" in tab.code.view.toPlainText()
