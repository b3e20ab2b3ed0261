"""A step that comes to NaN or infinity: it is not made, and the error names the place where it began."""

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.datasets.base import Dataset
from core.health import NonFiniteError
from core.losses import MSE
from core.penalties import L2Penalty
from core.trainer import Trainer
from core.types import Array
from tests.core.networks import BATCH_NORM, DENSE, DROPOUT, REGRESSION, XOR, Net, layer
from tests.core.training import MOMENTUM, TRAINED, dataset, everything, same_bits, trainer

each_net = pytest.mark.parametrize("net", TRAINED, ids=lambda net: net.name)
each_way = pytest.mark.parametrize("way", ["train_step", "record_step"])

TWO = (layer("dense", units=4), layer("dense", units=2))


def failure(one: Trainer, way: str = "train_step") -> NonFiniteError:
    """The error of the next step, after which nothing may have changed."""
    before = everything(one)
    with pytest.raises(NonFiniteError) as caught:
        getattr(one, way)()
    assert same_bits(everything(one), before)
    error = caught.value
    assert str(error).startswith(f"Step {error.step}: ") and str(error).endswith(".")
    assert "the weights from before this step were kept." in str(error)
    return error


def trainer_with(net: Net, weights: dict[str, float], x: float = 1.0) -> Trainer:
    """All weights named have one value, all samples too, biases are 0."""
    data = dataset(net)
    rows = np.full(data.x_train.shape, x, np.float32)
    one = trainer(net, MOMENTUM, Dataset(data.title, rows, data.t_train, rows, data.t_train, data.class_names))
    for name, param in one.network.parameters().items():
        param[...] = weights.get(name, 0.0)
    return one


@each_net
@each_way
def test_a_layer_whose_outputs_overflow_is_named(net: Net, way: str):
    """Every layer with weights in turn, after two good steps; also with running statistics and random numbers.

    Not before Tanh or Sigmoid, which make ±1 of infinity, so that nothing is wrong with the loss.
    """
    kinds = [spec["kind"] for spec in net.layers]
    for index, (kind, following) in enumerate(zip(kinds, [*kinds[1:], "loss"], strict=True)):
        if kind not in {"dense", "conv2d"} or following in {"tanh", "sigmoid"}:
            continue
        one = trainer(net)
        one.train_step()
        one.train_step()
        for name in ("weight", "bias"):
            one.network.parameters()[f"{index}.{name}"][...] = 3e38
        error = failure(one, way)
        title = one.network.layers[index].title
        assert (error.step, error.layer, error.direction) == (3, index, "forward")
        assert f"the values that leave layer {index + 1}, {title}, going forward are not finite" in str(error)
        assert str(error).endswith("with a lower learning rate or clipped gradients.")


@each_way
def test_a_loss_that_overflows_is_named(way: str):
    """Predictions of 1e30 are numbers, their squares are not."""
    one = trainer_with(REGRESSION, {"0.weight": 1.0, "2.weight": 1e30})
    error = failure(one, way)
    assert (error.layer, error.direction) == (3, "loss")
    assert "the loss, Mean squared error, is not finite" in str(error)


def test_a_loss_that_overflows_while_the_gradient_is_finite_is_named():
    net = Net("", (layer("dense", units=100),), {"kind": "mse"}, (1,), 100, 8)
    error = failure(trainer_with(net, {"0.weight": 2.5e29}, x=1e-10))
    assert (error.layer, error.direction) == (1, "loss")


@each_way
def test_a_gradient_that_overflows_while_the_loss_is_finite_is_named(way: str):
    """Predictions are about 1, but the first weights have gradients of 1e39."""
    net = Net("", TWO, {"kind": "mse"}, (3,), 2, 8)
    error = failure(trainer_with(net, {"0.weight": 1e-39, "1.weight": 1e30}, x=1e9), way)
    assert (error.layer, error.direction) == (0, "backward")
    assert "the gradient of the weight of layer 1, Dense, is not finite" in str(error)


def test_gradients_whose_squares_overflow_are_named():
    """Adam's mean of squares would become infinite and stay so, and the weight would never move again."""
    net = Net("", TWO, {"kind": "mse"}, (3,), 2, 8)
    error = failure(trainer_with(net, {"0.weight": 1e-25, "1.weight": 1e25}))
    assert (error.layer, error.direction) == (0, "backward")
    assert "layer 1, Dense, going backward are so large (up to" in str(error)
    assert "e26) that their squares are not finite" in str(error)


def test_data_that_are_no_numbers_are_named():
    data = dataset(XOR)
    x = data.x_train.copy()
    x[:, 1] = np.nan
    one = trainer(XOR, data=Dataset(data.title, x, data.t_train, data.x_test, data.t_test, data.class_names))
    error = failure(one)
    assert (error.step, error.layer, error.direction) == (1, 0, "forward")
    assert "the data that enter layer 1, Dense, hold values that are not finite" in str(error)
    assert str(error).endswith("Mend the data.")


def test_weights_that_were_already_lost_are_named():
    one = trainer(DENSE)
    one.network.parameters()["3.bias"][4] = np.inf
    error = failure(one)
    assert (error.layer, error.direction) == (3, "forward")
    assert "the bias of layer 4, Dense, was already not finite" in str(error)


@pytest.mark.parametrize(
    "optimizer", [{"kind": "sgd", "learning_rate": 1e6}, {"kind": "sgd", "learning_rate": 40.0, "momentum": 0.9}]
)
def test_a_learning_rate_far_too_high_ends_in_words_and_training_can_go_on(optimizer: dict[str, Any]):
    net = Net("", (layer("dense", units=9), layer("relu"), layer("dense", units=2)), {"kind": "mse"}, (3,), 2, 8)
    one = trainer(net, optimizer)
    start = one.state()
    for _ in range(1000):
        before = everything(one)
        try:
            loss = one.train_step()
        except NonFiniteError as error:
            assert error.step == one.steps + 1
            break
        assert np.isfinite(loss)
    else:
        raise AssertionError("1 000 steps with such a learning rate stayed finite")
    assert same_bits(everything(one), before)
    assert all(np.isfinite(array).all() for array in one.network.state_dict().values())
    one.restore(start)
    one.set_optimizer_options({"learning_rate": 1e-3, "momentum": 0.0})
    assert all(np.isfinite(one.train_step()) for _ in range(20))


@each_way
def test_a_failed_step_fails_again_in_the_same_way(way: str):
    """Batch, dropout masks and running statistics are those of the failed step."""
    one = trainer(DROPOUT)
    one.network.parameters()["0.bias"][...] = np.inf
    first, second = failure(one, way), failure(one, way)
    assert str(first) == str(second)


def test_running_statistics_are_not_touched_by_a_failed_step():
    one = trainer(BATCH_NORM)
    one.train_step()
    one.network.parameters()["8.weight"][...] = 3e38
    buffers = {name: array.copy() for name, array in one.network.buffers().items()}
    failure(one)
    assert all(np.array_equal(array, buffers[name]) for name, array in one.network.buffers().items())


def test_the_error_crosses_to_another_process():
    error = NonFiniteError("Step 3: something.", 3, 1, "backward")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.step, again.layer, again.direction) == ("Step 3: something.", 3, 1, "backward")


@pytest.mark.parametrize(
    "spoil", [lambda g: g * np.nan, lambda g: np.where(np.arange(g.size) == 0, np.inf, g), lambda g: g * 0 + 1e20]
)
def test_one_bad_gradient_among_many_is_noticed(spoil: Callable[[Array], Array], monkeypatch: pytest.MonkeyPatch):
    """Whatever layer it comes from: here the network itself is made to return it."""
    one = trainer(DENSE)
    honest = one.network.loss_and_gradients

    def spoiled(*args: Any) -> Any:
        result = honest(*args)
        one.network.flat_grads[...] = spoil(one.network.flat_grads)
        return result

    monkeypatch.setattr(one.network, "loss_and_gradients", spoiled)
    failure(one)


@each_way
@pytest.mark.parametrize(
    ("optimizer", "name"),
    [
        ({"kind": "sgd", "learning_rate": 0.1, "weight_decay": 1000.0}, "weight"),
        ({"kind": "adamw", "learning_rate": 1000.0, "weight_decay": 0.1}, "weight"),
    ],
)
def test_an_update_that_overflows_is_not_made(optimizer: dict[str, Any], name: str, way: str):
    """A decay this strong multiplies every weight by 99; saturated units have no gradient that would show it."""
    one = trainer(XOR, optimizer)
    for _ in range(200):
        before = everything(one)
        try:
            one.train_step()
        except NonFiniteError as error:
            found = error
            break
        assert all(np.isfinite(array).all() for array in one.network.state_dict().values())
    assert same_bits(everything(one), before)
    assert str(failure(one, way)) == str(found)
    assert found.direction == "update" and f"the updated {name} of layer 1, Dense, would not be finite" in str(found)
    one.restore(one.state())


def test_looking_at_every_update_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    plain, careful = trainer(BATCH_NORM), trainer(BATCH_NORM)
    for _ in range(5):
        plain.train_step()
    monkeypatch.setattr("core.trainer._HARMLESS_STEP", 0.0)
    for _ in range(5):
        careful.train_step()
    assert same_bits(everything(plain), everything(careful))


@each_way
def test_running_statistics_that_overflow_are_named(way: str):
    """A batch whose variance is infinite normalises to 0, so that loss and gradients are finite."""
    net = Net("", (layer("dense", units=4), layer("batch_norm"), layer("dense", units=2)), {"kind": "mse"}, (3,), 2, 8)
    one = trainer(net)
    one.network.parameters()["0.weight"][...] = 1e25
    error = failure(one, way)
    assert (error.layer, error.direction) == (1, "update")
    assert "the running_var of layer 2, BatchNorm, would not be finite" in str(error)


def test_a_penalty_that_overflows_is_not_blamed_on_the_loss(monkeypatch: pytest.MonkeyPatch):
    net = Net("", (layer("dense", units=2),), {"kind": "mse"}, (3,), 2, 8)
    one = trainer(net)
    penalised = Trainer(one.network, one.optimizer, one.data, 8, 2, penalty=L2Penalty(1e3))
    one.network.parameters()["0.weight"][...] = 1e17
    monkeypatch.setattr(MSE, "value_and_gradient", lambda loss, prediction, target: (0.5, np.zeros_like(prediction)))
    error = failure(penalised)
    assert "the penalty's part of the gradients of layer 1, Dense, are so large (up to 1.0e20)" in str(error)


def test_what_was_computed_of_a_refused_step_is_on_a_tape():
    one = trainer_with(REGRESSION, {"0.weight": 1.0, "2.weight": 1e30})
    error = failure(one, "record_step")
    tape = error.tape
    assert tape is not None and tape.refused == str(error) and tape.step == error.step == 1
    assert [record.phase for record in tape.records] == ["forward"] * 3 + ["loss"] + ["backward"] * 3
    assert math.isinf(tape.loss)
    assert np.isfinite(tape.records[2].tensors["y"]).all() and np.abs(tape.records[2].tensors["y"]).max() > 1e29
    for cursor in (0, len(tape)):
        assert same_bits(tape.parameters_at(cursor), one.network.parameters())
    assert failure(one).tape is None
