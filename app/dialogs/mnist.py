"""Asks where MNIST is to come from: download it, with progress and cancel, or open a folder that has it."""

import concurrent.futures
import threading
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QProgressBar, QPushButton, QWidget

from app.layouts import fill, label, row
from app.mnist_files import MIRRORS, DownloadCancelled, download_folder, download_mnist
from core.datasets.mnist import missing_files
from core.types import DataError

_MEGABYTE = 1e6


class MnistDialog(QDialog):
    """Ends accepted with `folder` set, or rejected."""

    _progressed = Signal(int, int)
    _finished = Signal(object)

    def __init__(self, parent: QWidget | None = None, mirrors: Sequence[str] = MIRRORS) -> None:
        super().__init__(parent)
        self.setWindowTitle("MNIST")
        self.folder: Path | None = None
        self._mirrors = mirrors
        self._cancelled = threading.Event()
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="download")
        self._running = False
        self.message = label(
            "MNIST, 70 000 pictures of handwritten digits, is not on this computer yet. Chainrule can download it "
            f"(12 MB) into {download_folder()}, or you open a folder that has the four files.",
            wrap=True,
        )
        self.error = label(role="error", wrap=True)
        self.error.hide()
        self.bar = QProgressBar()
        self.bar.hide()
        self.download_button = QPushButton("Download")
        self.download_button.setProperty("role", "primary")
        self.download_button.clicked.connect(self.download)
        self.folder_button = QPushButton("Open folder…")
        self.folder_button.clicked.connect(self.ask_folder)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.clicked.connect(self.reject)
        buttons = row(None, self.cancel_button, self.folder_button, self.download_button)
        fill(self, self.message, self.bar, self.error, buttons, margin=16, spacing=12)
        self.setMinimumWidth(460)
        self.download_button.setDefault(True)
        self.download_button.setFocus()
        self._progressed.connect(self._show_progress)
        self._finished.connect(self._finish)

    def download(self) -> None:
        """Start the download; the dialog closes by itself when it is complete."""
        self._running = True
        self._cancelled.clear()
        self.error.hide()
        self.bar.show()
        self.adjustSize()
        self.download_button.setEnabled(False)
        self.folder_button.setEnabled(False)
        work = self._pool.submit(download_mnist, self._progressed.emit, self._cancelled.is_set, self._mirrors)
        work.add_done_callback(self._finished.emit)

    def ask_folder(self) -> None:
        """Let the person choose a folder."""
        chosen = QFileDialog.getExistingDirectory(self, "Folder with the four MNIST files")
        if chosen:
            self.take_folder(Path(chosen))

    def take_folder(self, folder: Path) -> None:
        """Take a folder if it has the files, otherwise say which are missing."""
        if missing := missing_files(folder):
            names = ", ".join(missing)
            self._show_error(f"{folder} lacks {names}. Choose the folder that has all four files, packed (.gz) or not.")
            return
        self.folder = folder
        self.accept()

    def reject(self) -> None:
        """Cancel: a running download is stopped first."""
        if self._running:
            self._cancelled.set()
            self.cancel_button.setEnabled(False)
            self.message.setText("Stopping the download…")
            return
        super().reject()

    def stop(self) -> None:
        """End at once, with what is being downloaded: the window behind it closes."""
        self._cancelled.set()
        self._finished.disconnect(self._finish)
        super().reject()

    def _show_progress(self, done: int, total: int) -> None:
        self.bar.setMaximum(total)
        self.bar.setValue(done)
        self.bar.setFormat(f"{done / _MEGABYTE:.1f} of {total / _MEGABYTE:.1f} MB")

    def _finish(self, work: "concurrent.futures.Future[Path]") -> None:
        self._running = False
        self.download_button.setEnabled(True)
        self.folder_button.setEnabled(True)
        try:
            self.folder = work.result()
        except DownloadCancelled:
            super().reject()
        except DataError as error:
            self.bar.hide()
            self._show_error(str(error))
        else:
            self.accept()

    def done(self, result: int) -> None:
        """Close, and end the thread of the download."""
        self._pool.shutdown()
        super().done(result)

    def _show_error(self, sentence: str) -> None:
        self.error.setText(sentence)
        self.error.show()
        # Dialogs do not grow by themselves when a text needs more lines.
        self.adjustSize()
