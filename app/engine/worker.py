"""The child process that trains: NumPy only, no Qt. It ends by itself when its parent is gone."""

import dataclasses
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection, wait

from threadpoolctl import threadpool_limits

from app.engine.loop import TrainingLoop
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
)
from app.engine.state_block import StateBlock
from core.datasets.base import Dataset

SLICE = 0.004
"""Seconds of training between two looks at the pipe."""


def work(connection: "Connection[object, object]", threads: int) -> None:
    """Serve orders from the pipe until told to quit or the parent is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Ctrl-C in a terminal reaches both processes; the window decides what becomes of the training.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(threads)
    try:
        _Worker(connection).serve()
    except (EOFError, ConnectionError):
        return  # the other end of the pipe is gone: there is nobody left to work for
    except MemoryError:
        connection.send(Failed("The training process ran out of memory"))
    except Exception as error:
        connection.send(Failed(f"The training process ended with {type(error).__name__}: {error}"))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    wait([parent.sentinel])
    # Not sys.exit: this is not the main thread, and the main thread may be in the middle of a long step.
    os._exit(1)


class _Worker:
    def __init__(self, connection: "Connection[object, object]") -> None:
        self._connection = connection
        self._data: Dataset | None = None
        self._loop: TrainingLoop | None = None
        self._block: StateBlock
        self._granted = False

    def serve(self) -> None:
        self._connection.send(Ready())
        while True:
            # Without a run there is nothing to do but wait.
            while self._loop is None or self._connection.poll():
                order = self._connection.recv()
                if isinstance(order, Quit):
                    return
                self._obey(order)
            self._train(self._loop)

    def _obey(self, order: object) -> None:
        if isinstance(order, Load):
            self._data = order.data
        elif isinstance(order, Run):
            self._begin(order)
        elif isinstance(order, Grant):
            self._granted = True
        elif isinstance(order, ChangeOptimizer) and self._loop:
            self._loop.change_optimizer(order.spec)
        elif isinstance(order, Watch) and self._loop:
            self._loop.watch(order.norms)
        elif isinstance(order, Pause) and self._loop:
            self._stop(self._loop)

    def _begin(self, run: Run) -> None:
        assert self._data is not None
        self._block = StateBlock.attached(run.block)
        self._loop = TrainingLoop(dataclasses.replace(run, state=self._block.read(run.state)), self._data)
        self._granted = True
        self._connection.send(Begun())

    def _train(self, loop: TrainingLoop) -> None:
        loop.advance(SLICE)
        if loop.is_over:
            self._stop(loop)
        elif self._granted:
            self._granted = False
            started = time.perf_counter()
            frame = loop.frame()
            if frame.state is not None:
                frame = self._through_block(frame, handover=False)
                loop.account_for(time.perf_counter() - started)
            self._connection.send(frame)

    def _stop(self, loop: TrainingLoop) -> None:
        self._loop = None
        frame = self._through_block(loop.frame(final=True), handover=True)
        self._block.close()
        self._connection.send(Stopped(frame, loop.reason, loop.is_problem))

    def _through_block(self, frame: Frame, *, handover: bool) -> Frame:
        assert frame.state is not None
        return dataclasses.replace(frame, state=self._block.write(frame.state, handover=handover))
