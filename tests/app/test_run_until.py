"""The question how far to train: every answer means what it says, and a wrong one gets a sentence."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.dialogs.run_until import KINDS, Goal, Place, RunUntilDialog
from core.types import OptionError
from tests.app.documents import batches, xor_document
from tests.app.panel_documents import number_document

PLACE = Place(steps=7, batches_per_epoch=3, has_accuracy=True)


@pytest.mark.parametrize(
    "kind,text,goal",
    [
        ("epoch", "4", Goal(step=12)),
        ("step", "1 200", Goal(step=1200)),
        ("step", "1\u202f200", Goal(step=1200)),
        ("more_epochs", "2", Goal(step=13)),
        ("more_steps", "1", Goal(step=8)),
        ("loss", "0.05", Goal(loss=0.05)),
        ("loss", "1e-3", Goal(loss=1e-3)),
        ("loss", "0,05", Goal(loss=0.05)),
        ("accuracy", "97.5", Goal(accuracy=0.975)),
        ("accuracy", "100 %", Goal(accuracy=1.0)),
    ],
)
def test_answers(kind: str, text: str, goal: Goal) -> None:
    assert PLACE.goal(kind, text) == goal


@pytest.mark.parametrize(
    "kind,text,words",
    [
        ("step", "", "Give a whole number of at least 1, not ''."),
        ("step", "7", "The training is at step 7 already, in epoch 3: give a later step."),
        ("step", "0", "whole number of at least 1"),
        ("step", "-3", "whole number"),
        ("step", "2.5", "whole number"),
        ("step", "soon", "whole number"),
        ("step", "²", "whole number"),
        ("step", "9" * 400, "at most 12 digits"),
        ("step", "0" * 13, "whole number of at least 1"),
        ("epoch", "9" * 13, "Give a number of at most 12 digits: '9999999999999' is never reached."),
        ("epoch", "2", "The training is at step 7 already, in epoch 3: give a later epoch."),
        ("loss", "-1", "The loss must be a number of at least 0, not '-1'."),
        ("loss", "nan", "The loss must be a number"),
        ("loss", "inf", "The loss must be a number"),
        ("loss", "", "The loss must be a number"),
        ("accuracy", "101", "The accuracy must be a number from 0 to 100, not '101'."),
        ("accuracy", "-0.5", "The accuracy must be a number"),
        ("accuracy", "%", "The accuracy must be a number"),
    ],
)
def test_wrong_answers_get_a_sentence(kind: str, text: str, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        PLACE.goal(kind, text)
    assert words in str(caught.value)


@pytest.fixture
def dialog(qtbot: QtBot) -> RunUntilDialog:
    """The dialog after 4 steps; an epoch has 3."""
    document = xor_document()
    batches(document, 4)
    dialog = RunUntilDialog(document)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def choose(dialog: RunUntilDialog, kind: str, text: str) -> None:
    dialog.kind.setCurrentText(KINDS[kind])
    dialog.value.clear()
    QTest.keyClicks(dialog.value, text)


def test_the_dialog_says_where_the_training_is_and_gives_the_goal(dialog: RunUntilDialog) -> None:
    assert dialog.place.words() == "Now at step 4, in epoch 2; an epoch has 3 steps."
    goals: list[Goal] = []
    dialog.chosen.connect(goals.append)
    choose(dialog, "epoch", "5")
    QTest.keyClick(dialog.value, Qt.Key.Key_Return)
    assert goals == [Goal(step=15)] and not dialog.isVisible()


def test_a_wrong_answer_stays_for_mending(dialog: RunUntilDialog) -> None:
    goals: list[Goal] = []
    dialog.chosen.connect(goals.append)
    choose(dialog, "step", "3")
    QTest.mouseClick(dialog.run, Qt.MouseButton.LeftButton)
    assert dialog.isVisible() and goals == []
    assert dialog.error.isVisible() and "step 4 already" in dialog.error.text()
    assert dialog.value.text() == "3" and dialog.value.selectedText() == "3"
    dialog.kind.setCurrentText(KINDS["more_steps"])
    assert not dialog.error.isVisible()
    QTest.mouseClick(dialog.run, Qt.MouseButton.LeftButton)
    assert goals == [Goal(step=7)]


def test_cancel_runs_nothing(dialog: RunUntilDialog) -> None:
    goals: list[Goal] = []
    dialog.chosen.connect(goals.append)
    choose(dialog, "step", "9")
    QTest.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    assert goals == [] and not dialog.isVisible()


def test_a_regression_has_no_accuracy_to_wait_for(qtbot: QtBot) -> None:
    dialog = RunUntilDialog(number_document())
    qtbot.addWidget(dialog)
    kinds = [dialog.kind.itemData(index) for index in range(dialog.kind.count())]
    assert kinds == ["epoch", "step", "more_epochs", "more_steps", "loss"]
