"""The curves hold what the history holds, at a cost that does not grow with what was drawn before."""

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.document.history import History
from app.panels import curves as panel
from app.panels.curves import Curves, EvaluationCopy
from core.metrics import Evaluation
from tests.app.panel_documents import XOR_RECORDS, number_document, show, step, xor_document


def test_before_the_first_step_a_sentence_stands_there(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    step(document, XOR_RECORDS - 1)
    assert view.plot.names() == ()
    labels = [label.text() for label in view.plot.findChildren(QLabel) if label.isVisible()]
    assert panel.EMPTY in labels


def test_curves_equal_the_history(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    for _ in range(5):
        document.next_batch()
    assert view.plot.names() == ("batch loss", "train loss", "test loss", "test accuracy")
    for number in range(1, 6):
        train, test = (document.history.evaluations[part][number] for part in ("train", "test"))
        assert view.plot.readout_at(number) == (
            f"step {number} · batch loss {document.history.losses[number - 1]:.4f} · train loss {train.loss:.4f} · "
            f"test loss {test.loss:.4f} · test accuracy {(test.accuracy or 0) * 100:.1f} %"
        )


def test_a_regression_has_no_accuracy(qtbot: QtBot) -> None:
    document = number_document()
    view = show(qtbot, Curves(document))
    document.next_batch()
    assert view.plot.names() == ("batch loss", "train loss", "test loss")


def test_the_line_stands_at_the_steps_done_at_the_cursor(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    marks: list[float | None] = []
    monkeypatch.setattr(view.plot, "set_marker", marks.append)
    document.next_batch()
    document.next_batch()
    document.back()
    assert [marks[0], marks[-2], marks[-1]] == [1, 2, 1]


def test_reset_clears_the_curves(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    document.next_batch()
    document.reset()
    assert view.plot.names() == ()


def test_a_restart_with_other_data_shows_only_the_new_course(qtbot: QtBot) -> None:
    document = xor_document()
    view = show(qtbot, Curves(document))
    for _ in range(3):
        document.next_batch()
    document.reset()
    document.edit("rate", optimizer={"kind": "adam", "learning_rate": 0.1})
    document.next_batch()
    document.next_batch()
    assert view.plot.readout_at(99).startswith(f"step 2 · batch loss {document.history.losses[1]:.4f}")


@pytest.mark.parametrize("kept", [0, 3, 5])
@pytest.mark.parametrize("new", [1, 4, 9])
def test_a_history_that_was_cut_and_went_on_differently_is_read_anew(kept: int, new: int) -> None:
    history, evaluations = History(), EvaluationCopy()
    history.evaluations["test"].update({s: Evaluation(1.0 + s, 0.5, 3) for s in range(1, 8)})
    evaluations.follow(history.evaluations["test"])
    history.truncate(kept)
    history.evaluations["test"].update({kept + 1 + i: Evaluation(-1.0 * i, 0.25, 3) for i in range(new)})
    steps, values, accuracies = evaluations.follow(history.evaluations["test"])
    found = history.evaluations["test"]
    assert steps.tolist() == list(found) == list(range(1, kept + new + 1))
    assert values.tolist() == [e.loss for e in found.values()]
    assert accuracies.tolist() == [e.accuracy for e in found.values()]


def test_evaluations_without_accuracy_are_not_numbers() -> None:
    steps, losses, accuracies = EvaluationCopy().follow({4: Evaluation(0.5, None, 10)})
    assert (steps.tolist(), losses.tolist()) == ([4.0], [0.5]) and np.isnan(accuracies).all()
