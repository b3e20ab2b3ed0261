"""The curves as a table (CSV), one line a step, for people who go on with them in another program."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from app.document.history import History
from app.document.rates import Rates
from core.export.files import complete_file
from core.metrics import Evaluation

PARTS = ("train", "test")

_LINES = 5_000
"""Lines that are written at once, within some hundredths of a second."""


def write_curves(history: History, path: Path, goes_on: Callable[[float], bool] = lambda share: True) -> bool:
    """Write all curves; the file is complete or not there. Returns whether it is.

    A cell is empty where nothing was measured. After so many steps that losses are known as ranges only, there is a
    line for the last step of every range, with its lowest and its highest loss. `goes_on` is told now and then which
    share is done, 0 … 1, and says whether to go on. Errors: DataError when it cannot be written
    """
    with complete_file(path, "the curves") as part:
        with part.open("w", newline="", encoding="utf-8") as file:
            for share, text in _texts(history):
                file.write(text)
                if not goes_on(share):
                    break
            else:
                return True
        part.unlink()
    return False


def _texts(history: History) -> Iterator[tuple[float, str]]:
    """The file in pieces, with the share that is done behind each."""
    steps, low, high = history.losses.ranges()
    exact = history.losses.span == 1
    columns = [low] if exact else [low, high]
    loss_names = ["batch_loss"] if exact else ["batch_loss_lowest", "batch_loss_highest"]
    names = ["step", *loss_names, "train_loss", "test_loss", "train_accuracy", "test_accuracy", "learning_rate"]
    yield 0.0, ",".join(names) + "\r\n"
    rates, measured = Rates(history), _measured(history)
    others = np.setdiff1d(list(measured), steps).astype(np.int64)
    rows = np.insert(steps, np.searchsorted(steps, others), others)
    places = np.searchsorted(steps, rows)
    nothing, no_loss = "," * (2 * len(PARTS) - 1), "," * (len(columns) - 1)
    for begin in range(0, len(rows), _LINES):
        end = begin + _LINES
        # Joined by hand: a table of a million lines takes a quarter of the time that the csv module needs.
        values = [list(map(repr, column.take(places[begin:end], mode="clip").tolist())) for column in columns]
        losses = values[0] if exact else [f"{lowest},{highest}" for lowest, highest in zip(*values, strict=True)]
        known = np.isin(rows[begin:end], steps).tolist()
        lines = [
            f"{row},{loss if is_known else no_loss},{measured.get(row, nothing)},{rates.at(row) if row else ''}\r\n"
            for row, loss, is_known in zip(rows[begin:end].tolist(), losses, known, strict=True)
        ]
        yield min(end / len(rows), 1.0), "".join(lines)


def _measured(history: History) -> dict[int, str]:
    """The cells of the evaluations, by step."""
    found = [history.evaluations[part] for part in PARTS]
    cells: dict[int, str] = {}
    for step in {step for part in found for step in part}:
        measured: list[Evaluation | None] = [part.get(step) for part in found]
        losses = ["" if one is None else one.loss for one in measured]
        accuracies = ["" if one is None or one.accuracy is None else one.accuracy for one in measured]
        cells[step] = ",".join(map(str, [*losses, *accuracies]))
    return cells
