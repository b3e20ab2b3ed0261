"""Loads data sets without holding up the window, and asks for MNIST where it is not on this computer."""

import concurrent.futures
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.mnist_files import find_mnist
from core.datasets.base import Dataset, DataSource
from core.types import ChainruleError


class DataLoader(QObject):
    """One request at a time; a newer request makes an older one's answer be dropped."""

    loaded = Signal(object, object)
    """The source and its `Dataset`."""

    failed = Signal(str)
    """A sentence that says what is wrong with the data."""

    folder_needed = Signal(object)
    """The source whose files are nowhere on this computer."""

    busy_changed = Signal(bool)

    _answered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="data")
        self._newest: concurrent.futures.Future[Dataset] | None = None
        self._source: DataSource | None = None
        # The answer comes from the pool's thread; a queued signal brings it to the window's.
        self._answered.connect(self._deliver)

    def load(self, source: DataSource, folder: Path | None = None) -> None:
        """Load; `folder` says where the files are, otherwise they are looked for."""
        if source.needs_folder and folder is None:
            folder = find_mnist()
            if folder is None:
                if self._newest is not None:  # what was asked for before is not wanted any more
                    self._newest = None
                    self.busy_changed.emit(False)
                self.folder_needed.emit(source)
                return
        self._source = source
        self._newest = self._pool.submit(source.load, folder)
        self.busy_changed.emit(True)
        self._newest.add_done_callback(self._answered.emit)

    def close(self) -> None:
        """Wait for the thread; its answer is dropped."""
        self._newest = None
        self._pool.shutdown(cancel_futures=True)

    def _deliver(self, future: "concurrent.futures.Future[Dataset]") -> None:
        if future is not self._newest:
            return
        self._newest = None
        self.busy_changed.emit(False)
        try:
            data = future.result()
        except ChainruleError as error:
            self.failed.emit(str(error))
            return
        except MemoryError:
            self.failed.emit("There is not enough memory for this data: what was open stays.")
            return
        self.loaded.emit(self._source, data)
