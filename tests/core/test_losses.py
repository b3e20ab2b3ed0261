"""Losses against PyTorch's numbers and against numerical gradients, and mistakes that both together must catch."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.docs import sections
from core.gradcheck import check_loss
from core.layers.activations import sigmoid, softmax
from core.losses import (
    LOSSES,
    MAE,
    MSE,
    BCEWithLogits,
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    Loss,
    NegativeLogLikelihood,
    log_softmax,
    loss_from_spec,
)
from core.types import Array
from tests.golden.store import load

GOLDEN = load(Path(__file__).parents[1] / "golden" / "losses.npz")

CASES: dict[str, tuple[Loss, str, str]] = {
    # case in the golden file: (loss, prediction, target)
    "mse": (MSE(), "values", "value_targets"),
    "mae": (MAE(), "values", "value_targets"),
    "huber": (Huber(), "values", "value_targets"),
    "huber_delta": (Huber(delta=0.3), "values", "value_targets"),
    "binary_cross_entropy": (BinaryCrossEntropy(), "probabilities", "binary_targets"),
    "binary_cross_entropy_ends": (BinaryCrossEntropy(), "ends", "binary_targets"),
    "bce_with_logits": (BCEWithLogits(), "logits", "binary_targets"),
    "cross_entropy": (CrossEntropy(), "logits", "labels"),
    "cross_entropy_smoothed": (CrossEntropy(label_smoothing=0.1), "logits", "labels"),
    "negative_log_likelihood": (NegativeLogLikelihood(), "distributions", "labels"),
    "hinge": (Hinge(), "logits", "labels"),
    "hinge_margin": (Hinge(margin=2.5), "logits", "labels"),
}
TOLERANCES = {"float64": (1e-10, 0.0), "float32": (1.3e-6, 1e-5)}  # relative, absolute

each_case = pytest.mark.parametrize("case", CASES)
each_loss = pytest.mark.parametrize("loss", [cls() for cls in LOSSES.values()], ids=lambda loss: loss.kind)


def inputs(case: str, dtype: str) -> tuple[Array, Array]:
    """Prediction and target as PyTorch got them, read-only."""
    _, prediction, target = CASES[case]
    x, t = GOLDEN[prediction].astype(dtype), GOLDEN[target]
    t = t if target == "labels" else t.astype(dtype)
    x.flags.writeable = t.flags.writeable = False
    return x, t


def assert_golden(loss: Loss, case: str, dtype: str) -> None:
    x, t = inputs(case, dtype)
    value, gradient = loss.value_and_gradient(x, t)
    relative, absolute = TOLERANCES[dtype]
    np.testing.assert_allclose(value, GOLDEN[f"{case}.{dtype}.value"], relative, absolute)
    expected = GOLDEN[f"{case}.{dtype}.gradient"]
    if case == "binary_cross_entropy_ends":
        # PyTorch limits the denominator to 1e-12 rounded to float32, in float64 too.
        limited = np.abs(expected) > 1e9
        expected = np.where(limited, expected * (float(np.float32(1e-12)) / 1e-12), expected)
    np.testing.assert_allclose(gradient, expected, relative, absolute)
    np.testing.assert_allclose(loss.per_sample(x, t), GOLDEN[f"{case}.{dtype}.per_sample"], relative, absolute)
    assert type(value) is float
    assert gradient.dtype == dtype and gradient.shape == x.shape
    assert loss.per_sample(x, t).dtype == dtype and loss.probabilities(x).dtype == dtype


def smooth_inputs(loss: Loss, seed: int) -> tuple[Array, Array]:
    """Random predictions and targets, away from kinks and from the ends of the probabilities."""
    rng = np.random.default_rng(seed)
    samples, outputs = 6, 4
    x = rng.normal(size=(samples, outputs)) + 0.1
    if loss.takes == "probabilities":
        x = rng.uniform(0.05, 0.95, size=x.shape)
    if loss.class_targets:
        return x, rng.integers(0, outputs, samples)
    return x, rng.uniform(size=x.shape)


@each_case
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_values_and_gradients_are_pytorch_s(case: str, dtype: str):
    assert_golden(CASES[case][0], case, dtype)


def test_every_loss_has_golden_numbers():
    assert {loss.kind for loss, _, _ in CASES.values()} == set(LOSSES)


@each_case
@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_derivatives(case: str, seed: int):
    loss = CASES[case][0]
    check = check_loss(loss, *smooth_inputs(loss, seed))
    assert check.verdict == "pass", check.error


@each_loss
def test_the_mean_over_samples_is_the_loss_of_the_batch(loss: Loss):
    x, t = smooth_inputs(loss, 3)
    assert loss.per_sample(x, t).shape == (6,)
    assert loss.per_sample(x, t).mean() == pytest.approx(loss.value_and_gradient(x, t)[0], rel=1e-12)
    for row in range(6):
        alone, _ = loss.value_and_gradient(x[row : row + 1], t[row : row + 1])
        assert loss.per_sample(x, t)[row] == pytest.approx(alone, rel=1e-12)


# Mistakes people make. Some change value and gradient alike, so that only the golden numbers can tell.


class Broken(Loss):
    """A right loss, made wrong."""

    title: ClassVar[str] = "Broken"

    def __init__(self, right: Loss, break_it: Callable[[float, Array, Array, Array], tuple[float, Array]]) -> None:
        self.right, self.break_it = right, break_it

    def value_and_gradient(self, prediction: Array, target: Array) -> tuple[float, Array]:
        return self.break_it(*self.right.value_and_gradient(prediction, target), prediction, target)

    def per_sample(self, prediction: Array, target: Array) -> Array:
        return self.right.per_sample(prediction, target)

    def probabilities(self, prediction: Array) -> Array:
        return self.right.probabilities(prediction)


def wrong_sign(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, -gradient


def gradient_of_the_sum(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, gradient * len(x)


def sum_instead_of_mean(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value * len(x), gradient * len(x)


def mean_over_samples_only(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value * x.shape[1], gradient * x.shape[1]


def half(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value / 2, gradient / 2


def shifted_rows(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, np.roll(gradient, 1, axis=0)


def shifted_outputs(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, np.roll(gradient, 1, axis=1)


EVERYWHERE = (
    wrong_sign,
    gradient_of_the_sum,
    sum_instead_of_mean,
    mean_over_samples_only,
    half,
    shifted_rows,
    shifted_outputs,
)


def mae_squared(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, (x - t) * (2 / x.size)


def huber_without_corner(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, (x - t) / x.size


def huber_line_too_high(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    d = np.abs(x - t)
    return float(np.where(d <= 1, d**2 / 2, d).mean()), gradient


def log_limited_too_early(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    p = np.clip(x, 0.001, 0.999)
    return float(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()), gradient


def gradient_through_clipped_probabilities(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    p = np.clip(x, 1e-7, 1 - 1e-7)
    return value, (p - t) / (p * (1 - p)) / x.size


def sigmoid_gradient_on_probabilities(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, (x - t) / x.size


def slope_of_the_sigmoid_added(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, gradient * sigmoid(x) * (1 - sigmoid(x))


def no_sigmoid(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, (x - t) / x.size


def log_of_sigmoid(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    p = sigmoid(x)
    with np.errstate(all="ignore"):
        return float(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()), gradient


def double_softmax(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return CrossEntropy().value_and_gradient(softmax(x), t)


def without_onehot(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, softmax(x) / len(x)


def smoothing_forgotten(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return CrossEntropy().value_and_gradient(x, t)


def smoothing_forgotten_in_gradient(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, CrossEntropy().value_and_gradient(x, t)[1]


def smoothing_over_the_others_only(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    others = 0.1 * x.shape[1] / (x.shape[1] - 1)
    return CrossEntropy(label_smoothing=others).value_and_gradient(x, t)


def gradient_of_softmax_and_loss(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value, (x - np.eye(x.shape[1])[t]) / len(x)


def true_class_counted(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    return value + 1 / x.shape[1], gradient


def only_the_worst_class(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    kept = np.zeros_like(gradient)
    rows, worst = np.arange(len(x)), gradient.argmax(axis=1)
    kept[rows, worst], kept[rows, t] = gradient[rows, worst], -gradient[rows, worst]
    return value, kept


def true_class_pulled_once(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
    gradient[np.arange(len(x)), t] = -1 / x.size
    return value, gradient


MISTAKES = [(case, mistake) for case in CASES for mistake in EVERYWHERE] + [
    ("mae", mae_squared),
    ("huber", huber_without_corner),
    ("huber", huber_line_too_high),
    ("binary_cross_entropy_ends", log_limited_too_early),
    ("binary_cross_entropy_ends", gradient_through_clipped_probabilities),
    ("binary_cross_entropy", sigmoid_gradient_on_probabilities),
    ("bce_with_logits", slope_of_the_sigmoid_added),
    ("bce_with_logits", no_sigmoid),
    ("bce_with_logits", log_of_sigmoid),
    ("cross_entropy", double_softmax),
    ("cross_entropy", without_onehot),
    ("cross_entropy_smoothed", smoothing_forgotten),
    ("cross_entropy_smoothed", smoothing_forgotten_in_gradient),
    ("cross_entropy_smoothed", smoothing_over_the_others_only),
    ("negative_log_likelihood", gradient_of_softmax_and_loss),
    ("hinge", true_class_counted),
    ("hinge", only_the_worst_class),
    ("hinge", true_class_pulled_once),
]


def rejected(case: str, mistake: Callable[[float, Array, Array, Array], tuple[float, Array]]) -> bool:
    broken = Broken(CASES[case][0], mistake)
    if check_loss(broken, *smooth_inputs(broken.right, 4)).verdict == "fail":
        return True
    try:
        assert_golden(broken, case, "float64")
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize(("case", "mistake"), MISTAKES, ids=lambda part: getattr(part, "__name__", part))
def test_mistakes_are_rejected(case: str, mistake: Callable[[float, Array, Array, Array], tuple[float, Array]]):
    assert rejected(case, mistake)


@each_case
def test_no_mistake_is_accepted(case: str):
    assert not rejected(case, lambda value, gradient, x, t: (value, gradient))


@pytest.mark.parametrize("mistake", [wrong_sign, gradient_of_the_sum, half, shifted_rows, shifted_outputs])
@each_case
def test_the_gradient_check_alone_rejects_wrong_gradients(case: str, mistake: Callable[..., tuple[float, Array]]):
    right = CASES[case][0]
    x, t = smooth_inputs(right, 5)

    def only_gradient(value: float, gradient: Array, x: Array, t: Array) -> tuple[float, Array]:
        return value, mistake(value, gradient, x, t)[1]

    assert check_loss(Broken(right, only_gradient), x, t).verdict == "fail"


# How predictions are read.


def test_logits_become_probabilities():
    x = GOLDEN["logits"]
    np.testing.assert_allclose(CrossEntropy().probabilities(x).sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(log_softmax(x)), CrossEntropy().probabilities(x), rtol=1e-12)
    np.testing.assert_allclose(BCEWithLogits().probabilities(x)[1:], 1 / (1 + np.exp(-x[1:])), rtol=1e-12)
    for loss in (MSE(), MAE(), Huber(), Hinge(), BinaryCrossEntropy(), NegativeLogLikelihood()):
        assert loss.probabilities(x) is x


@each_loss
def test_the_largest_output_is_the_class(loss: Loss):
    x = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.4], [0.2, 0.2, 0.6]])
    assert loss.predicted_class(x).tolist() == [1, 0, 2]


def test_a_single_output_is_compared_with_its_middle():
    x = np.array([[-0.2], [0.3], [0.7]])
    assert BCEWithLogits().predicted_class(x).tolist() == [0, 1, 1]
    for loss in (MSE(), MAE(), Huber(), BinaryCrossEntropy()):
        assert loss.predicted_class(x).tolist() == [0, 0, 1]


def test_nothing_overflows():
    """±1 000 is where exp, sigmoid and the logarithm of 0 give up when written out."""
    logits = np.array([[1000.0, -1000.0, 0.0]], np.float32)
    for loss, target in (
        (CrossEntropy(), np.array([1])),
        (CrossEntropy(label_smoothing=0.2), np.array([1])),
        (BCEWithLogits(), np.array([[0.0, 1.0, 0.5]], np.float32)),
        (Hinge(), np.array([1])),
    ):
        value, gradient = loss.value_and_gradient(logits, target)
        assert np.isfinite(value) and np.isfinite(gradient).all()
    assert CrossEntropy().value_and_gradient(logits, np.array([1]))[0] == 2000
    certain = np.array([[1.0, 0.0]], np.float32)
    assert BinaryCrossEntropy().value_and_gradient(certain, 1 - certain)[0] == 100
    assert NegativeLogLikelihood().value_and_gradient(certain, np.array([1]))[0] == 100


@given(st.integers(1, 6), st.integers(2, 5), st.integers(0, 1000))
def test_negative_log_likelihood_after_softmax_is_cross_entropy(samples: int, classes: int, seed: int):
    rng = np.random.default_rng(seed)
    x, t = rng.normal(size=(samples, classes)), rng.integers(0, classes, samples)
    one, two = CrossEntropy().value_and_gradient(x, t), NegativeLogLikelihood().value_and_gradient(softmax(x), t)
    assert one[0] == pytest.approx(two[0], rel=1e-12)
    p = softmax(x)
    np.testing.assert_allclose(p * (two[1] - (two[1] * p).sum(axis=1, keepdims=True)), one[1], rtol=1e-9, atol=1e-15)


def test_labels_become_the_targets_of_the_loss():
    labels = np.array([0, 2, 1])
    assert CrossEntropy().encode(labels, 3, 3) is labels
    assert MSE().encode(labels, 3, 3).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert BCEWithLogits().encode(np.array([0, 1]), 1, 2).tolist() == [[0], [1]]
    assert MSE().encode(labels, 3, 3).dtype == np.float32


@each_loss
def test_a_loss_is_rebuilt_from_its_spec(loss: Loss):
    assert loss_from_spec(loss.spec()) == loss
    assert dataclasses.is_dataclass(loss)
    assert sections(type(loss)).keys() >= {"Shapes", "Formula", "Gradient", "Source"}
