"""The window's end of the pipe to the child process: neither sending nor receiving ever holds the window up.

A thread writes and a thread reads, because either can take for ever when the child hangs in the middle of a message.
Both end by themselves when the child is gone.
"""

import queue
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

from app.engine.protocol import Failed

ENDED = "The training process ended unexpectedly"


class Channel:
    """Orders go in by `send`; what the child reports comes out by `receive`, in the end a `Failed`."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._orders: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._reports: queue.SimpleQueue[tuple[float, object]] = queue.SimpleQueue()
        self.arrived = 0.0
        """When the report that was received last had come, by `time.monotonic`; a busy window takes it later."""
        self._threads = [
            threading.Thread(target=work, daemon=True, name=f"{name} of the training process")
            for name, work in (("orders", self._write), ("reports", self._read))
        ]
        for thread in self._threads:
            thread.start()

    def send(self, order: object) -> None:
        """Send when the pipe has room."""
        self._orders.put(order)

    @property
    def waiting(self) -> int:
        """Reports that have arrived and were not taken yet."""
        return self._reports.qsize()

    def receive(self, timeout: float = 0.0) -> object | None:
        """The next report, None when there is none within that many seconds."""
        try:
            self.arrived, report = self._reports.get(timeout > 0, timeout or None)
        except queue.Empty:
            return None
        return report

    def close(self) -> None:
        """Let go of the pipe; the child must have ended."""
        self._orders.put(None)
        for thread in self._threads:
            thread.join()
        self._connection.close()

    def _write(self) -> None:
        while (order := self._orders.get()) is not None:
            try:
                self._connection.send(order)
            except OSError:
                return  # the child is gone, which the other thread reports
            except Exception as error:  # above all MemoryError: an order is copied on its way
                problem = f"The training process could not be told what to do ({type(error).__name__})"
                self._report(Failed(problem))
                return

    def _read(self) -> None:
        try:
            while True:
                self._report(self._connection.recv())
        except (EOFError, OSError):
            self._report(Failed(ENDED))
        except Exception as error:  # a broken message can raise anything while it is unpacked
            problem = f"The training process sent something that cannot be read ({type(error).__name__})"
            self._report(Failed(problem))

    def _report(self, report: object) -> None:
        self._reports.put((time.monotonic(), report))
