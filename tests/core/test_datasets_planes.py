"""The two-dimensional and the regression sets: shapes, balance, repeatability, and the borders they promise."""

import math

import numpy as np
import pytest

from core.datasets import DATASETS, dataset_from_spec
from core.datasets.planes import XOR_GAP, Blobs, Checkerboard, Circles, Gaussians, Moons, PlaneSource, Spirals, Xor
from core.datasets.regression import Plane, RegressionSource, Sine, TwoBumps
from core.types import Array, OptionError

PLANES: list[type[PlaneSource]] = [Circles, Xor, Moons, Spirals, Gaussians, Blobs, Checkerboard]
REGRESSIONS: list[type[RegressionSource]] = [Plane, Sine, TwoBumps]


def everything(source: PlaneSource | RegressionSource) -> tuple[Array, Array]:
    data = source.load()
    return np.concatenate((data.x_train, data.x_test)), np.concatenate((data.t_train, data.t_test))


@pytest.mark.parametrize("source", PLANES)
@pytest.mark.parametrize(("points", "share"), [(400, 0.5), (11, 0.1), (997, 0.9)])
def test_plane_is_float32_balanced_and_cut_as_asked(source: type[PlaneSource], points: int, share: float) -> None:
    data = source(points=points, train_share=share).load()
    assert data.is_plane
    assert not data.is_regression
    assert data.x_train.dtype == data.x_test.dtype == np.float32
    assert data.t_train.dtype == data.t_test.dtype == np.int64
    assert len(data.x_train) == len(data.t_train) == round(points * share)
    assert len(data.x_test) == len(data.t_test) == points - round(points * share)
    for labels in (data.t_train, data.t_test):
        counts = np.bincount(labels, minlength=len(data.class_names))
        assert len(counts) == len(data.class_names)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("source", PLANES)
def test_plane_fills_the_plane_and_stays_in_it(source: type[PlaneSource]) -> None:
    x, _ = everything(source(points=4000))
    assert np.abs(x).max() <= 1.2
    assert np.abs(x).max() >= 0.85
    assert np.abs(x.mean(axis=0)).max() < 0.05


@pytest.mark.parametrize("source", [*PLANES, *REGRESSIONS])
def test_same_seed_same_bits_and_another_seed_other_points(source: type[PlaneSource | RegressionSource]) -> None:
    first, again, other = source(seed=7).load(), source(seed=7).load(), source(seed=8).load()
    for name in ("x_train", "t_train", "x_test", "t_test"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
    assert not np.array_equal(first.x_train, other.x_train)
    with pytest.raises(ValueError, match="read-only"):
        first.x_train[0] = 0.0


@pytest.mark.parametrize("source", PLANES)
def test_plane_is_shuffled(source: type[PlaneSource]) -> None:
    data = source().load()
    # Labels in turn or in blocks would change side at every point, or hardly ever.
    changes = np.mean(data.t_train[1:] != data.t_train[:-1])
    assert 0.35 < changes < 0.8
    assert abs(np.corrcoef(data.x_train[1:, 0], data.x_train[:-1, 0])[0, 1]) < 0.25


@pytest.mark.parametrize("source", PLANES)
def test_noise_moves_the_same_points(source: type[PlaneSource]) -> None:
    calm, _ = everything(source(points=2000, noise=0.0))
    little, labels = everything(source(points=2000, noise=0.1))
    much, same_labels = everything(source(points=2000, noise=0.2))
    assert (little - calm).std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_allclose(much - calm, 2 * (little - calm), atol=1e-6)
    np.testing.assert_array_equal(labels, same_labels)


@pytest.mark.parametrize("seed", range(5))
def test_xor_is_separable_with_an_empty_strip_along_the_axes(seed: int) -> None:
    x, labels = everything(Xor(points=20_000, seed=seed))
    np.testing.assert_array_equal(labels, (x[:, 0] > 0) != (x[:, 1] > 0))
    assert np.abs(x).min() >= XOR_GAP * (1 - 1e-6)
    quadrants = np.bincount(2 * (x[:, 0] > 0) + (x[:, 1] > 0), minlength=4)
    np.testing.assert_array_equal(quadrants, 5000)


def test_a_small_tanh_network_solves_xor_without_a_mistake() -> None:
    data = Xor().load()
    rng = np.random.default_rng(0)
    hidden, hidden_bias = rng.standard_normal((2, 8)), np.zeros(8)
    out, out_bias = rng.standard_normal(8), 0.0
    sign = 2.0 * data.t_train - 1.0
    for _ in range(3000):
        y = np.tanh(data.x_train @ hidden + hidden_bias)
        d_logit = -sign / (1 + np.exp(sign * (y @ out + out_bias))) / len(sign)
        d_hidden = np.outer(d_logit, out) * (1 - y**2)
        out, out_bias = out - 2.0 * (y.T @ d_logit), out_bias - 2.0 * d_logit.sum()
        hidden, hidden_bias = hidden - 2.0 * (data.x_train.T @ d_hidden), hidden_bias - 2.0 * d_hidden.sum(axis=0)
    logit = np.tanh(data.x_test @ hidden + hidden_bias) @ out + out_bias
    np.testing.assert_array_equal(logit > 0, data.t_test == 1)


def test_circles_are_a_disc_in_a_ring_filled_evenly() -> None:
    x, labels = everything(Circles(points=20_000))
    radius = np.hypot(*x.T)
    assert radius[labels == 0].max() <= 0.45 + 1e-6
    assert radius[labels == 1].min() >= 0.65 - 1e-6
    assert radius[labels == 1].max() <= 0.95 + 1e-6
    # Half the area of the disc lies within 1/√2 of its radius.
    assert np.mean(radius[labels == 0] < 0.45 / math.sqrt(2)) == pytest.approx(0.5, abs=0.02)


def test_spirals_are_the_same_arm_turned_by_half() -> None:
    x, labels = everything(Spirals(points=2000, noise=0.0))
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0])
    behind = angle - 1.75 * math.tau * radius / 0.95 - math.pi * labels
    np.testing.assert_allclose(np.cos(behind), 1.0, atol=1e-4)


def test_moons_interlock_and_do_not_touch() -> None:
    x, labels = everything(Moons(points=1000, noise=0.0))
    first, second = x[labels == 0], x[labels == 1]
    distance = np.linalg.norm(first[:, None] - second[None], axis=2)
    assert distance.min() > 0.2
    # No straight line parts them: each moon's middle lies among the points of the other.
    assert first[:, 1].min() < second[:, 1].max() - 0.25
    assert first[:, 0].max() > second[:, 0].min() + 0.25


def test_gaussians_sit_in_opposite_corners() -> None:
    x, labels = everything(Gaussians(points=4000))
    np.testing.assert_allclose(x[labels == 0].mean(axis=0), (0.45, 0.45), atol=0.02)
    np.testing.assert_allclose(x[labels == 1].mean(axis=0), (-0.45, -0.45), atol=0.02)
    assert np.mean((x.sum(axis=1) > 0) == (labels == 0)) > 0.99


@pytest.mark.parametrize("classes", [2, 3, 4, 5])
def test_blobs_are_as_many_as_asked_and_apart(classes: int) -> None:
    source = Blobs(points=2000, classes=classes)
    x, labels = everything(source)
    assert source.load().class_names == tuple(f"class {label}" for label in range(classes))
    centres = np.stack([x[labels == label].mean(axis=0) for label in range(classes)])
    nearest = np.linalg.norm(x[:, None] - centres[None], axis=2).argmin(axis=1)
    assert np.mean(nearest == labels) > 0.98


def test_checkerboard_alternates_over_four_by_four_squares() -> None:
    x, labels = everything(Checkerboard(points=8000))
    square = np.floor((x + 1) * 2).astype(int)
    np.testing.assert_array_equal(labels, square.sum(axis=1) % 2)
    counts = np.bincount(square[:, 0] * 4 + square[:, 1], minlength=16)
    assert len(counts) == 16
    assert counts.min() > 400


def test_regressions_hit_their_formulas() -> None:
    x, t = everything(Plane())
    np.testing.assert_allclose(t[:, 0], (x[:, 0] + x[:, 1]) / 2, atol=1e-6)
    x, t = everything(Sine(noise=0.0))
    assert x.shape == t.shape == (400, 1)
    np.testing.assert_allclose(t, np.sin(2 * math.pi * x), atol=1e-6)
    x, t = everything(TwoBumps(points=20_000))
    assert x.shape == (20_000, 2)
    np.testing.assert_allclose(x[t[:, 0].argmax()], (0.4, 0.4), atol=0.05)
    np.testing.assert_allclose(x[t[:, 0].argmin()], (-0.4, -0.4), atol=0.05)
    one_sigma_away = np.abs(np.linalg.norm(x - 0.4, axis=1) - 0.25) < 0.002
    np.testing.assert_allclose(t[one_sigma_away, 0], math.exp(-0.5), atol=0.06)


@pytest.mark.parametrize("source", REGRESSIONS)
def test_regression_is_float32_and_its_noise_is_on_the_targets(source: type[RegressionSource]) -> None:
    data = source(points=1000, train_share=0.3, noise=0.2).load()
    assert data.is_regression
    assert data.x_train.dtype == data.t_train.dtype == np.float32
    assert data.x_train.shape[0] == 300
    assert data.t_train.shape == (300, 1)
    assert data.t_test.shape == (700, 1)
    assert np.abs(data.x_train).max() <= 1.0
    calm = source(points=1000, train_share=0.3, noise=0.0).load()
    np.testing.assert_array_equal(data.x_train, calm.x_train)
    assert (data.t_test - calm.t_test).std() == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize("kind", DATASETS)
def test_every_source_is_rebuilt_from_its_spec(kind: str) -> None:
    source = DATASETS[kind]()
    assert source.kind == kind
    assert source.title
    assert dataset_from_spec(source.spec()) == source
    assert all(choice.help for choice in source.options())


def test_an_unknown_set_and_bad_options_are_refused_in_words() -> None:
    with pytest.raises(OptionError, match=r"no data set of kind 'rings'; known are circles, xor"):
        dataset_from_spec({"kind": "rings"})
    with pytest.raises(OptionError, match=r"Circles: points must be a whole number of at least 10 and at most 20.000"):
        Circles(points=5)
    with pytest.raises(OptionError, match="Blobs: classes"):
        Blobs(classes=6)
    with pytest.raises(OptionError, match="Sine: train_share"):
        Sine(train_share=1.0)
