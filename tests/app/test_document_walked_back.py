"""Walked back over batches that were trained with other options, then an edit and its undo: their weights are there."""

from collections.abc import Callable

import pytest

from app.document.document import Document
from tests.app.documents import assert_same, batches, copies, tape_of, with_memory

ADAM = {"kind": "adam", "learning_rate": 0.03}


def begin_anew(document: Document) -> None:
    """Choose other start weights."""
    document.edit("seed", seed=9)


def go_another_way(document: Document) -> None:
    """Travel back and go on from there, which the new rate makes another training."""
    document.travel(0)
    document.next_batch()


@pytest.mark.parametrize("leave", [begin_anew, go_another_way, Document.reset])
@pytest.mark.parametrize("back", [1, 4, 30])
def test_undo_brings_back_the_weights_that_were_trained(leave: Callable[[Document], None], back: int) -> None:
    document = with_memory()
    batches(document, 4)
    document.edit("rate", optimizer={**ADAM, "learning_rate": 0.5})
    trained = copies(document.weights())
    for _ in range(back):
        document.back()
    leave(document)
    document.undo()
    assert len(document.history.losses) == 4
    while document.steps_done < 4:
        document.next_layer()
    assert_same(document.weights(), trained)
    document.next_batch()
    assert tape_of(document).learning_rate == 0.5 and len(document.history.losses) == 5
