"""The field in which a tensor and an index are typed: it offers all there is, and stands at what is explained."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.panels.explain.finder import Finder
from core.explain import Place, explain
from tests.app.explain_tabs import BATCH_NORM, DROPOUT, image_document, numbers_document, open_inspector, step_of


def offered(finder: Finder) -> list[str]:
    return [finder.tensor.itemText(index) for index in range(finder.tensor.count())]


def ask_by_typing(finder: Finder, tensor: str, index: str) -> None:
    finder.tensor.setCurrentIndex(offered(finder).index(tensor))
    finder.index.setText(index)
    QTest.keyClick(finder.index, Qt.Key.Key_Return)


def test_what_a_layer_keeps_and_what_the_step_makes_of_its_statistics_can_be_typed(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    finder = inspector.explain.finder
    document.select_layer(BATCH_NORM)
    kept = ("x_hat", "mean", "variance", "inv_std", "running_mean after", "running_var after")
    assert {"running_mean (before)", "running_var (before)", *(f"{name} (forward)" for name in kept)} <= {
        *offered(finder)
    }
    position = step_of(document).position("forward", BATCH_NORM)
    for name in kept:
        ask_by_typing(finder, f"{name} (forward)", "1, 2, 3, 4" if name == "x_hat" else "2")
        assert document.questions.current == Place(position, name, (1, 2, 3, 4) if name == "x_hat" else (2,))
    document.select_layer(DROPOUT)
    assert "mask (forward)" in offered(finder)


def test_everything_that_is_offered_can_be_explained(qtbot: QtBot) -> None:
    more: tuple[dict[str, Any], ...] = ({}, {"penalty": {"kind": "l2", "strength": 0.1}})
    documents = [image_document(), *(numbers_document({"kind": "sgd"}, **options) for options in more)]
    for document in documents:
        inspector = open_inspector(qtbot, document)
        finder = inspector.explain.finder
        step = step_of(document)
        for layer in range(-1, len(step.layers) + 1):
            document.select_layer(layer)
            names = offered(finder)
            assert names and len({*names}) == len(names), "each has a name of its own"
            for name in names:
                finder.tensor.setCurrentIndex(names.index(name))
                finder.show_tensors(document, step)
                ask_by_typing(finder, name, finder.index.placeholderText().replace("no index", ""))
                assert document.questions.current is not None, name
                assert step.layer_of(document.questions.current) == layer
                assert explain(step, document.questions.current).name
                document.questions.forget()


def test_it_stands_at_the_tensor_that_is_explained(qtbot: QtBot) -> None:
    document = numbers_document({"kind": "adam"})
    inspector = open_inspector(qtbot, document)
    finder, step = inspector.explain.finder, step_of(document)
    backward = step.position("backward", 0)
    document.questions.ask(Place(backward, "d_weight", (3, 1)))
    document.select_layer(0)
    assert finder.tensor.currentText() == "d_weight (backward)" and finder.index.placeholderText() == "3, 1"
    # A neighbour is one index away.
    QTest.keyClicks(finder.index, "4, 0")
    QTest.keyClick(finder.index, Qt.Key.Key_Return)
    assert document.questions.current == Place(backward, "d_weight", (4, 0))
    assert not finder.index.text() and finder.index.placeholderText() == "4, 0"


def test_four_indices_are_read_in_a_window_of_1280_pixels(qtbot: QtBot) -> None:
    document = image_document()
    inspector = open_inspector(qtbot, document)
    inspector.resize(306, 690)
    document.questions.ask(Place(0, "y", (2, 1, 3, 3)))
    document.select_layer(0)
    inspector.grab()
    index = inspector.explain.finder.index
    assert index.placeholderText() == "2, 1, 3, 3"
    frame = 2 * 8  # the padding and the border of the style sheet
    assert index.fontMetrics().horizontalAdvance(index.placeholderText()) <= index.width() - frame


def test_another_tensor_that_was_chosen_stays_chosen_while_one_steps(qtbot: QtBot) -> None:
    document = numbers_document({"kind": "adam"})
    inspector = open_inspector(qtbot, document)
    finder, backward = inspector.explain.finder, step_of(document).position("backward", 0)
    document.select_layer(0)
    document.questions.ask(Place(backward, "d_weight", (3, 1)))
    document.go_to(backward + 1)
    finder.tensor.setCurrentIndex(offered(finder).index("bias (before)"))
    finder.index.setText("2")
    document.next_layer()
    assert "weight after (update)" in offered(finder), "the tape has reached more"
    assert finder.tensor.currentText() == "bias (before)" and finder.index.text() == "2"
