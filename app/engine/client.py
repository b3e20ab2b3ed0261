"""The window's side of the child process: starts it, feeds it, hears what it reports, and survives its death.

Whatever happens to the child, the last state it reported is here, and the run goes back to the window with a sentence
about what happened.
"""

import contextlib
import dataclasses
import multiprocessing
import time
from multiprocessing.process import BaseProcess
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.engine.channel import ENDED, Channel
from app.engine.engine import ADVICE, Engine
from app.engine.protocol import (
    Begun,
    ChangeOptimizer,
    Failed,
    Frame,
    Grant,
    Load,
    Pause,
    Quit,
    Ready,
    Run,
    Stopped,
    Watch,
    unmoved,
)
from app.engine.state_block import StateBlock
from app.engine.worker import work
from core.datasets.base import Dataset
from core.norms import NormRange
from core.words import count

TICK = 16
"""Milliseconds between two looks at what the child reports."""

_REPORTS_APART = 0.03
"""Seconds between two reports that the child may make: pictures are not drawn more often, and each holds both up."""

PATIENCE = 2.0
"""Seconds without a word after which a step counts as long, and a child that was told to stop is ended by force."""

_PATIENCE_WITH_SLOW = 2.0
"""As many times its longest silence so far may a child take that did report: it is slow, and does not hang."""

_NOTICEABLE = 0.15
"""Seconds that a person is left waiting without being told."""

_KILLED = -9
"""Exit code of a process that was killed."""


class ProcessEngine(Engine):
    """Trains in a child process (spawn), which is started ahead of the first run by `load`."""

    def __init__(self, threads: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads = threads
        self._process: BaseProcess | None = None
        self._channel: Channel | None = None
        self._data: Dataset | None = None
        self._block: StateBlock | None = None
        self._last: Frame | None = None  # the newest state that is known, should the child die
        self._running = False
        self._owes_grant = False
        self._grant_from = 0.0
        self._pausing_since = 0.0
        self._heard_at = 0.0
        self._longest_silence = 0.0  # seconds between two reports of this run
        self._is_up = False  # whether the child has said that it is there
        self._has_begun = False  # whether the child has taken up this run
        self._is_slow = False
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._tick)

    # Orders

    def waiting(self) -> int:
        return self._channel.waiting if self._channel else 0

    def load(self, data: Dataset) -> None:
        self._data = data
        if self._channel is not None and self._is_alive():
            self._channel.send(Load(data))
        else:
            self._end_child()
            self._prepare()

    def start(self, run: Run) -> None:
        if not self._is_alive():
            self._end_child()
            self._spawn()
        assert self._channel
        self._block = StateBlock.for_state(run.state)
        try:
            placed = self._block.write(run.state, handover=True)
        except MemoryError:
            self._remove_block()
            raise
        self._last = unmoved(run.state)
        self._running, self._owes_grant, self._has_begun, self._pausing_since = True, False, False, 0.0
        self._heard_at, self._longest_silence = time.monotonic(), 0.0
        self._channel.send(dataclasses.replace(run, state=placed, block=self._block.name))
        self._timer.start()

    def pause(self) -> None:
        if self._channel is not None and self._running and not self._pausing_since:
            self._pausing_since = time.monotonic()
            self._channel.send(Pause())

    def pause_now(self) -> None:
        self.pause()
        since, told = time.monotonic(), False
        while self._running:
            if not told and time.monotonic() - since > _NOTICEABLE:
                told = True
                self.waits.emit()
            self._tick(0.01)

    def change_optimizer(self, spec: dict[str, Any]) -> None:
        if self._channel is not None and self._running:
            self._channel.send(ChangeOptimizer(spec))

    def watch(self, norms: tuple[NormRange, ...]) -> None:
        if self._channel is not None and self._running:
            self._channel.send(Watch(norms))

    def close(self) -> None:
        self._timer.stop()
        self._running = False
        if self._channel is not None and self._process is not None:
            self._channel.send(Quit())
            self._process.join(PATIENCE / 4)
        self._end_child()
        self._remove_block()

    # What comes back

    def _tick(self, timeout: float = 0.0) -> None:
        assert self._channel
        message = self._channel.receive(timeout)
        while message is not None:
            self._take(message)
            message = self._channel.receive() if self._running and self._channel else None
        if self._running:
            self._watch()
        # After everything was read and shown: a window that takes long over a frame gets fewer, not a queue of them.
        now = time.monotonic()
        if self._owes_grant and self._channel and now >= self._grant_from:
            self._owes_grant, self._grant_from = False, now + _REPORTS_APART
            self._channel.send(Grant())

    def _take(self, message: object) -> None:
        assert self._channel
        if self._has_begun:
            # Of the child, not of the window: one that was held up takes a report long after it came.
            self._longest_silence = max(self._longest_silence, self._channel.arrived - self._heard_at)
        self._heard_at = time.monotonic()
        if isinstance(message, Ready):
            self._is_up = True
        elif isinstance(message, Begun):
            self._has_begun = True
        elif isinstance(message, Frame):
            message = self._unpacked(message)
            if message.state is not None:
                self._last = message
            self._owes_grant = True
            self.frame.emit(message)
        elif isinstance(message, Stopped):
            frame = self._unpacked(message.frame)
            if frame.state is None:
                self._give_back("There is not enough memory to take the weights over from the training process")
            else:
                self._finish(dataclasses.replace(message, frame=frame))
        elif isinstance(message, Failed):
            self._give_back(message.what)
        else:
            self._give_back(f"The training process sent something unknown ({type(message).__name__})")

    def _unpacked(self, frame: Frame) -> Frame:
        """The frame with copies of the arrays that lie in the block; without its state if there is no room for them."""
        if frame.state is None:
            return frame
        assert self._block
        try:
            return dataclasses.replace(frame, state=self._block.read(frame.state))
        except MemoryError:
            return dataclasses.replace(frame, state=None)

    def _watch(self) -> None:
        """Notice a child that hangs or takes long over a step."""
        now = time.monotonic()
        silent, asked_for = now - self._heard_at, now - self._pausing_since
        hangs = silent > max(PATIENCE, _PATIENCE_WITH_SLOW * self._longest_silence)
        if self._pausing_since and hangs and asked_for > PATIENCE / 2:
            self._give_back("The training process did not stop when told to and was ended")
        elif self._has_begun and (silent > PATIENCE or self._is_slow):
            self._is_slow = silent > PATIENCE
            self.slow.emit(silent if self._is_slow else 0.0)

    def _give_back(self, what: str) -> None:
        """The child is of no more use: hand the last known state back, and start another child."""
        assert self._last is not None and self._last.state is not None
        # Paused before the child had come round to the run: nothing is lost, so there is nothing to tell.
        is_problem = self._has_begun or not self._pausing_since
        was_up, code = self._is_up, self._end_child()
        if code == _KILLED and what == ENDED:
            what = f"{what} (it was killed, as the system does when memory runs out)"
        kept = f"The weights after step {count(self._last.state['steps'])} are here"
        if was_up:
            self._prepare()
            reason = f"{what}. {kept}, and a new process is ready: press Run to go on."
        else:
            reason = f"The training process could not be started (exit code {code}). {kept}. {ADVICE}"
        self._finish(Stopped(unmoved(self._last.state), reason if is_problem else "", is_problem))

    def _finish(self, stopped: Stopped) -> None:
        self._running = self._owes_grant = False
        self._timer.stop()
        self._remove_block()
        if self._is_slow:
            self._is_slow = False
            self.slow.emit(0.0)
        self._last = None  # the window has the newer one: of a large network that is 40 MB
        self.stopped.emit(stopped)

    def _remove_block(self) -> None:
        block, self._block = self._block, None
        if block is not None:
            block.remove()

    # The child

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def _prepare(self) -> None:
        """Start a child ahead of the next run."""
        with contextlib.suppress(OSError):  # then the next run tries again, and says why it cannot begin
            self._spawn()

    def _spawn(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, self._threads), daemon=True, name="chainrule-worker")
        process.start()
        # Only the child holds that end now; when it dies, reading says so.
        theirs.close()
        self._process, self._channel, self._is_up = process, Channel(ours), False
        if self._data is not None:
            self._channel.send(Load(self._data))

    def _end_child(self) -> int | None:
        """Terminate, then kill; returns the exit code when the process and its threads here are gone."""
        process, self._process = self._process, None
        channel, self._channel = self._channel, None
        code = None
        if process is not None:
            for end in (process.terminate, process.kill):
                if process.is_alive():
                    end()
                    process.join(0.5)
            process.join()
            code = process.exitcode
            process.close()
        if channel is not None:
            channel.close()
        return code
