"""Training without a window: a progress bar, the result in one line, and the weights in a file if wanted."""

from pathlib import Path

from tqdm import tqdm

from app.mnist_files import download_mnist, find_mnist
from core.datasets.base import Dataset, DataSource
from core.experiment import Experiment
from core.export.npz import write_npz
from core.metrics import Evaluation
from core.trainer import Trainer
from core.types import DataError


def train(experiment: Experiment, epochs: int, export: Path | None, *, download: bool = False) -> Trainer:
    """Train for `epochs`, print how good the network is on test data, and export its weights."""
    trainer = experiment.trainer(load_data(experiment.source(), download=download))
    train_with_progress(trainer, epochs)
    print(result_text(trainer.evaluate()))
    if export:
        write_npz(export, trainer.network.state_dict())
        print(f"weights in {export}")
    return trainer


def train_with_progress(trainer: Trainer, epochs: int) -> None:
    """Train under a progress bar that shows the loss."""
    total = epochs * trainer.batches_per_epoch
    with tqdm(total=total, unit="step", desc="training", mininterval=0.2) as bar:
        shown = 0
        for step in range(1, total + 1):
            loss = trainer.train_step()
            # The bar's own call costs as much as a step of a small network.
            if step - shown >= 50 or step == total:
                bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
                bar.update(step - shown)
                shown = step


def load_data(source: DataSource, *, download: bool = False) -> Dataset:
    """The data, with MNIST looked for and downloaded if wanted. Errors: DataError that says what to do."""
    if not source.needs_folder:
        return source.load()
    folder = find_mnist()
    if folder is None and download:
        folder = _download()
    if folder is None:
        raise DataError(
            "MNIST is not on this computer. Add --download to fetch it (12 MB), "
            "or set CHAINRULE_DATA to a folder that has its four files."
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
        return f"test loss {found.loss:.4g}"
    return f"test accuracy {found.accuracy * 100:.2f} %"
