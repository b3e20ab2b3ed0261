"""However it ends, nothing is left running and no memory is left behind."""

import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.engine import ADVICE
from app.engine.in_process import InProcessEngine
from app.engine.protocol import Until
from app.engine.state_block import StateBlock
from app.window.main_window import MainWindow
from app.window.start import make_engine
from tests.engine.conftest import MakeDesk
from tests.engine.desk import SECONDS, Desk, assert_goes_on, child, comes_about, still_there
from tests.engine.faulty import blas_threads, faulty_xor

ROOT = Path(__file__).resolve().parents[2]
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")


def running_since(pid: int) -> str:
    """When that process was started, which tells it from a later one of its number; empty when it has ended."""
    try:
        state, *facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # A zombie is but a note for its parent that it has ended.
    return "" if state == "Z" else facts[18]


def test_closing_while_it_trains_leaves_nothing(make_desk: MakeDesk, blocks: list[Path]) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    assert len(blocks) == 1 and still_there(blocks)
    desk.engine.close()
    assert not multiprocessing.active_children()
    assert not still_there(blocks)


def test_closing_while_it_hangs_leaves_nothing(
    make_desk: MakeDesk, tmp_path: Path, impatient: None, blocks: list[Path]
) -> None:
    sign = tmp_path / "hanging"
    desk = make_desk(faulty_xor("hang", sign=sign))
    desk.control.run()
    desk.wait(sign.exists)
    assert len(blocks) == 1 and still_there(blocks)
    desk.engine.close()
    assert not multiprocessing.active_children()
    assert not still_there(blocks)


def test_closing_the_window_while_it_trains_leaves_nothing(qtbot: QtBot, blocks: list[Path]) -> None:
    preset = load_preset("xor")
    window = MainWindow(Document(preset, preset.source().load()), ProcessEngine(1))
    window.run_control.load()
    window.show()
    with qtbot.waitSignal(window._engine.frame):
        window.run_control.toggle()
    assert len(blocks) == 1 and still_there(blocks)
    window.close()
    assert not multiprocessing.active_children()
    assert not still_there(blocks)


def test_a_process_that_cannot_be_started(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("no more processes")

    desk = make_desk(load_preset("xor"))
    child().kill()
    monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", refuse)
    desk.wait(lambda: not multiprocessing.active_children())
    desk.control.run(Until(steps=50))
    assert not desk.document.running
    assert desk.problems == [f"The training could not be started (OSError: no more processes). {ADVICE}"]
    monkeypatch.undo()
    assert_goes_on(desk)


@needs_proc
def test_a_process_that_ends_as_soon_as_it_is_started(make_desk: MakeDesk) -> None:
    context = multiprocessing.get_context("spawn")
    context.set_executable("/bin/false")
    try:
        desk = make_desk(load_preset("xor"))
        for _ in range(2):
            desk.control.run()
            desk.wait_for_end()
    finally:
        context.set_executable(sys.executable)
    assert len(desk.problems) == 2
    assert all("could not be started" in problem and problem.endswith(ADVICE) for problem in desk.problems)
    assert_goes_on(desk)


@needs_proc
def test_new_data_when_the_idle_process_has_died_leaves_no_thread_and_no_pipe(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    files = Path("/proc/self/fd")
    threads, pipes = threading.active_count(), len(list(files.iterdir()))
    for _ in range(3):
        process = child()
        process.kill()
        process.join()
        desk.control.load()
    assert threading.active_count() == threads and len(list(files.iterdir())) == pipes
    assert_goes_on(desk)


def test_a_run_that_finds_no_memory_to_begin_in_leaves_none(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, blocks: list[Path]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        assert still_there(blocks)
        raise MemoryError

    desk = make_desk(load_preset("xor"))
    with monkeypatch.context() as patch:
        patch.setattr(StateBlock, "write", refuse)
        desk.control.run()
    assert not desk.document.running and "MemoryError" in desk.problems[0]
    assert len(blocks) == 1 and not still_there(blocks)
    assert_goes_on(desk)


def test_both_processes_multiply_with_the_same_number_of_threads(qtbot: QtBot) -> None:
    for threads in (2, 1):
        engine = make_engine(threads, single_process=False)
        assert blas_threads() == {threads}
        desk = Desk(qtbot, faulty_xor("threads"), engine)
        desk.control.run()
        desk.wait_for_end()
        engine.close()
        assert f"with {{{threads}}} threads" in desk.problems[0]


def test_in_a_single_process_the_window_trains(qtbot: QtBot) -> None:
    desk = Desk(qtbot, load_preset("xor"), make_engine(1, single_process=True))
    desk.train_to(30)
    assert isinstance(desk.engine, InProcessEngine) and not multiprocessing.active_children()
    desk.assert_as_if_never_interrupted()


@needs_proc
@pytest.mark.parametrize("hangs", [False, True])
def test_a_child_ends_with_its_parent(tmp_path: Path, hangs: bool) -> None:
    """The window is killed in the middle of a run: its child is gone within 2 s, and its shared memory too."""
    sign = tmp_path / "hanging"
    command = [sys.executable, "-m", "tests.engine.orphan", str(sign) if hangs else ""]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with parent:
        try:
            assert parent.stdout
            pid, block = int(parent.stdout.readline()), Path(parent.stdout.readline().decode().strip())
            assert not hangs or comes_about(sign.exists, SECONDS)
            since = running_since(pid)
            assert since and block.exists()
        finally:
            parent.kill()  # by itself it never ends
    assert comes_about(lambda: running_since(pid) != since, 2.0)
    assert comes_about(lambda: not block.exists(), 2.0)
