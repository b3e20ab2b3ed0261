"""However it ends, nothing is left running and no memory is left behind."""

import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.protocol import Until
from app.window.main_window import MainWindow
from tests.engine.conftest import MakeDesk
from tests.engine.desk import SECONDS, assert_goes_on, child, comes_about, shared_blocks
from tests.engine.faulty import faulty_xor

ROOT = Path(__file__).resolve().parents[2]
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")


def is_running(pid: int) -> bool:
    """Whether that process is there, and is more than a note for its parent that it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


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
@pytest.mark.parametrize("hangs", [False, True])
def test_a_child_ends_with_its_parent(tmp_path: Path, hangs: bool) -> None:
    """The window is killed in the middle of a run: its child is gone within 2 s, and its shared memory too."""
    before, sign = shared_blocks(), tmp_path / "hanging"
    command = [sys.executable, "-m", "tests.engine.orphan", str(sign) if hangs else ""]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert not hangs or comes_about(sign.exists, SECONDS)
        assert is_running(pid) and len(shared_blocks() - before) == 1
        parent.kill()
    assert comes_about(lambda: not is_running(pid), 2.0)
    assert comes_about(lambda: shared_blocks() <= before, 2.0)
