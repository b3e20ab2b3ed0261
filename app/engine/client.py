"""The window's side of the child process: starts it, feeds it, drains its pipe, and survives its death.

Orders are written by a thread of their own, so that a full pipe never holds up the window. Whatever happens to the
child, the last state it reported is here, and the run goes back to the window with a sentence about what happened.
"""

import concurrent.futures
import dataclasses
import multiprocessing
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer

from app.engine.engine import Engine
from app.engine.protocol import ChangeOptimizer, Frame, Grant, Load, Pause, Quit, Run, Stopped
from app.engine.state_block import StateBlock
from app.engine.worker import work
from core.datasets.base import Dataset

TICK = 16
"""Milliseconds between two looks at the pipe."""

PATIENCE = 2.0
"""Seconds after which a child that was told to stop is stopped by force, and a step counts as long."""


class ProcessEngine(Engine):
    """Trains in a child process (spawn), which is started ahead of the first run by `load`."""

    def __init__(self, threads: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads = threads
        self._process: BaseProcess | None = None
        self._connection: Connection[Any, Any] | None = None
        self._sender: concurrent.futures.ThreadPoolExecutor | None = None
        self._data: Dataset | None = None
        self._block: StateBlock | None = None
        self._last: Frame | None = None  # the newest state that is known, should the child die
        self._running = False
        self._pausing_since = 0.0
        self._heard_at = 0.0
        self._is_slow = False
        self._timer = QTimer(self)
        self._timer.setInterval(TICK)
        self._timer.timeout.connect(self._tick)

    # Orders

    def load(self, data: Dataset) -> None:
        self._data = data
        if self._process is not None and self._process.is_alive():
            self._send(Load(data))
        else:
            self._spawn()

    def start(self, run: Run) -> None:
        if self._process is None or not self._process.is_alive():
            self._spawn()
        self._last = Frame(run.state["steps"] + 1, np.empty(0), {}, run.state, 0.0)
        self._running, self._pausing_since = True, 0.0
        self._heard_at = time.monotonic()
        self._block = StateBlock.for_state(run.state)
        self._send(dataclasses.replace(run, block=self._block.name))
        self._timer.start()

    def pause(self) -> None:
        if self._running and not self._pausing_since:
            self._pausing_since = time.monotonic()
            self._send(Pause())

    def pause_now(self) -> None:
        self.pause()
        while self._running:
            if self._connection is not None:
                self._connection.poll(0.01)
            self._tick()

    def change_optimizer(self, spec: dict[str, Any]) -> None:
        if self._running:
            self._send(ChangeOptimizer(spec))

    def close(self) -> None:
        self._timer.stop()
        self._running = False
        if self._process is not None and self._process.is_alive():
            self._send(Quit())
            self._process.join(PATIENCE / 4)
        self._end_child()
        self._remove_block()

    # What comes back

    def _tick(self) -> None:
        try:
            while self._running and self._connection is not None and self._connection.poll():
                self._take(self._connection.recv())
        except (EOFError, OSError):
            self._give_back("The training process ended unexpectedly")
        except Exception as error:  # a broken message can raise anything while it is unpacked
            self._give_back(f"The training process sent something that cannot be read ({type(error).__name__})")
        if self._running:
            self._watch()

    def _take(self, message: object) -> None:
        self._heard_at = time.monotonic()
        if isinstance(message, Frame):
            if message.state is not None and self._block is not None:
                message = dataclasses.replace(message, state=self._block.read(message.state))
                self._last = message
            # Only now may the worker write into the block again.
            self._send(Grant())
            self.frame.emit(message)
        elif isinstance(message, Stopped):
            self._finish(message)
        else:
            self._give_back(f"The training process sent something unknown ({type(message).__name__})")

    def _watch(self) -> None:
        """Notice a child that has died, hangs, or takes long over a step."""
        now = time.monotonic()
        if self._process is None or not self._process.is_alive():
            self._give_back("The training process ended unexpectedly")
        elif self._pausing_since and now - self._pausing_since > PATIENCE:
            self._give_back("The training process did not stop when told to and was ended")
        else:
            silent = now - self._heard_at
            if silent > PATIENCE or self._is_slow:
                self._is_slow = silent > PATIENCE
                self.slow.emit(silent if self._is_slow else 0.0)

    def _give_back(self, what: str) -> None:
        """The child is of no more use: hand the last known state back, and start another child."""
        assert self._last is not None and self._last.state is not None
        self._end_child()
        steps = self._last.state["steps"]
        frame = Frame(steps + 1, np.empty(0), {}, self._last.state, 0.0)
        reason = f"{what}. The weights after step {steps} are here, and a new process is ready: press Run to go on."
        self._finish(Stopped(frame, reason, is_problem=True))
        self._spawn()

    def _finish(self, stopped: Stopped) -> None:
        self._running = False
        self._timer.stop()
        self._remove_block()
        if self._is_slow:
            self._is_slow = False
            self.slow.emit(0.0)
        self.stopped.emit(stopped)

    # The child

    def _remove_block(self) -> None:
        block, self._block = self._block, None
        if block is not None:
            block.remove()

    def _spawn(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, self._threads), daemon=True, name="chainrule-worker")
        self._process.start()
        # Only the child holds that end now; when it dies, reading says so.
        theirs.close()
        self._sender = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="orders")
        if self._data is not None:
            self._send(Load(self._data))

    def _send(self, order: object) -> None:
        assert self._sender is not None and self._connection is not None
        self._sender.submit(_write, self._connection, order)

    def _end_child(self) -> None:
        """Terminate, then kill; returns when the process and the thread are gone."""
        process, self._process = self._process, None
        if process is not None:
            for end in (process.terminate, process.kill):
                if process.is_alive():
                    end()
                    process.join(0.5)
            process.join()
            process.close()
        if self._sender is not None:
            self._sender.shutdown(cancel_futures=True)
            self._sender = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _write(connection: "Connection[Any, Any]", order: object) -> None:
    try:
        connection.send(order)
    except OSError:
        return  # the child is gone; the next look at the pipe finds out and says so
