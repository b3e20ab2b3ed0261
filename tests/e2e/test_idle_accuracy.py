"""A person trains on a data set too large to be tested after every batch, pauses, and reads the accuracy."""

import contextlib
from collections.abc import Generator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.window import idle_evaluation
from app.window.main_window import MainWindow
from tests.app.documents import twin, xor, xor_document
from tests.e2e.conftest import Opener
from tests.e2e.hands import press, same_bits, wait_for_steps


@pytest.fixture
def large(open_window: Opener, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """XOR with 3000 points to test with, in batches of 100; no piece of an evaluation takes too long."""
    for limit in ("_BEARABLE", "_HOPELESS"):
        monkeypatch.setattr(idle_evaluation, limit, 1e9)
    return open_window(xor_document(data={**xor().data, "points": 6_000}, batch_size=100))


def tells_its_accuracy(window: MainWindow) -> bool:
    """Whether the tool bar says of the step that is shown, if need be in the tip, how right the network is there."""
    found = twin(window.document, window.document.steps_done).evaluate().accuracy
    assert found is not None
    return f"test accuracy <b>{found * 100:.2f} %</b>" in window.tool_bar.position.text.toolTip()


def test_the_accuracy_after_a_pause_is_that_of_what_is_shown(large: MainWindow, qtbot: QtBot) -> None:
    press(large, "run")
    wait_for_steps(qtbot, large, 40)
    press(large, "run")
    document = large.document
    qtbot.waitUntil(lambda: not document.running and not document.lacks_evaluation)
    found = document.history.evaluation_at(document.steps_done)
    assert found and found[0] == document.steps_done
    assert tells_its_accuracy(large)
    assert same_bits(document.weights(), twin(document, document.steps_done).network.state_dict())
    press(large, "next_batch")
    assert (
        document.history.evaluation_at(document.steps_done) == found and document.lacks_evaluation
    )  # not after every batch


def test_next_epoch_ends_with_its_accuracy(large: MainWindow, qtbot: QtBot) -> None:
    press(large, "next_epoch")
    document = large.document
    qtbot.waitUntil(lambda: not document.running and not document.lacks_evaluation)
    assert document.steps_done == 30 and tells_its_accuracy(large)


def test_a_window_closed_in_the_middle_of_it_leaves_nothing_running(
    large: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, events = large.document, []
    evaluation = document.evaluation

    def without_end() -> Generator[None, None, None]:
        """It stays at its first piece: on a quick machine it would be over before the window is closed."""
        events.append("begun")
        with contextlib.closing(evaluation()) as pieces:
            next(pieces)
            try:
                while True:
                    yield
            finally:
                events.append("left")

    monkeypatch.setattr(document, "evaluation", without_end)
    document.next_batch()
    press(large, "next_epoch")
    qtbot.waitUntil(lambda: events == ["begun"])
    assert not document.running and document.lacks_evaluation
    large.close()
    assert events == ["begun", "left"]
    for _ in range(100):
        QApplication.processEvents()
    assert document.history.evaluations["test"].get(30) is None and events == ["begun", "left"]
