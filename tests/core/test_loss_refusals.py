"""What a loss refuses, in sentences that name it: predictions and targets that do not belong together."""

import pickle
from typing import Any

import numpy as np
import pytest

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
    loss_from_spec,
)
from core.types import Array, ChainruleError, DataError, OptionError, ShapeError
from core.words import said
from tests.core.test_losses import each_loss, smooth_inputs


@pytest.mark.parametrize("loss", [CrossEntropy(), MSE(), Hinge(), BinaryCrossEntropy()], ids=lambda loss: loss.kind)
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([0, 1, 3]), ["row 3", "is 3", "0 to 2"]),
        (np.array([0, -1, 2]), ["row 2", "is -1"]),
        (np.array([0.0, 1.0, 2.0]), ["whole numbers", "float64"]),
        (np.array([0.0, np.nan, 2.0]), ["whole numbers"]),
    ],
)
def test_labels_that_are_no_class_are_refused(loss: Loss, labels: Array, words: list[str]):
    with pytest.raises(DataError) as caught:
        loss.encode(labels, 3, 3)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    "loss", [MSE(), MAE(), Huber(), BinaryCrossEntropy(), BCEWithLogits()], ids=lambda loss: loss.kind
)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_targets_that_are_no_numbers_are_refused(loss: Loss, bad: float):
    target = np.zeros((4, 2), np.float32)
    loss.check_values(target)
    target[2, 1] = bad
    with pytest.raises(DataError, match="row 3"):
        loss.check_values(target)


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), BCEWithLogits()], ids=lambda loss: loss.kind)
def test_truths_lie_between_0_and_1(loss: Loss):
    loss.check_values(np.array([[0.0], [0.3], [1.0]]))
    for bad in (-0.1, 1.1):
        with pytest.raises(DataError, match="between 0 and 1"):
            loss.check_values(np.array([[0.5], [bad]]))


def test_outputs_that_cannot_stand_for_the_classes_are_refused():
    with pytest.raises(ShapeError, match="3 units"):
        CrossEntropy().encode(np.array([0, 1, 2]), 4, 3)
    with pytest.raises(ShapeError, match="3 units"):
        BCEWithLogits().encode(np.array([0, 1, 2]), 1, 3)
    with pytest.raises(ShapeError, match="2 units"):
        Hinge().encode(np.array([0, 1]), 1, 2)


def refusals(loss: Loss, error: type[ChainruleError], x: Any, t: Any) -> list[str]:
    """What every use of the loss says to a prediction and a target."""
    sentences = []
    for use in (loss.value_and_gradient, loss.per_sample):
        with pytest.raises(error) as caught:
            use(x, t)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1] and sentences[0].startswith(f"{loss.title} ") and sentences[0].endswith(".")
    return sentences


@each_loss
def test_shapes_that_do_not_belong_together_are_refused(loss: Loss):
    """Most of them would be broadcast, and the network trained on something else."""
    x, t = smooth_inputs(loss, 0)
    column = t.reshape(len(t), -1)[:, :1]
    for wrong in (
        t[:5],
        t[:1],
        column,
        column[:1],
        column[:, 0] if not loss.class_targets else np.eye(4)[t],
        np.zeros(()),
    ):
        (text, _) = refusals(loss, ShapeError, x, wrong)
        shape = "×".join(map(str, wrong.shape)) or "()"
        assert f"predictions of shape 6×4 and targets of shape {shape}, which do not belong together" in text


@each_loss
def test_a_mean_over_nothing_is_refused(loss: Loss):
    x, t = smooth_inputs(loss, 0)
    assert refusals(loss, DataError, x[:0], t[:0])[0] == f"{loss.title} is a mean over samples, and was given none."


@each_loss
def test_what_is_no_array_is_refused(loss: Loss):
    x, t = smooth_inputs(loss, 0)
    for wrong in (t.tolist(), None, 3):
        assert f"takes a NumPy array of targets, not {said(wrong)}." in refusals(loss, DataError, x, wrong)[0]
        assert f"takes a NumPy array of predictions, not {said(wrong)}." in refusals(loss, DataError, wrong, t)[0]


NUMBERS = [loss for loss in (cls() for cls in LOSSES.values()) if not loss.class_targets]
CLASSES = [loss for loss in (cls() for cls in LOSSES.values()) if loss.class_targets]


@pytest.mark.parametrize("loss", NUMBERS, ids=lambda loss: loss.kind)
@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.bool_, np.str_])
def test_targets_of_another_type_are_refused(loss: Loss, dtype: Any):
    """A float64 target would make a float64 gradient of a float32 network."""
    x, t = (array.astype(np.float32) for array in smooth_inputs(loss, 0))
    text = refusals(loss, DataError, x, wrong := t.astype(dtype))[0]
    assert f"takes targets of float32, the type of the predictions, not of {wrong.dtype}" in text


@pytest.mark.parametrize("loss", CLASSES, ids=lambda loss: loss.kind)
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 1, 3, -1, 2, 0], "numbered 0 to 3, but the label of row 4 is -1"),
        ([0, 1, 3, 4, 2, 0], "numbered 0 to 3, but the label of row 4 is 4"),
        (np.array([0, 1, 200, 1, 2, 0], np.uint8), "but the label of row 3 is 200"),
        (np.array([0.0, 1.0, 2.0, 3.0, 0.0, 1.0]), "whole numbers from 0 to 3, not values of type float64"),
        (np.array([True, False] * 3), "not values of type bool"),
    ],
)
def test_labels_of_a_batch_that_are_no_class_are_refused(loss: Loss, labels: Any, words: str):
    """A negative one would count from the last class."""
    x, _ = smooth_inputs(loss, 0)
    assert words in refusals(loss, DataError, x, np.asarray(labels))[0]


@pytest.mark.parametrize("loss", CLASSES, ids=lambda loss: loss.kind)
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_every_type_of_whole_numbers_will_do_for_labels(loss: Loss, dtype: Any):
    x, t = smooth_inputs(loss, 0)
    value, gradient = loss.value_and_gradient(x, t.astype(dtype))
    assert value == loss.value_and_gradient(x, t)[0]
    assert np.array_equal(gradient, loss.value_and_gradient(x, t)[1])


@pytest.mark.parametrize("loss", CLASSES, ids=lambda loss: loss.kind)
def test_classes_of_a_picture_are_refused(loss: Loss):
    text = refusals(loss, ShapeError, np.ones((2, 3, 4, 5)), np.zeros(2, np.int64))[0]
    assert text.endswith("takes predictions of shape samples × classes, not 2×3×4×5.")


@each_loss
def test_labels_in_a_column_cannot_be_encoded(loss: Loss):
    with pytest.raises(ShapeError, match="one class label a sample, not an array of 3×1"):
        loss.encode(np.array([[0], [1], [2]]), 3, 3)


@each_loss
def test_types_that_are_equal_are_the_same(loss: Loss):
    """After a way through pickle, the types of two arrays are equal without being one object."""
    x, t = smooth_inputs(loss, 0)
    other = t.view(pickle.loads(pickle.dumps(t.dtype)))
    assert loss.value_and_gradient(x, other)[0] == loss.value_and_gradient(x, t)[0]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("huber", {"delta": 0.0}),
        ("huber", {"delta": float("nan")}),
        ("cross_entropy", {"label_smoothing": 1.0}),
        ("cross_entropy", {"label_smoothing": -0.1}),
        ("hinge", {"margin": 0.0}),
        ("mse", {"delta": 1.0}),
        ("no such loss", {}),
    ],
)
def test_options_that_make_no_sense_are_refused(kind: str, options: dict[str, float]):
    with pytest.raises(OptionError):
        loss_from_spec({"kind": kind, **options})
