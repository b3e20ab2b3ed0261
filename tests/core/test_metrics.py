"""Metrics against small tables worked out by hand and against plain loops."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics import accuracy, confusion_matrix, precision, r_squared, recall, top_k_accuracy
from core.types import Array, ChainruleError, DataError, OptionError, ShapeError
from core.words import said
from tests.core.networks import DENSE, REGRESSION, XOR
from tests.core.training import trainer

PREDICTED = np.array([0, 0, 1, 2, 2, 2, 1, 0])
LABELS = np.array([0, 1, 1, 2, 2, 0, 2, 0])


def test_accuracy_is_the_share_of_hits():
    assert accuracy(PREDICTED, LABELS) == 5 / 8


def test_confusion_has_true_classes_as_rows():
    table = confusion_matrix(PREDICTED, LABELS, 4)
    assert table.tolist() == [[2, 0, 1, 0], [1, 1, 0, 0], [0, 1, 2, 0], [0, 0, 0, 0]]
    assert np.issubdtype(table.dtype, np.integer)


def test_precision_and_recall_by_class():
    table = confusion_matrix(PREDICTED, LABELS, 4)
    np.testing.assert_allclose(precision(table), [2 / 3, 1 / 2, 2 / 3, np.nan])
    np.testing.assert_allclose(recall(table), [2 / 3, 1 / 2, 2 / 3, np.nan])
    uneven = np.array([[5, 3], [0, 2]])
    np.testing.assert_allclose(precision(uneven), [1, 2 / 5])
    np.testing.assert_allclose(recall(uneven), [5 / 8, 1])


def test_top_k_counts_the_true_class_among_the_largest():
    scores = np.array([[0.1, 0.5, 0.4], [0.7, 0.1, 0.2], [0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    labels = np.array([2, 2, 2, 2])
    assert [top_k_accuracy(scores, labels, k) for k in (1, 2, 3)] == [1 / 4, 3 / 4, 1]


@given(st.integers(1, 12), st.integers(2, 6), st.integers(0, 1000))
def test_top_k_agrees_with_sorting_even_among_equals(samples: int, classes: int, seed: int):
    rng = np.random.default_rng(seed)
    scores, labels = rng.integers(0, 3, (samples, classes)).astype(float), rng.integers(0, classes, samples)
    order = np.argsort(-scores, axis=1, kind="stable")
    for k in range(1, classes + 1):
        hits = sum(label in row[:k] for label, row in zip(labels, order, strict=True))
        assert top_k_accuracy(scores, labels, k) == pytest.approx(hits / samples)
    assert top_k_accuracy(scores, labels, 1) == accuracy(scores.argmax(axis=1), labels)


def test_nan_is_never_among_the_best():
    scores = np.array([[np.nan, 1.0, 0.0], [np.nan, np.nan, np.nan]])
    assert top_k_accuracy(scores, np.array([0, 0]), 3) == 0


@pytest.mark.parametrize("k", [0, 4, -1, 1.5, True, None, "2", np.nan, np.float64(2), 10**30], ids=str)
def test_top_k_asks_for_a_k_among_the_classes(k: Any):
    with pytest.raises(OptionError) as error:
        top_k_accuracy(np.zeros((2, 3)), np.zeros(2, np.int64), k)
    assert str(error.value) == f"Top-k accuracy: k must be a whole number from 1 to 3, not {said(k)}."


def test_a_k_from_numpy_is_a_k():
    assert top_k_accuracy(np.eye(3), np.array([1, 2, 0]), cast(int, np.int64(3))) == 1


Metric = Callable[[Array, Array], object]

ON_CLASSES: dict[str, Metric] = {
    "Accuracy": accuracy,
    "Confusion": lambda predicted, labels: confusion_matrix(predicted, labels, 3),
    "Top-k accuracy": lambda predicted, labels: top_k_accuracy(np.zeros((3, 3)), labels, 2),
}


@pytest.mark.parametrize("metric", ON_CLASSES)
@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (np.array([[0], [1], [2]]), ShapeError, "labels must be one for each of 3 samples, not of shape 3×1."),
        (np.array([0, -1, 2]), DataError, "but that of row 2 is -1."),
        (np.array([0.0, 1.0, 2.0]), DataError, "labels must be whole numbers, not values of type float64."),
        (np.array([True, False, True]), DataError, "not values of type bool."),
    ],
)
def test_labels_that_are_no_class_are_refused(metric: str, labels: Array, error: type[ChainruleError], words: str):
    """A column against a row would be compared with every entry of it, and −1 would count from the last class."""
    with pytest.raises(error) as caught:
        ON_CLASSES[metric](np.array([0, 1, 2]), labels)
    assert str(caught.value).startswith(f"{metric}: labels must be") and str(caught.value).endswith(words)


@pytest.mark.parametrize("metric", ["Accuracy", "Confusion"])
@pytest.mark.parametrize(
    ("predicted", "error", "words"),
    [
        (np.array([[0], [1], [2]]), ShapeError, "must be one for each of 3 samples, not of shape 3×1."),
        (np.array([0, 1]), ShapeError, "must be one for each of 3 samples, not of shape 2."),
        (np.array(1), ShapeError, "must be one for each of 3 samples, not of shape ()."),
        (np.array([0, 1, -1]), DataError, "but that of row 3 is -1."),
        (np.array([0.2, 0.7, 0.1]), DataError, "must be whole numbers, not values of type float64."),
    ],
)
def test_predictions_that_are_no_class_are_refused(
    metric: str, predicted: Array, error: type[ChainruleError], words: str
):
    with pytest.raises(error) as caught:
        ON_CLASSES[metric](predicted, np.array([0, 1, 2]))
    assert str(caught.value).startswith(f"{metric}: predicted classes ") and str(caught.value).endswith(words)


def test_classes_beyond_the_last_are_refused():
    for predicted, labels, row in (([0, 3], [0, 1], 2), ([0, 1], [3, 0], 1)):
        with pytest.raises(DataError, match=f"whole numbers from 0 to 2, but that of row {row} is 3"):
            confusion_matrix(np.array(predicted), np.array(labels), 3)
    with pytest.raises(DataError, match="whole numbers from 0 to 1, but that of row 2 is 2"):
        top_k_accuracy(np.zeros((2, 2)), np.array([1, 2]), 1)


def test_classes_of_any_type_of_whole_numbers():
    """int64 and uint64 have no whole-number type in common."""
    labels, predicted = np.array([0, 1, 1], np.uint64), np.array([0, 0, 1], np.uint64)
    for one, other in ((labels, predicted), (labels.astype(int), predicted), (labels, predicted.astype(int))):
        assert confusion_matrix(other, one, 2).tolist() == [[1, 0], [1, 1]]


def test_many_classes_in_a_small_type():
    labels = np.array([19, 0, 19], np.uint8)
    table = confusion_matrix(np.array([19, 1, 0], np.uint8), labels, 20)
    assert (table[19, 19], table[0, 1], table[19, 0], table.sum()) == (1, 1, 1, 3)


def test_scores_are_one_for_every_class():
    with pytest.raises(ShapeError, match="scores must have the shape samples × classes, not 3"):
        top_k_accuracy(np.zeros(3), np.zeros(3, np.int64), 1)


@pytest.mark.parametrize(("prediction", "target"), [((4,), (4, 1)), ((4, 1), (4, 2)), ((4,), (4,)), ((1, 1), (4, 1))])
def test_values_are_compared_with_those_of_the_same_output(prediction: tuple[int, ...], target: tuple[int, ...]):
    with pytest.raises(ShapeError, match="R²: predictions and targets must have one shape, samples × outputs, not "):
        r_squared(np.zeros(prediction), np.zeros(target))


@pytest.mark.parametrize(
    "metric",
    [
        lambda: accuracy(np.zeros(0, int), np.zeros(0, int)),
        lambda: confusion_matrix(np.zeros(0, int), np.zeros(0, int), 2),
        lambda: top_k_accuracy(np.zeros((0, 2)), np.zeros(0, int), 1),
        lambda: r_squared(np.zeros((0, 1)), np.zeros((0, 1))),
    ],
)
def test_without_samples_there_is_nothing_to_say(metric: Callable[[], object]):
    with pytest.raises(DataError, match="says something about samples, and was given none"):
        metric()


def test_r_squared():
    target = np.array([[1.0], [2.0], [3.0], [6.0]])
    assert r_squared(target, target) == 1
    assert r_squared(np.full((4, 1), 3.0), target) == 0
    assert r_squared(target + np.array([[1.0], [-1.0], [1.0], [-1.0]]), target) == pytest.approx(1 - 4 / 14)
    assert r_squared(-target, target) < 0
    two = np.hstack([target, 10 * target + 5])
    assert r_squared(two + np.array([1.0, 0.0]), two) == pytest.approx((1 - 4 / 14 + 1) / 2)
    assert np.isnan(r_squared(target, np.ones((4, 1))))


def test_r_squared_of_float32_far_from_zero():
    """Their mean is no float32: there it would be off by up to ½."""
    rng = np.random.default_rng(1)
    target = (10_000_000 + rng.integers(0, 4, size=(501, 1))).astype(np.float32)
    prediction = target + rng.integers(-1, 2, size=(501, 1)).astype(np.float32)
    t, y = target.astype(np.float64), prediction.astype(np.float64)
    assert r_squared(prediction, target) == pytest.approx(1 - ((t - y) ** 2).sum() / ((t - t.mean()) ** 2).sum())


def test_an_evaluation_has_what_its_task_needs():
    classes, numbers = trainer(DENSE), trainer(REGRESSION)
    assert classes.evaluate().confusion is None and classes.evaluate().r_squared is None
    found = classes.evaluate("train", confusion=True)
    assert found.confusion is not None and found.confusion.shape == (10, 10)
    assert found.confusion.sum() == found.samples == 23
    assert found.confusion.sum(axis=1).tolist() == np.bincount(classes.data.t_train, minlength=10).tolist()
    assert found.confusion.trace() / 23 == found.accuracy
    found = numbers.evaluate(confusion=True)
    assert found.confusion is None and found.accuracy is None
    assert found.r_squared == pytest.approx(r_squared(numbers.predict(), numbers.data.t_test))


def test_one_output_has_a_confusion_matrix_too():
    one = trainer(XOR)
    table = one.evaluate(confusion=True).confusion
    assert table is not None and table.shape == (2, 2) and table.sum() == 9
    assert top_k_accuracy(trainer(DENSE).predict(), trainer(DENSE).data.t_test, 10) == 1
