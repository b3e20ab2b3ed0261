"""The curves as a table (CSV), one line a step, for people who go on with them in another program."""

import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.document.history import History
from app.document.rates import Rates
from core.types import DataError

PARTS = ("train", "test")


def write_curves(history: History, path: Path) -> None:
    """Write all curves; the file is complete or not there.

    A cell is empty where nothing was measured. After so many steps that losses are known as ranges only, there is a
    line for the last step of every range, with its lowest and its highest loss. Errors: DataError when it cannot be
    written
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".chainrule-", dir=path.parent, ignore_cleanup_errors=True) as folder:
            part = Path(folder) / "curves.csv"
            with part.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(_rows(history))
            os.replace(part, path)
    except OSError as error:
        raise DataError(
            f"The curves cannot be written to {path}: {error.strerror or error}. Choose another place."
        ) from error


def _rows(history: History) -> Iterator[list[object]]:
    exact = history.losses.span == 1
    loss_names = ["batch_loss"] if exact else ["batch_loss_lowest", "batch_loss_highest"]
    yield ["step", *loss_names, "train_loss", "test_loss", "train_accuracy", "test_accuracy", "learning_rate"]
    rates = Rates(history)
    steps, low, high = (column.tolist() for column in history.losses.ranges())
    losses = dict(zip(steps, zip(low, high, strict=True), strict=True))
    for step in sorted({*losses, *(step for part in PARTS for step in history.evaluations[part])}):
        pair = losses.get(step, ("", ""))
        found = [history.evaluations[part].get(step) for part in PARTS]
        yield [
            step,
            *(pair[:1] if exact else pair),
            *("" if one is None else one.loss for one in found),
            *("" if one is None or one.accuracy is None else one.accuracy for one in found),
            rates.at(step) if step else "",
        ]
