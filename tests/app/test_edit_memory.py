"""What Undo holds on to: equal arrays once, and no more than its budget."""

import dataclasses

import numpy as np
import pytest

import app.document.edits
from app.document.edits import Edits
from app.document.snapshots import state_bytes
from tests.app.documents import batches, copies, with_memory


def rate(value: float) -> dict[str, object]:
    return {"kind": "adam", "learning_rate": value}


def test_edits_that_keep_the_weights_hold_them_once() -> None:
    document = with_memory()
    batches(document, 3)
    assert document.trainer
    size = state_bytes(document.trainer.state())
    for change in range(12):
        document.edit("rate", optimizer=rate(0.01 + change / 1000))
    assert document.edits.bytes == size
    newest = document.course.snapshots.nearest(3)
    assert newest and all(
        moment.state and moment.state["weights"][name] is array
        for _, moment in document.edits._done
        for name, array in newest["weights"].items()
    )


def test_the_oldest_edits_make_room_but_never_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    document = with_memory()
    assert document.trainer
    size = state_bytes(document.trainer.state())
    monkeypatch.setattr(app.document.edits, "BUDGET", 3 * size)
    for change in range(8):
        batches(document, 1)
        document.edit("rate", optimizer=rate(0.01 + change / 1000))
    assert document.edits.bytes <= 3 * size and len(document.edits._done) == 3
    monkeypatch.setattr(app.document.edits, "BUDGET", 1)
    batches(document, 1)
    document.edit("the last", optimizer=rate(0.5))
    assert document.edits.undo_label == "the last" and len(document.edits._done) == 1


def test_weights_that_differ_in_the_sign_of_a_zero_are_not_the_same() -> None:
    document = with_memory()
    moment = document._moment()
    assert moment.state
    other = {**moment.state, "weights": {name: -array for name, array in copies(moment.state["weights"]).items()}}
    zeros = {name: np.zeros_like(array) for name, array in other["weights"].items()}
    negative = {name: -array for name, array in zeros.items()}
    edits = Edits()
    for weights in (zeros, negative):
        edits.add("", dataclasses.replace(moment, state={**other, "weights": weights}, kept=()))
    first, second = (before.state for _, before in edits._done)
    assert first and second
    assert all(not np.signbit(first["weights"][name]).any() for name in zeros)
    assert all(np.signbit(second["weights"][name]).all() for name in zeros)
