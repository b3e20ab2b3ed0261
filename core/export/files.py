"""Writing files so that they are complete or not there, whatever happens meanwhile."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.types import DataError


def check_writable(path: Path) -> None:
    """Raise DataError unless a file can be written there; for asking before the work that makes its content."""
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}. Choose another place.") from error


@contextlib.contextmanager
def complete_file(path: Path, what: str) -> Iterator[Path]:
    """A file to write into, which takes its place at `path` when it is complete, unless it was removed again.

    Errors: DataError that says that `what`, "the weights", cannot be written
    """
    try:
        # In the same folder, so that moving into place is a rename and never a copy.
        with tempfile.TemporaryDirectory(prefix=".chainrule-", dir=path.parent, ignore_cleanup_errors=True) as folder:
            part = Path(folder) / path.name
            yield part
            if part.exists():
                os.replace(part, path)
    except OSError as error:
        what = what[:1].upper() + what[1:]
        raise DataError(
            f"{what} cannot be written to {path}: {error.strerror or error}. Choose another place."
        ) from error
