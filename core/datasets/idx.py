"""Reading of IDX, the format of MNIST: a magic number, the sizes of the axes, then the bytes.

A file from elsewhere may be cut off, damaged or made to harm: nothing is allocated because a header says so, only
because the bytes have really arrived, and a packed file is never unpacked beyond what its header promises.
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from core.types import Array, DataError, Shape, shape_text

MAX_BYTES = 256 * 2**20
"""The largest content that is read, five times the largest MNIST file."""

MAX_AXES = 4
CHUNK_BYTES = 2**20
GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08
FRESH_COPY = "Get a fresh copy of the file."


def read_idx(path: Path) -> Array:
    """The array of unsigned bytes in one IDX file, plain or packed with gzip.

    Shapes:  as the header of the file says, for example (N, 28, 28) or (N,).
    Errors:  `DataError` when the file is missing, damaged, cut off, too long, too large or not IDX.
    Source:  the description of the format on the MNIST page of LeCun, Cortes and Burges.
    """
    with open_unpacked(path) as stream:
        shape = _read_header(stream, path)
        expected = math.prod(shape)
        if expected > MAX_BYTES:
            raise DataError(
                f"The header of {path} speaks of {shape_text(shape)} bytes, more than the {MAX_BYTES} bytes that are "
                f"read at most. {FRESH_COPY}"
            )
        content = bytearray()
        while len(content) < expected:
            chunk = stream.read(min(CHUNK_BYTES, expected - len(content)))
            if not chunk:
                raise DataError(
                    f"{path} ends too early: its header promises {shape_text(shape)} = {expected} bytes and "
                    f"{len(content)} are there. {FRESH_COPY}"
                )
            content += chunk
        # This last read also makes gzip compare its checksum.
        if stream.read(1):
            raise DataError(
                f"{path} is too long: bytes follow after the {shape_text(shape)} = {expected} its header promises. "
                f"{FRESH_COPY}"
            )
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacking gzip where the content begins like gzip, whatever the name says.

    Errors:  `DataError` instead of what the system and gzip raise, here and while the stream is read.
    """
    try:
        with path.open("rb") as packed:
            is_gzip = packed.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            packed.seek(0)
            if is_gzip:
                with gzip.GzipFile(fileobj=packed) as stream:
                    yield cast(BinaryIO, stream)
            else:
                yield packed
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}. Open the folder that holds it.") from error
    except EOFError as error:
        raise DataError(f"The packed file {path} breaks off before its end. {FRESH_COPY}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"The packed file {path} is damaged: gzip cannot unpack it. {FRESH_COPY}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Check the file and its rights.") from error


def _read_header(stream: BinaryIO, path: Path) -> Shape:
    """The sizes of the axes, after the magic number has been checked."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or not 1 <= magic[3] <= MAX_AXES:
        raise DataError(
            f"{path} is not an IDX file: it does not begin with the magic number of IDX. Open one of the MNIST files."
        )
    if magic[2] != UNSIGNED_BYTE:
        raise DataError(
            f"{path} is an IDX file of the number type 0x{magic[2]:02x}; only unsigned bytes (0x08) are read. "
            "Open one of the MNIST files."
        )
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise DataError(f"{path} ends within its header. {FRESH_COPY}")
    return tuple(int.from_bytes(sizes[at : at + 4], "big") for at in range(0, len(sizes), 4))
