"""Training without a window: the same weights as the trainer's own, found data, and the result in one line."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from app import train_command
from app.document.presets import load_preset
from app.train_command import load_data, result_text, train, train_with_progress
from core.datasets.mnist import Mnist
from core.experiment import Experiment
from core.metrics import Evaluation
from core.types import DataError, ShapeError


def small() -> Experiment:
    """XOR with 30 points for training in batches of 8: the fourth batch of an epoch has 6."""
    preset = load_preset("xor")
    return dataclasses.replace(preset, data={**preset.data, "points": 60}, batch_size=8)


def test_training_is_the_trainer_s_own_and_every_loss_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    experiment = small()
    data = experiment.source().load()
    watched, plain = experiment.trainer(data), experiment.trainer(data)
    losses = train_with_progress(watched, 30)
    assert losses == [plain.train_step() for _ in range(30 * 4)]
    assert watched.epoch == 30
    assert watched.network.flat_params.tobytes() == plain.network.flat_params.tobytes()
    shown = capsys.readouterr().err
    assert "120/120" in shown and f"loss={losses[-1]:.4f}" in shown


def test_what_it_prints_is_the_evaluation_on_test_data(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    trainer = train(small(), 5, tmp_path / "weights.npz")
    assert trainer.steps == 20
    wanted = trainer.evaluate("test").accuracy
    assert wanted is not None
    assert capsys.readouterr().out.splitlines()[-1] == f"test accuracy {100 * wanted:.2f} %"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Evaluation(0.1, 0.97306, 1000), "test accuracy 97.31 %"),
        (Evaluation(0.1, 1.0, 1000), "test accuracy 100.00 %"),
        (Evaluation(0.1, 0.0, 1000), "test accuracy 0.00 %"),
        (Evaluation(0.012345, None, 1000, 0.9), "test loss 0.01235, R² 0.9000"),
    ],
)
def test_the_result_in_one_line(found: Evaluation, text: str) -> None:
    assert result_text(found) == text


def test_layers_that_do_not_fit_are_refused_before_training() -> None:
    layers = ({"kind": "conv2d", "filters": 2, "kernel_size": 3},)
    with pytest.raises(ShapeError, match=r"^Layer 1, Conv2D, needs .*\.$"):
        train(dataclasses.replace(small(), layers=layers), 1, None)


def test_weights_that_can_no_longer_be_written_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def remove_folder(*_: object) -> list[float]:
        folder.rmdir()
        return []

    monkeypatch.setattr(train_command, "train_with_progress", remove_folder)
    with pytest.raises(DataError, match=r"^The weights cannot be written to .*weights\.npz"):
        train(small(), 1, folder / "weights.npz")


# MNIST


def test_mnist_is_looked_for_where_the_variable_says(mnist_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_DATA", str(mnist_folder))
    assert load_data(Mnist()).x_train.shape == (60_000, 1, 28, 28)


@pytest.mark.parametrize("chosen", ["", "empty"])
def test_mnist_is_downloaded_only_if_wanted_and_missing(
    mnist_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    chosen: str,
) -> None:
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path) if chosen else "")
    downloads = 0

    def download(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Path:
        nonlocal downloads
        downloads += 1
        for done in (0, 6_000_000, 12_000_000):
            progress(done, 12_000_000)
        assert not cancelled()
        return mnist_folder

    monkeypatch.setattr(train_command, "download_mnist", download)
    with pytest.raises(DataError, match="missing: train-images" if chosen else "not on this computer"):
        load_data(Mnist())
    assert downloads == 0
    assert len(load_data(Mnist(), download=True).x_test) == 10_000
    assert downloads == 1
    assert "12.0M/12.0M" in capsys.readouterr().err
    monkeypatch.setenv("CHAINRULE_DATA", str(mnist_folder))
    load_data(Mnist(), download=True)
    assert downloads == 1
