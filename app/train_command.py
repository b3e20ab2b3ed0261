"""Training without a window: a progress bar, the result in one line, and the weights in a file if wanted."""

import os
from pathlib import Path

from tqdm import tqdm

from app.mnist_files import FOLDER_VARIABLE, download_mnist, find_mnist
from core.datasets.base import Dataset, DataSource
from core.datasets.mnist import mnist_paths
from core.experiment import Experiment
from core.export.files import check_writable
from core.export.npz import write_npz
from core.metrics import Evaluation
from core.trainer import Trainer
from core.types import DataError


def train(experiment: Experiment, epochs: int, export: Path | None, *, download: bool = False) -> Trainer:
    """Train for `epochs`, print how good the network is on test data, and export its weights."""
    if export:
        check_writable(export)  # before an hour of training, not after it
    trainer = experiment.trainer(load_data(experiment.source(), download=download))
    try:
        train_with_progress(trainer, epochs)
    finally:  # also of a training that diverged or was broken off: what it learned until then is kept
        if export:
            write_npz(export, trainer.network.state_dict())
            print(f"weights after step {trainer.steps} in {export}")
    print(result_text(trainer.evaluate()))
    return trainer


def train_with_progress(trainer: Trainer, epochs: int) -> list[float]:
    """Train under a progress bar that shows the loss; returns the loss of every step."""
    total = epochs * trainer.batches_per_epoch
    losses: list[float] = []
    with tqdm(total=total, unit="step", desc="training", mininterval=0.2) as bar:
        shown = 0
        for step in range(1, total + 1):
            losses.append(trainer.train_step())
            # The bar's own call costs as much as a step of a small network.
            if step - shown >= 50 or step == total:
                bar.set_postfix(loss=f"{losses[-1]:.4f}", refresh=False)
                bar.update(step - shown)
                shown = step
    return losses


def load_data(source: DataSource, *, download: bool = False) -> Dataset:
    """The data, with MNIST looked for and downloaded if wanted. Errors: DataError that says what to do."""
    if not source.needs_folder:
        return source.load()
    folder = find_mnist()
    if folder is None and download:
        folder = _download()
    if folder is None:
        if chosen := os.environ.get(FOLDER_VARIABLE):
            mnist_paths(Path(chosen))  # raises, with the names of the files that are missing there
        raise DataError(
            "MNIST is not on this computer. Fetch it (12 MB) with: chainrule train mnist-dense --download; "
            f"or set {FOLDER_VARIABLE} to a folder that has its four files."
        )
    return source.load(folder)


def _download() -> Path:
    with tqdm(unit="B", unit_scale=True, desc="downloading MNIST") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return download_mnist(show, lambda: False)


def result_text(found: Evaluation) -> str:
    """How good a network is, in one line: "test accuracy 97.31 %"."""
    if found.accuracy is None:
        return f"test loss {found.loss:.4g}, R² {found.r_squared:.4f}"
    return f"test accuracy {found.accuracy * 100:.2f} %"
