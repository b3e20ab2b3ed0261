"""The child process that trains: NumPy only, no Qt. It ends by itself when its parent is gone."""

import dataclasses
import multiprocessing
import os
import threading
import time
from multiprocessing.connection import Connection, wait

from threadpoolctl import threadpool_limits

from app.engine.loop import TrainingLoop
from app.engine.protocol import ChangeOptimizer, Grant, Load, Pause, Quit, Run, Stopped
from app.engine.state_block import StateBlock
from core.datasets.base import Dataset

SLICE = 0.004
"""Seconds of training between two looks at the pipe."""


def work(connection: "Connection[object, object]", threads: int) -> None:
    """Serve orders from the pipe until told to quit or the parent is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threadpool_limits(threads)
    try:
        _Worker(connection).serve()
    except (EOFError, OSError):
        return  # the other end of the pipe is gone: there is nobody left to work for


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
        while True:
            # Without a run there is nothing to do but wait.
            while self._loop is None or self._connection.poll():
                order = self._connection.recv()
                if isinstance(order, Quit):
                    return
                self._obey(order)
            self._train()

    def _obey(self, order: object) -> None:
        if isinstance(order, Load):
            self._data = order.data
        elif isinstance(order, Run):
            assert self._data is not None
            self._block = StateBlock.attached(order.block)
            self._loop = TrainingLoop(order, self._data)
            self._granted = True
        elif isinstance(order, Grant):
            self._granted = True
        elif isinstance(order, ChangeOptimizer) and self._loop:
            self._loop.change_optimizer(order.spec)
        elif isinstance(order, Pause) and self._loop:
            self._stop(self._loop)

    def _train(self) -> None:
        loop = self._loop
        assert loop
        loop.advance(SLICE)
        if loop.is_over:
            self._stop(loop)
        elif self._granted:
            self._granted = False
            started = time.perf_counter()
            frame = loop.frame()
            if frame.state is not None:
                frame = dataclasses.replace(frame, state=self._block.write(frame.state))
                loop.account_for(time.perf_counter() - started)
            self._connection.send(frame)

    def _stop(self, loop: TrainingLoop) -> None:
        self._loop = None
        self._block.close()
        # Through the pipe: the window may not have read the last frame's state from the block yet.
        self._connection.send(Stopped(loop.frame(final=True), loop.reason, loop.is_problem))
