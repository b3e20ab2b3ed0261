"""A large test set is evaluated after a pause and after an epoch, in pieces between which the window can answer."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.window import idle_evaluation
from app.window.idle_evaluation import IdleEvaluation
from core.metrics import Evaluation
from core.trainer import Trainer
from tests.app.documents import Ears, assert_same, batches, twin, xor, xor_document

BATCHES = 3  # of an epoch


@pytest.fixture
def document(monkeypatch: pytest.MonkeyPatch) -> Document:
    """3000 points to test with, in 12 pieces, and an epoch of 3 batches.

    Only tests of that record ahead, or find a piece too slow.
    """
    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 1e9)
    for limit in ("_BEARABLE", "_HOPELESS"):
        monkeypatch.setattr(idle_evaluation, limit, 1e9)
    return xor_document(data={**xor().data, "points": 6_000}, batch_size=1_000)


@pytest.fixture
def idle(document: Document, qapp: QApplication) -> Iterator[IdleEvaluation]:
    evaluation = IdleEvaluation(document)
    yield evaluation
    evaluation.close()


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An evaluation that does not end by itself; what became of it."""
    events: list[str] = []

    def evaluation(self: Trainer, part: str) -> Iterator[None]:
        events.append("begun")
        try:
            while True:
                yield None
        finally:
            events.append("left")

    monkeypatch.setattr(Trainer, "evaluation", evaluation)
    return events


def run(document: Document, steps: int) -> None:
    """A run elsewhere, after which one more batch is done here."""
    document.begin_run()
    document.end_run(twin(document, steps).state())


def let_qt_work() -> None:
    for _ in range(50):
        QApplication.processEvents()


def wait_for(qtbot: QtBot, document: Document, steps: int) -> None:
    qtbot.waitUntil(lambda: steps in document.history.evaluations["test"])
    trainer = twin(document, steps)
    assert document.history.evaluation_at(document.steps_done) == (steps, trainer.evaluate())
    assert_same(document.weights(), trainer.network.state_dict())


@pytest.mark.parametrize("steps", [BATCHES + 1, 2 * BATCHES])
def test_after_a_pause_the_accuracy_is_that_of_what_is_shown(
    idle: IdleEvaluation, document: Document, qtbot: QtBot, steps: int
) -> None:
    run(document, steps - 1)
    assert document.history.evaluation_at(document.steps_done) is None
    ears = Ears(document)
    wait_for(qtbot, document, steps)
    assert ears.heard() == {"history_changed": 1}


def test_after_an_epoch_of_stepping_too_but_not_after_every_batch(
    idle: IdleEvaluation, document: Document, qtbot: QtBot
) -> None:
    for steps in range(1, 2 * BATCHES + 1):
        document.next_batch()
        if steps % BATCHES:
            let_qt_work()
        else:
            wait_for(qtbot, document, steps)
    assert list(document.history.evaluations["test"]) == [BATCHES, 2 * BATCHES]


def test_what_is_known_is_not_evaluated_again(idle: IdleEvaluation, document: Document, endless: list[str]) -> None:
    found = Evaluation(0.5, 0.5, 3000)
    document.begin_run()
    document.show_progress(1, np.full(2 * BATCHES, 0.5), {"test": {2 * BATCHES: found}})
    document.end_run(twin(document, 2 * BATCHES - 1).state())
    document.history.evaluations["test"][2 * BATCHES] = found
    let_qt_work()
    assert document.history.evaluation_at(document.steps_done) == (2 * BATCHES, found) and endless == []


CHANGES: dict[str, Callable[[Document], object]] = {
    "back": lambda document: document.back(),
    "next layer": lambda document: document.next_layer(),
    "an option": lambda document: document.edit("rate", optimizer={"kind": "sgd", "learning_rate": 0.5}),
    "layers": lambda document: document.edit("layers", layers=({"kind": "dense", "units": 1},)),
    "travelling": lambda document: document.travel(1),
    "running": lambda document: document.begin_run(),
    "reset": lambda document: document.reset(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_ends_it_at_once(
    idle: IdleEvaluation, document: Document, qtbot: QtBot, endless: list[str], change: str
) -> None:
    batches(document, BATCHES)
    qtbot.waitUntil(lambda: endless == ["begun"])
    let_qt_work()
    CHANGES[change](document)
    assert endless == ["begun", "left"]
    let_qt_work()
    assert endless[2:] == (["begun"] if change == "an option" else [])  # the same weights are shown as before


def test_it_begins_again_when_one_comes_back(
    idle: IdleEvaluation, document: Document, qtbot: QtBot, endless: list[str]
) -> None:
    run(document, BATCHES)
    qtbot.waitUntil(lambda: endless == ["begun"])
    document.back()
    document.next_layer()
    qtbot.waitUntil(lambda: endless == ["begun", "left", "begun"])


def test_closing_ends_it_for_good(idle: IdleEvaluation, document: Document, qtbot: QtBot, endless: list[str]) -> None:
    batches(document, BATCHES)
    qtbot.waitUntil(lambda: endless == ["begun"])
    idle.close()
    assert endless == ["begun", "left"]
    batches(document, BATCHES)
    run(document, 7)
    let_qt_work()
    assert endless == ["begun", "left"]


def test_recording_ahead_waits_for_it(
    idle: IdleEvaluation, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    pieces = Trainer.evaluation

    def evaluation(self: Trainer, part: str) -> Iterator[object]:
        for found in pieces(self, part):
            document.record_ahead()  # what the view of the network does after a while
            assert document.tapes
            kept.append(document.tapes.kept)
            yield found

    monkeypatch.setattr("app.document.stepper.SLOW_RECORDING", 0.0)
    wanted = twin(document, BATCHES)
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "evaluation", evaluation)
        batches(document, BATCHES)
        qtbot.waitUntil(lambda: document.tapes is not None and document.tapes.kept == BATCHES + 1)
    assert kept == [BATCHES] * 13
    assert document.history.evaluation_at(document.steps_done) == (BATCHES, wanted.evaluate())
    assert_same(document.weights(), wanted.network.state_dict())


@pytest.mark.parametrize("trouble", ["slow", "hopeless", "memory"])
def test_a_network_that_is_too_large_for_it_is_left_alone(
    idle: IdleEvaluation, document: Document, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    pieces: list[int] = []

    def evaluation(self: Trainer, part: str) -> Iterator[None]:
        while True:
            pieces.append(self.steps)
            if trouble == "memory":
                raise MemoryError
            yield None

    monkeypatch.setattr(Trainer, "evaluation", evaluation)
    monkeypatch.setattr(idle_evaluation, "_BEARABLE", 0.0 if trouble == "slow" else 1e9)
    monkeypatch.setattr(idle_evaluation, "_HOPELESS", 0.0 if trouble == "hopeless" else 1e9)
    batches(document, BATCHES)
    let_qt_work()
    assert len(pieces) == (3 if trouble == "slow" else 1)
    batches(document, 1)
    document.record_ahead()
    assert document.steps_done == BATCHES + 1
