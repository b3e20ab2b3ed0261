"""Where MNIST lies on this computer, and how it gets there.

Nothing here knows of a window: the download reports through two functions it is given, keeps no global state, and so
may run in any thread. What it puts into the program's folder is complete and checked, or it is not there.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs

from core.datasets.idx import open_unpacked
from core.datasets.mnist import MNIST_FILES, MnistFile, missing_files
from core.types import DataError

FOLDER_VARIABLE = "CHAINRULE_DATA"
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
TIMEOUT_SECONDS = 10.0
"""How long a mirror may stay silent; also the longest a cancelled download needs to notice."""

CHUNK_BYTES = 2**14
SPARE_BYTES = 2**20
"""By how much a transfer may be larger than the unpacked file before it is broken off."""

WRONG_CONTENT = "the content is not that of MNIST"


class DownloadCancelled(Exception):
    """The person has cancelled the download; nothing of it is left behind."""


def download_folder() -> Path:
    """The program's own folder for MNIST, whether or not it exists."""
    return platformdirs.user_data_path("chainrule") / "mnist"


def find_mnist() -> Path | None:
    """The first folder with all four files: the one `$CHAINRULE_DATA` names, then the program's own."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    folders = [Path(chosen)] if chosen else []
    folders.append(download_folder())
    return next((folder for folder in folders if not missing_files(folder)), None)


def download_mnist(
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    mirrors: Sequence[str] = MIRRORS,
    *,
    files: Sequence[MnistFile] = MNIST_FILES,
    folder: Path | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Path:
    """Download the four files into `folder` (the program's own unless given), check them, and return the folder.

    `progress` is told the bytes done and the bytes in all (counted as in `files`); the first never falls and the
    second never changes. `cancelled` is asked after every piece.

    Errors:  `DataError` when no mirror gives a file, or the folder cannot be written; `DownloadCancelled`.
    """
    folder = folder or download_folder()
    meter = _Meter(files, progress, cancelled)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # In the same folder, so that moving into place is a rename and never a copy.
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder, ignore_cleanup_errors=True) as name:
            part = Path(name)
            order = list(mirrors)
            for file in files:
                _download_file(file, order, part / f"{file.name}.gz", meter, timeout)
            meter.stop_if_cancelled()
            for file in files:
                os.replace(part / f"{file.name}.gz", folder / f"{file.name}.gz")
    except OSError as error:
        raise DataError(
            f"MNIST cannot be stored in {folder}: {error.strerror or error}. "
            "Make room or mend the rights of that folder, or open a folder with the files instead."
        ) from error
    return folder


class _Meter:
    """Counts the bytes of all files together; this is what pooch takes for a progress bar."""

    def __init__(
        self, files: Sequence[MnistFile], progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> None:
        self.total = 0  # pooch sets this to what the mirror says is the size of the current file
        self._progress = progress
        self._cancelled = cancelled
        self._all_bytes = sum(file.packed_bytes for file in files)
        self._finished_bytes = 0
        self._reported_bytes = 0
        self._file: MnistFile | None = None
        self._received_bytes = 0

    def begin(self, file: MnistFile) -> None:
        """Start on a file, perhaps anew from another mirror."""
        self._file = file
        self._received_bytes = 0
        self._report(0.0)

    def finish(self) -> None:
        """The current file is complete and checked."""
        assert self._file is not None
        self._report(1.0)
        self._finished_bytes += self._file.packed_bytes

    def update(self, received: int) -> None:
        """More bytes have arrived; the last piece is counted in full although it may be shorter."""
        assert self._file is not None
        self._received_bytes += received
        if self._received_bytes > self._file.unpacked_bytes + SPARE_BYTES:
            raise DataError("sends far more than the file can hold")
        self._report(min(self._received_bytes / (self.total or self._file.packed_bytes), 1.0))

    def reset(self) -> None:
        """Pooch counts anew at the end of a file, to correct for the last piece."""
        self._received_bytes = 0

    def close(self) -> None:
        """Pooch has finished with the bar."""

    def stop_if_cancelled(self) -> None:
        """Raise `DownloadCancelled` where the person has asked for it."""
        if self._cancelled():
            raise DownloadCancelled

    def _report(self, share: float) -> None:
        # In the bytes that were expected, because mirrors pack differently and a total that moves is no total.
        assert self._file is not None
        self.stop_if_cancelled()
        done = self._finished_bytes + int(share * self._file.packed_bytes)
        self._reported_bytes = max(self._reported_bytes, done)
        self._progress(self._reported_bytes, self._all_bytes)


def _download_file(file: MnistFile, mirrors: list[str], target: Path, meter: _Meter, timeout: float) -> None:
    """Get one file from the first mirror that has it; mirrors that fail go to the end of the list for the next file."""
    # Here, because it takes as long to import as a window to open, and most starts download nothing.
    from pooch import HTTPDownloader  # noqa: PLC0415

    downloader = HTTPDownloader(progressbar=meter, chunk_size=CHUNK_BYTES, timeout=timeout)
    failures = []
    for mirror in tuple(mirrors):
        url = f"{mirror.rstrip('/')}/{target.name}"
        meter.begin(file)
        try:
            downloader(url, str(target), None)
            _check(target, file)
        except (OSError, ValueError) as error:
            meter.stop_if_cancelled()
            failures.append(f"{url} ({_reason(error)})")
            mirrors.remove(mirror)
            mirrors.append(mirror)
        else:
            meter.finish()
            return
    raise DataError(
        f"MNIST could not be downloaded. Tried: {'; '.join(failures)}. "
        "Check the connection and try again, or open a folder with the files instead."
    )


def _check(path: Path, file: MnistFile) -> None:
    """Raise `DataError` unless the file holds, once unpacked, exactly the bytes it should."""
    digest = hashlib.sha256()
    length = 0
    try:
        with open_unpacked(path) as stream:
            while length <= file.unpacked_bytes and (chunk := stream.read(SPARE_BYTES)):
                digest.update(chunk)
                length += len(chunk)
    except DataError as error:
        raise DataError(WRONG_CONTENT) from error  # the sentence underneath speaks of a file no one will find
    if digest.hexdigest() != file.sha256:
        raise DataError(WRONG_CONTENT)


def _reason(error: Exception) -> str:
    """What went wrong at one mirror, in a few words."""
    import requests  # noqa: PLC0415

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "the server stayed silent"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the transfer broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(getattr(error, "strerror", None) or error)
