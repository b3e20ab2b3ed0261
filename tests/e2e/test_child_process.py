"""The window with the engine it has in earnest: a child process, which trains, hands back, and ends with the window."""

import copy
import multiprocessing

import pytest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.window.main_window import MainWindow
from core.types import Arrays
from tests.e2e.conftest import Opener
from tests.e2e.hands import choose, press, same_bits, tool_button, twin, wait_for_steps, write


@pytest.fixture
def window(open_window: Opener) -> MainWindow:
    """The window on XOR; its trainings run in another process."""
    experiment = load_preset("xor")
    return open_window(Document(experiment, experiment.source().load()), ProcessEngine(threads=1))


def paused(qtbot: QtBot, window: MainWindow) -> None:
    press(window, "run")
    qtbot.waitUntil(lambda: not window.document.running)


def test_a_run_from_the_middle_of_a_batch_arrives_at_the_weights_of_plain_steps(
    window: MainWindow, qtbot: QtBot
) -> None:
    document = window.document
    press(window, "next_layer", 5)
    press(window, "run")
    assert document.running
    wait_for_steps(qtbot, window, 50)
    paused(qtbot, window)
    other = twin(document)
    losses = [other.train_step() for _ in range(document.steps_done)]
    assert same_bits(document.weights(), other.network.state_dict())
    assert list(document.history.losses) == losses
    press(window, "next_epoch")
    qtbot.waitUntil(lambda: not document.running)
    # Paused between two epochs, the next one is run as a whole.
    other.train_step()
    while other.steps % other.batches_per_epoch:
        other.train_step()
    assert same_bits(document.weights(), other.network.state_dict())


def test_another_learning_rate_takes_effect_without_a_pause(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "run")
    wait_for_steps(qtbot, window, 20)
    line = window.tool_bar.rate.field
    write(line, "0")  # type: ignore[arg-type]
    assert window.document.running
    seen: list[tuple[int, Arrays]] = []

    def weights_stand_still_while_steps_go_on() -> bool:
        steps, weights = window.document.steps_done, copy.deepcopy(window.document.weights())
        if not seen or steps > seen[-1][0]:
            seen.append((steps, weights))
        return len(seen) > 1 and same_bits(seen[-1][1], seen[-2][1])

    # The order takes its way to the child, which goes on meanwhile.
    qtbot.waitUntil(weights_stand_still_while_steps_go_on)
    assert window.document.running
    paused(qtbot, window)
    assert same_bits(window.document.weights(), seen[-1][1])


def test_reset_during_a_run_and_closing_during_a_run(window: MainWindow, qtbot: QtBot) -> None:
    start = window.document.weights()
    press(window, "run")
    wait_for_steps(qtbot, window, 20)
    choose(window, "Network", "Reset")
    assert not window.document.running and same_bits(window.document.weights(), start)
    assert tool_button(window, "next_layer").isEnabled()
    press(window, "run")
    wait_for_steps(qtbot, window, 20)
    assert multiprocessing.active_children()
    window.close()
    assert not multiprocessing.active_children()
