"""Another kind of optimizer taken back: where nothing was trained since, what it remembers is there again."""

from typing import Any

import pytest

from app.document.document import Document
from tests.app.documents import batches, twin, with_memory

SGD = {"kind": "sgd", "learning_rate": 0.02, "momentum": 0.9}


def assert_as_if_never_changed(document: Document) -> None:
    """Demand the state of plain training with the options that are chosen now, and curves without a change."""
    assert not document.course.marks and len(document.history.experiments) == 1
    batches(document, 3)
    assert document.trainer
    plain = twin(document, document.steps_done)
    got, wanted = document.trainer.state(), plain.state()
    assert list(document.history.losses) == losses(document)
    assert got["rng"] == wanted["rng"] and got["optimizer"]["steps"] == wanted["optimizer"]["steps"]
    for slot, memory in wanted["optimizer"]["memory"].items():
        for name, array in memory.items():
            assert got["optimizer"]["memory"][slot][name].tobytes() == array.tobytes()


def losses(document: Document) -> list[float]:
    """The losses of plain training."""
    plain = twin(document)
    return [plain.train_step() for _ in range(document.steps_done)]


@pytest.mark.parametrize("cursor", [0, 3, None])
def test_undo_brings_back_what_the_optimizer_remembered(cursor: int | None) -> None:
    document = with_memory()
    batches(document, 4)
    if cursor is not None:
        document.next_layer()
        document.go_to(cursor)
    done = document.steps_done
    document.edit("optimizer", optimizer=SGD)
    document.undo()
    assert document.experiment.optimizer["kind"] == "adam" and document.steps_done == done
    assert_as_if_never_changed(document)


def test_redo_and_undo_bring_it_back_as_well() -> None:
    document = with_memory()
    batches(document, 4)
    document.edit("optimizer", optimizer=SGD)
    document.edit("rate", optimizer={**SGD, "learning_rate": 0.5})
    for move in (document.undo, document.undo, document.redo, document.redo, document.undo, document.undo):
        move()
    assert document.experiment.optimizer["kind"] == "adam"
    assert_as_if_never_changed(document)


@pytest.mark.parametrize("later", [1, 5])
def test_training_done_since_stays(later: int) -> None:
    document = with_memory()
    batches(document, 4)
    document.edit("optimizer", optimizer=SGD)
    batches(document, later)
    curve = list(document.history.losses)
    document.undo()
    assert document.steps_done == 4 + later and list(document.history.losses) == curve
    assert memory_of(document) == {"m": {}, "v": {}}


def memory_of(document: Document) -> Any:
    assert document.trainer
    return document.trainer.optimizer.memory
