"""The drawn digits: pictures of the right form, repeatable, varied, and neither too easy nor drawn over the edge."""

import numpy as np
import pytest

from core.datasets.base import Dataset
from core.datasets.digit_strokes import STYLES, pen_path
from core.datasets.digits import Digits
from core.experiment import Experiment


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Digits(points=5000).load()


def test_form(data: Dataset) -> None:
    assert data.title == "Digits drawn by the program"
    assert data.is_image
    assert data.class_names == tuple("0123456789")
    assert data.x_train.shape == (4000, 1, 28, 28)
    assert data.x_test.shape == (1000, 1, 28, 28)
    assert data.x_train.dtype == np.float32
    assert data.t_train.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(data.t_train), np.full(10, 400))
    np.testing.assert_array_equal(np.bincount(data.t_test), np.full(10, 100))
    assert not np.array_equal(data.t_train[:20] % 10, np.arange(20) % 10)


def test_same_seed_same_bits() -> None:
    first, again, other = (Digits(points=300, seed=seed).load() for seed in (3, 3, 4))
    assert first.x_train.tobytes() == again.x_train.tobytes()
    assert first.t_test.tobytes() == again.t_test.tobytes()
    assert not np.array_equal(first.x_train, other.x_train)


def test_every_picture_is_ink_on_white_paper_with_soft_edges(data: Dataset) -> None:
    x = data.x_train[:, 0]
    assert x.min() == 0.0
    assert x.max() == 1.0
    assert (x.max(axis=(1, 2)) > 0.9).all(), "every digit is drawn in full ink"
    ink = x.mean(axis=(1, 2))
    assert ink.min() > 0.02
    assert ink.max() < 0.4
    # MNIST has a mean of 0.13; a network trained on one should not be blinded by the other.
    assert 0.08 < ink.mean() < 0.18
    assert ((x > 0.05) & (x < 0.95)).mean() > 0.03, "edges are anti-aliased"


def test_digits_are_near_the_centre_and_inside_the_picture(data: Dataset) -> None:
    x = data.x_train[:, 0]
    total = x.sum(axis=(1, 2))
    row = (x.sum(axis=2) @ np.arange(28)) / total
    column = (x.sum(axis=1) @ np.arange(28)) / total
    for centre in (row, column):
        assert np.abs(centre - 13.5).max() < 3.5
        assert abs(centre.mean() - 13.5) < 0.1
        assert centre.std() > 0.8, "the place varies"
    border = np.concatenate((x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1]), axis=1)
    assert (border.max(axis=1) > 0.5).mean() < 0.01


def test_no_two_pictures_are_alike(data: Dataset) -> None:
    x = data.x_train.reshape(len(data.x_train), -1)
    assert len(np.unique(x.round(2), axis=0)) == len(x)


def test_a_linear_model_learns_much_but_not_all() -> None:
    """Forty epochs are twice as many as it takes to stop getting better; that a conv net does is seen of the preset."""
    experiment = Experiment(
        "linear",
        {"kind": "digits", "points": 10_000, "train_share": 0.8, "seed": 1},
        ({"kind": "flatten"}, {"kind": "dense", "units": 10}),
        {"kind": "cross_entropy"},
        {"kind": "adam", "learning_rate": 0.003},
        batch_size=64,
    )
    trainer, reached = experiment.trainer(experiment.source().load()), []
    for _ in range(40):
        for _ in range(trainer.batches_per_epoch):
            trainer.train_step()
        reached.append(trainer.evaluate().accuracy or 0.0)
    assert 0.9 < max(reached) < 0.95


@pytest.mark.parametrize("digit", range(10))
def test_the_pen_passes_the_points_of_every_style(digit: int) -> None:
    for style in STYLES[digit]:
        starts, ends = pen_path(style)
        assert np.linalg.norm(ends - starts, axis=1).max() <= 0.0501, "a pixel when the digit is 20 pixels high"
        for stroke in style.split("/"):
            for point in stroke.split():
                wanted = np.array([float(number) / 100 for number in point.split(",")])
                assert np.linalg.norm(np.concatenate((starts, ends)) - wanted, axis=1).min() < 1e-9
        lifts = np.flatnonzero(np.any(ends[:-1] != starts[1:], axis=1))
        assert len(lifts) <= style.count("/")
