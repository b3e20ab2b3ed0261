"""The tool bar says where the training stands: the loss as far as it is known, and the rate in force."""

import numpy as np
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.losses import Losses, Reading
from app.document.presets import load_preset
from app.plots.numbers import format_number
from app.window.tool_bar import Position
from core.metrics import Evaluation
from core.schedules import schedule_from_spec
from tests.app.documents import tape_of, xor_document

WARM_UP = {"kind": "warmup", "warmup_steps": 10}


def wide(qtbot: QtBot, document: Document) -> Position:
    """The figures with room for all of them."""
    view = Position(document)
    qtbot.addWidget(view)
    view.resize(700, 30)
    return view


def test_the_rate_in_force_is_told_where_it_is_not_the_one_chosen(qtbot: QtBot) -> None:
    document = xor_document()
    view = wide(qtbot, document)
    view.show()
    document.next_batch()
    assert "rate now" not in view.text.text()
    document.edit("schedule", schedule=WARM_UP)
    document.next_batch()
    update = next(record for record in tape_of(document).records if record.phase == "update")
    rate = schedule_from_spec(WARM_UP).rate(document.experiment.optimizer["learning_rate"], tape_of(document).step - 1)
    assert f"learning rate {rate:.4g}" in update.account, "the rate that this very step was trained with"
    QTest.qWait(0)
    assert f"rate now <b>{format_number(rate, 3)}</b>" in view.text.text()
    document.edit("learning rate", optimizer={**document.experiment.optimizer, "learning_rate": 0.5})
    view.refresh()
    assert f"rate now <b>{format_number(rate, 3)}</b>" in view.text.text(), "still that of the batch on the tape"
    view.resize(240, 30)
    view.refresh()
    assert "rate now" not in view.text.text() and "loss" in view.text.text()


def test_of_an_old_step_the_range_of_its_loss_is_told(qtbot: QtBot) -> None:
    document = xor_document()
    view = wide(qtbot, document)
    for _ in range(3):
        document.next_batch()
    many = Losses(np.arange(1_200_000) + 0.5)
    document.history.losses = many
    view.refresh()
    known = many.near(3)
    assert isinstance(known, Reading) and known.low < known.high
    assert many.at(3) is None
    assert f"loss <b>{format_number(known.low)}…{format_number(known.high)}</b>" in view.text.text()


def test_an_accuracy_of_other_weights_says_of_which_step_it_is(qtbot: QtBot) -> None:
    document = xor_document()
    view = wide(qtbot, document)
    for _ in range(20):
        document.next_batch()

    def told(measured: int) -> bool:
        document.history.evaluations["test"].clear()
        document.course.add(21, [], {"test": {measured: Evaluation(0.5, 0.75, 200)}})
        view.refresh()
        assert "test accuracy <b>75.00 %" in view.text.text()
        return f"75.00 % at step {measured}</b>" in view.text.text()

    assert told(2) and told(19) and not told(20)
    document.begin_run()
    assert told(2) and not told(19), "they change faster than one reads"


def test_an_accuracy_from_before_a_ruinous_step_is_not_told_as_its_own(qtbot: QtBot) -> None:
    document = xor_document()
    view = wide(qtbot, document)
    for _ in range(20):
        document.next_batch()
    document.edit("too fast", loss={"kind": "mse"}, optimizer={"kind": "sgd", "learning_rate": 1e6})
    while not tape_of(document).refused:
        document.next_batch()
    measured = max(document.history.evaluations["test"])
    document.history.evaluations["test"].pop(measured)  # as after a run, which evaluates now and then
    view.refresh()
    assert f"at step {measured - 1}</b>" in view.text.text()


def figures(view: Position, width: int) -> str:
    """What is told in so much room, as it is read."""
    view.resize(width, 30)
    view.refresh()
    text = QTextDocument()
    text.setHtml(view.text.text())
    assert view.text.sizeHint().width() <= width
    return " ".join(text.toPlainText().split())


def test_in_little_room_epoch_and_words_give_way_and_step_and_loss_stay(qtbot: QtBot) -> None:
    document = xor_document()
    view = wide(qtbot, document)
    for _ in range(20):
        document.next_batch()
    loss = f"loss {format_number(document.history.losses[-1])}"
    accuracy = document.history.evaluations["test"][20].accuracy
    assert accuracy is not None
    measured = f"{100 * accuracy:.2f} %"
    told = [figures(view, width) for width in range(500, 170, -1)]
    assert list(dict.fromkeys(told)) == [
        f"epoch 7 step 20 {loss} test accuracy {measured}",
        f"step 20 {loss} test accuracy {measured}",
        f"step 20 {loss} accuracy {measured}",
        f"step 20 {loss} acc. {measured}",
        f"step 20 {loss}",
    ]


def test_of_a_regression_the_loss_of_the_test_data_is_called_so_or_not_told(qtbot: QtBot) -> None:
    experiment = load_preset("sine")
    document = Document(experiment, experiment.source().load())
    view = wide(qtbot, document)
    for _ in range(20):
        document.next_batch()
    for width in range(700, 170, -1):
        told = figures(view, width)
        assert told.count("loss") == 1 + told.count("test loss") and "step 20 " in told
