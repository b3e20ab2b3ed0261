"""Nothing that happens to the training process costs a person's work: the weights are kept, and Run goes on."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

import app.engine.client
from app.document.document import Document
from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.protocol import Until
from app.window.main_window import MainWindow
from tests.engine.conftest import MakeDesk
from tests.engine.desk import SECONDS, Desk, child, shared_blocks
from tests.engine.faulty import faulty_xor

ROOT = Path(__file__).resolve().parents[2]
needs_stop = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process and let it go on")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
KEPT = "are here, and a new process is ready: press Run to go on."


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A patience that is over soon."""
    monkeypatch.setattr(app.engine.client, "PATIENCE", 0.3)


def assert_goes_on(desk: Desk) -> None:
    """Demand that what is there is what plain training gives, and that the next run continues it."""
    desk.assert_as_if_never_interrupted()
    problems = len(desk.problems)
    desk.train_to(desk.document.steps_done + 30)
    assert not desk.stops[-1].reason and len(desk.problems) == problems
    desk.assert_as_if_never_interrupted()


def comes_about(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition comes to hold within so many seconds in which Qt does nothing."""
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return holds


def is_running(pid: int) -> bool:
    """Whether that process is there, and is more than a note for its parent that it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# The child dies


def test_killed_while_training(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run(frames=3)
    child().kill()
    desk.wait_for_end()
    (sentence,) = desk.problems
    assert sentence.startswith("The training process ended unexpectedly") and sentence.endswith(KEPT)
    assert desk.document.steps_done > desk.states()[0]["steps"]
    assert_goes_on(desk)


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows a killed process looks like any other")
def test_a_killed_process_may_have_run_out_of_memory(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    child().kill()
    desk.wait_for_end()
    assert "(it was killed, as the system does when memory runs out)" in desk.problems[0]


def test_killed_while_evaluating(make_desk: MakeDesk, tmp_path: Path) -> None:
    sign = tmp_path / "evaluating"
    desk = make_desk(faulty_xor("hang", in_evaluation=True, sign=sign))
    desk.run()
    desk.wait(sign.exists)
    child().kill()
    desk.wait_for_end()
    assert desk.problems[0].endswith(KEPT)
    desk.assert_as_if_never_interrupted()


def test_killed_before_it_takes_up_the_run(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.control.run()
    child().kill()
    desk.wait_for_end()
    assert desk.problems and desk.problems[0].endswith(KEPT)
    assert desk.document.steps_done == 1  # the one the window does itself
    assert_goes_on(desk)


def test_killed_while_it_hands_the_weights_back(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    desk.control.pause()
    child().kill()
    desk.wait_for_end()
    assert desk.document.steps_done > 1
    assert_goes_on(desk)


def test_killed_while_nothing_runs(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.train_to(50)
    process = child()
    process.kill()
    process.join()
    desk.train_to(80)
    assert not desk.problems
    desk.assert_as_if_never_interrupted()


def test_ends_by_itself(make_desk: MakeDesk) -> None:
    desk = make_desk(faulty_xor("end"))
    desk.control.run()
    desk.wait_for_end()
    assert "ended unexpectedly" in desk.problems[0]
    desk.assert_as_if_never_interrupted()


# The child hangs


@needs_stop
def test_a_stopped_process_is_replaced_when_the_person_pauses(make_desk: MakeDesk, impatient: None) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    before = child().pid or 0
    os.kill(before, signal.SIGSTOP)
    desk.wait(lambda: bool(desk.slow))
    assert desk.slow[0] > 0.3 and desk.document.running
    desk.pause()
    assert "did not stop when told to" in desk.problems[0] and desk.problems[0].endswith(KEPT)
    assert desk.slow[-1] == 0
    assert child().pid != before
    assert_goes_on(desk)


@needs_stop
def test_whoever_cannot_wait_gets_the_weights_of_a_stopped_process(make_desk: MakeDesk, impatient: None) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    os.kill(child().pid or 0, signal.SIGSTOP)
    desk.document.edit("batch size", batch_size=20)
    assert not desk.document.running and desk.document.experiment.batch_size == 20
    assert desk.problems and desk.document.steps_done > 1


@pytest.mark.parametrize("in_evaluation", [False, True])
def test_a_layer_that_never_returns(make_desk: MakeDesk, tmp_path: Path, impatient: None, in_evaluation: bool) -> None:
    sign = tmp_path / "hanging"
    desk = make_desk(faulty_xor("hang", in_evaluation=in_evaluation, sign=sign))
    desk.control.run()
    desk.wait(sign.exists)
    desk.pause()
    assert desk.problems[0].endswith(KEPT)
    desk.assert_as_if_never_interrupted()


@needs_stop
def test_a_process_that_never_began_is_left_without_a_word(make_desk: MakeDesk, impatient: None) -> None:
    desk = make_desk(load_preset("xor"))
    os.kill(child().pid or 0, signal.SIGSTOP)
    desk.control.run()
    desk.pause()
    assert not desk.problems
    assert_goes_on(desk)


@needs_stop
def test_a_process_that_wakes_up_in_time_is_kept(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    process = child()
    os.kill(process.pid or 0, signal.SIGSTOP)
    desk.control.pause()
    os.kill(process.pid or 0, signal.SIGCONT)
    desk.wait_for_end()
    assert not desk.problems and child().pid == process.pid
    assert_goes_on(desk)


# Something goes wrong in the child


@pytest.mark.parametrize("in_evaluation", [False, True])
def test_an_exception_in_a_layer(make_desk: MakeDesk, in_evaluation: bool) -> None:
    desk = make_desk(faulty_xor("raise", after=40, in_evaluation=in_evaluation))
    desk.control.run()
    before = child().pid
    desk.wait_for_end()
    (sentence,) = desk.problems
    steps = desk.document.steps_done - 1  # the last one was done in the window
    assert sentence == (
        f"The training stopped after step {steps} with an error of the program, ZeroDivisionError: nothing can be "
        f"shared among no one. The weights of that step were kept."
    )
    assert steps == 40 or in_evaluation
    assert child().pid == before
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
    for _ in range(5000):  # 64 kB fill the pipe; this is many times as much
        desk.engine.change_optimizer({"kind": "adam", "learning_rate": 0.03})
    os.kill(process.pid or 0, signal.SIGCONT)
    desk.wait_for_states(1)
    desk.pause()
    assert not desk.problems and child().pid == process.pid
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


# The end


def test_closing_while_it_trains_leaves_nothing(make_desk: MakeDesk) -> None:
    before = shared_blocks()
    desk = make_desk(load_preset("xor"))
    desk.run()
    assert len(shared_blocks() - before) == 1
    desk.engine.close()
    assert not multiprocessing.active_children()
    assert shared_blocks() <= before


def test_closing_while_it_hangs_leaves_nothing(make_desk: MakeDesk, tmp_path: Path, impatient: None) -> None:
    before, sign = shared_blocks(), tmp_path / "hanging"
    desk = make_desk(faulty_xor("hang", sign=sign))
    desk.control.run()
    desk.wait(sign.exists)
    desk.engine.close()
    assert not multiprocessing.active_children()
    assert shared_blocks() <= before


def test_closing_the_window_while_it_trains_leaves_nothing(qtbot: QtBot) -> None:
    before, preset = shared_blocks(), load_preset("xor")
    window = MainWindow(Document(preset, preset.source().load()), ProcessEngine(1))
    window.run_control.load()
    window.show()
    with qtbot.waitSignal(window._engine.frame, timeout=SECONDS * 1000):
        window.run_or_pause()
    window.close()
    assert not multiprocessing.active_children()
    assert shared_blocks() <= before


def test_a_process_that_cannot_be_started(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("no more processes")

    desk = make_desk(load_preset("xor"))
    child().kill()
    monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", refuse)
    desk.wait(lambda: not multiprocessing.active_children())
    desk.control.run(Until(steps=50))
    assert not desk.document.running
    assert desk.problems == ["The training could not be started (OSError: no more processes)."]
    monkeypatch.undo()
    assert_goes_on(desk)


@needs_proc
@pytest.mark.parametrize("trouble", ["", "hang"])
def test_a_child_ends_with_its_parent(trouble: str) -> None:
    """The window is killed in the middle of a run: its child is gone within 2 s, and its shared memory too."""
    before = shared_blocks()
    command = [sys.executable, "-m", "tests.engine.orphan", trouble]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_running(pid) and len(shared_blocks() - before) == 1
        parent.kill()
    assert comes_about(lambda: not is_running(pid), 2.0)
    assert comes_about(lambda: shared_blocks() <= before, 2.0)
