"""What goes wrong inside the training process, or on the way to it, is told in a sentence and costs no weights."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer

from app.document.presets import load_preset
from app.engine.in_process import InProcessEngine
from app.engine.protocol import Until
from app.engine.state_block import StateBlock
from app.window.run_control import NO_ROOM
from core.trainer import Trainer
from core.words import count
from tests.engine.conftest import MakeDesk
from tests.engine.desk import KEPT, SECONDS, assert_goes_on, child, comes_about, needs_stop
from tests.engine.faulty import faulty_xor

# Something goes wrong in the child


@pytest.mark.parametrize("in_evaluation", [False, True])
def test_an_exception_in_a_layer(make_desk: MakeDesk, in_evaluation: bool) -> None:
    desk = make_desk(faulty_xor("raise", after=40, in_evaluation=in_evaluation))
    desk.control.run()
    before = child()
    desk.wait_for_end()
    (sentence,) = desk.problems
    steps = desk.document.steps_done
    assert sentence == (
        f"The training stopped after step {count(steps)} with an error of the program, ZeroDivisionError: nothing can "
        f"be shared among no one. The weights of that step were kept."
    )
    assert steps == 40 or in_evaluation
    assert child() is before
    desk.assert_as_if_never_interrupted()


def test_no_memory_left(make_desk: MakeDesk) -> None:
    desk = make_desk(faulty_xor("memory", after=40))
    desk.control.run()
    desk.wait_for_end()
    (sentence,) = desk.problems
    assert sentence.startswith("There is not enough memory to go on after step 40; its weights were kept.")
    desk.assert_as_if_never_interrupted()


@pytest.mark.parametrize(("trouble", "words"), [("garbage", "cannot be read"), ("unknown", "something unknown (dict)")])
def test_a_message_that_makes_no_sense(make_desk: MakeDesk, trouble: str, words: str) -> None:
    desk = make_desk(faulty_xor(trouble))
    desk.control.run()
    desk.wait_for_end()
    assert words in desk.problems[0] and desk.problems[0].endswith(KEPT)
    desk.assert_as_if_never_interrupted()


def test_half_a_message_holds_nobody_up(make_desk: MakeDesk, tmp_path: Path, impatient: None) -> None:
    sign = tmp_path / "sending"
    desk = make_desk(faulty_xor("half a message", sign=sign))
    desk.control.run()
    desk.wait(sign.exists)
    desk.pause()
    assert desk.problems[0].endswith(KEPT)
    desk.assert_as_if_never_interrupted()


# The pipe is full


@needs_stop
def test_orders_to_a_process_that_reads_none_hold_nobody_up(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    process = child()
    os.kill(process.pid or 0, signal.SIGSTOP)
    orders = 2000  # 64 kB fill the pipe; this is several times as much
    for _ in range(orders):
        desk.engine.change_optimizer({"kind": "adam", "learning_rate": 0.03})
    os.kill(process.pid or 0, signal.SIGCONT)
    desk.wait(lambda: sum(len(frame.changes) for frame in desk.frames) == orders)
    desk.pause()
    assert not desk.problems and child() is process
    assert_goes_on(desk)


def test_a_window_that_reads_nothing_does_not_hold_up_the_training(
    make_desk: MakeDesk, tmp_path: Path, impatient: None
) -> None:
    sign = tmp_path / "step 10000"
    desk = make_desk(faulty_xor("hang", after=10_000, sign=sign))
    desk.run()
    # Not by waiting in Qt: nobody looks at what the child reports.
    assert comes_about(sign.exists, SECONDS)
    assert len(desk.document.history.losses) < 10_000
    desk.pause()
    desk.assert_as_if_never_interrupted()


def test_a_window_that_is_slower_than_the_frames_still_does_other_things(make_desk: MakeDesk) -> None:
    desk, since_beat, most = make_desk(load_preset("xor")), 0, 0

    def beat() -> None:
        nonlocal since_beat
        since_beat = 0

    def take_long(_: object) -> None:
        nonlocal since_beat, most
        since_beat += 1
        most = max(most, since_beat)
        if since_beat < 5:
            comes_about(lambda: False, 0.03)  # the next frame would be there by now

    timer = QTimer(interval=0)
    timer.timeout.connect(beat)
    desk.engine.frame.connect(take_long)
    timer.start()
    desk.run(frames=8)
    timer.stop()
    desk.pause()
    assert most == 1


def test_without_memory_for_the_state_a_training_in_the_window_can_be_paused_once_more(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Trainer) -> None:
        raise MemoryError

    desk = make_desk(load_preset("xor"), InProcessEngine)
    desk.run()
    with monkeypatch.context() as memory:
        memory.setattr(Trainer, "state", fail)
        desk.control.toggle()
    assert desk.document.running and desk.problems == [NO_ROOM]
    desk.control.toggle()
    assert not desk.document.running
    desk.problems.clear()
    assert_goes_on(desk)


@pytest.mark.parametrize("handed_back", [False, True])
def test_a_window_without_memory_for_a_state_has_the_one_before(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, handed_back: bool
) -> None:
    read, end, failed = StateBlock.read, 3000, False

    def read_or_fail(block: StateBlock, placed: dict[str, Any]) -> dict[str, Any]:
        nonlocal failed
        first = next(iter(placed["weights"].values()))
        if not failed and handed_back == (first.offset > 0):  # frames lie at the beginning of the block
            failed = True
            raise MemoryError
        return read(block, placed)

    desk = make_desk(load_preset("xor"))
    with monkeypatch.context() as memory:
        memory.setattr(StateBlock, "read", read_or_fail)
        desk.control.run(Until(steps=end))
        desk.wait_for_end()
    assert failed
    if handed_back:
        (sentence,) = desk.problems
        assert sentence.startswith("There is not enough memory to take the weights over") and sentence.endswith(KEPT)
        assert desk.document.steps_done <= end
    else:
        assert not desk.problems and desk.document.steps_done == end + 1
    assert_goes_on(desk)
