"""The trainer: which rows, in which order, one step on them, evaluation, and going on later exactly as before."""

import copy
import dataclasses
import functools
import math
import pickle
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from core.datasets.base import Dataset
from core.layers import Dense
from core.losses import MSE
from core.network import Network
from core.optimizers import Adam, optimizer_from_spec
from core.schedules import Schedule
from core.trainer import Trainer
from core.types import ChainruleError, DataError, OptionError, ShapeError, StateError
from core.words import said
from tests.core.networks import BATCH_NORM, CROSS_ENTROPY, DENSE, DROPOUT, REGRESSION, XOR, Net, layer
from tests.core.training import ADAM, MOMENTUM, TRAINED, dataset, everything, same_bits, trainer

each_net = pytest.mark.parametrize("net", TRAINED, ids=lambda net: net.name)


def message(error: type[ChainruleError], action: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        action()
    return str(caught.value)


def epochs_of_rows(one: Trainer, epochs: int) -> list[list[np.ndarray]]:
    found = []
    for _ in range(epochs):
        batches = []
        for _ in range(one.batches_per_epoch):
            batches.append(one.next_rows().copy())
            one.train_step()
        found.append(batches)
    return found


def test_an_epoch_uses_every_row_once_in_a_new_order():
    one = trainer(XOR)
    assert one.batches_per_epoch == 3
    epochs = epochs_of_rows(one, 4)
    for batches in epochs:
        assert [len(rows) for rows in batches] == [8, 8, 7]
        assert sorted(np.concatenate(batches)) == list(range(23))
    orders = [tuple(np.concatenate(batches)) for batches in epochs]
    assert len(set(orders)) == 4 and tuple(range(23)) not in orders
    assert (one.steps, one.epoch) == (12, 4)


def test_the_seed_decides_the_order():
    first, second, other = (trainer(XOR, seed=seed) for seed in (5, 5, 6))
    rows, same_rows, other_rows = (epochs_of_rows(one, 2) for one in (first, second, other))
    assert all(np.array_equal(a, b) for x, y in zip(rows, same_rows, strict=True) for a, b in zip(x, y, strict=True))
    assert not np.array_equal(rows[0][0], other_rows[0][0])


@pytest.mark.parametrize(("batch_size", "sizes"), [(1, [1] * 23), (23, [23]), (1000, [23]), (22, [22, 1])])
def test_single_samples_full_batches_and_short_ones(batch_size: int, sizes: list[int]):
    one = trainer(XOR, batch_size=batch_size)
    assert one.batches_per_epoch == len(sizes)
    (batches,) = epochs_of_rows(one, 1)
    assert [len(rows) for rows in batches] == sizes


def test_next_rows_does_not_advance():
    one = trainer(XOR)
    assert np.array_equal(one.next_rows(), one.next_rows())
    assert one.steps == 0


@each_net
def test_a_step_is_gradients_then_the_optimizer(net: Net):
    one, network = trainer(net, MOMENTUM), net.network(np.float32)
    optimizer, rng = optimizer_from_spec(MOMENTUM), copy.deepcopy(one.rng)
    targets = one.data.t_train
    if net.loss["kind"] == "bce_with_logits":
        targets = targets[:, None].astype(np.float32)
    for _ in range(5):
        rows = one.next_rows()
        expected, grads = network.loss_and_gradients(one.data.x_train[rows], targets[rows], rng)
        optimizer.update(network.parameters(), grads)
        assert one.train_step() == expected
    state, other = one.network.state_dict(), network.state_dict()
    for name in state:
        np.testing.assert_array_equal(state[name], other[name])


@each_net
def test_training_goes_on_exactly_as_before(net: Net):
    """Saved in the middle of an epoch, through pickle, into a trainer that has been elsewhere."""
    one = trainer(net)
    for _ in range(4):
        one.train_step()
    saved = pickle.loads(pickle.dumps(one.state()))
    losses = [one.train_step() for _ in range(4)]
    other = trainer(net)
    for _ in range(2):
        other.train_step()
    other.restore(saved)
    assert (other.steps, other.epoch) == (4, 1)
    assert [other.train_step() for _ in range(4)] == losses
    assert same_bits(everything(other), everything(one))
    one.restore(saved)
    assert [one.train_step() for _ in range(4)] == losses


@each_net
def test_a_state_is_a_copy_and_complete(net: Net):
    one = trainer(net)
    start, before = one.state(), everything(one)
    for _ in range(4):
        one.train_step()
    assert not same_bits(everything(one), before)
    one.restore(start)
    for name, array in before.items():
        assert np.array_equal(everything(one)[name], array)


def test_a_state_can_be_restored_twice():
    one = trainer(DROPOUT)
    one.train_step()
    saved = one.state()
    first = one.train_step()
    one.restore(saved)
    one.train_step()
    one.restore(saved)
    assert one.train_step() == first


def test_optimizer_memory_goes_by_parameter_name():
    one = trainer(DENSE)
    one.train_step()
    memory = one.optimizer_memory()
    assert memory.keys() == {"m", "v"} and memory["m"].keys() == one.network.parameters().keys()
    np.testing.assert_allclose(memory["m"]["3.weight"], 0.1 * one.network.grads["3.weight"], rtol=1e-6)
    before = one.optimizer.memory["m"]["flat"].copy()
    memory["m"]["3.weight"][...] = 7
    assert np.array_equal(one.optimizer.memory["m"]["flat"], before)


@pytest.mark.parametrize("what", ["weights", "optimizer", "random", "memory", "steps", "nothing"])
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(what: str):
    one, other = trainer(DENSE), trainer(DENSE)
    for _ in range(2):
        one.train_step()
        other.train_step()
    state, before = other.state(), everything(one)
    if what == "weights":
        state["weights"]["3.bias"] = np.full(11, np.nan)
    elif what == "optimizer":
        state["optimizer"] = trainer(DENSE, MOMENTUM).state()["optimizer"]
    elif what == "random":
        state["rng"] = {"bit_generator": "dice"}
    elif what == "memory":
        state["optimizer"]["memory"]["m"]["3.bias"] = np.zeros(12)
    elif what == "steps":
        state["steps"] = -1
    else:
        state = cast(dict[str, Any], None)
    assert message(StateError, lambda: one.restore(state))
    assert same_bits(everything(one), before)


DAMAGED: dict[str, tuple[str, ...]] = {
    "optimizer": ("optimizer",),
    "kind": ("optimizer", "kind"),
    "updates": ("optimizer", "steps"),
    "memory": ("optimizer", "memory"),
    "slot": ("optimizer", "memory", "v"),
    "array": ("optimizer", "memory", "v", "3.bias"),
    "weights": ("weights",),
    "weight": ("weights", "3.bias"),
    "steps": ("steps",),
    "random": ("rng",),
    "generator": ("rng", "bit_generator"),
    "numbers": ("rng", "state"),
    "number": ("rng", "state", "inc"),
}
"""The way to every part of a state, from the outside in."""


@pytest.mark.parametrize("part", DAMAGED)
def test_a_damaged_state_is_refused_wherever_the_damage_is(part: str):
    one, state = trainer(DENSE), trainer(DENSE)
    one.train_step()
    state.train_step()
    before = everything(one)
    for damage in (None, -1, 2**200, "text", [1.5], {}, {"a": 1}, np.ones(2), np.array(["a", "b"])):
        saved: Any = state.state()
        place = saved
        for name in DAMAGED[part][:-1]:
            place = place[name]
        place[DAMAGED[part][-1]] = damage
        assert message(StateError, functools.partial(one.restore, saved)).endswith(".")
        assert same_bits(everything(one), before)


def test_memory_that_is_infinite_in_float32_is_refused():
    one, state = trainer(DENSE), trainer(DENSE).state()
    one.train_step()
    before = everything(one)
    zeros = {name: np.zeros(p.shape) for name, p in one.network.parameters().items()}
    state["optimizer"]["memory"] = {"m": zeros, "v": zeros | {"3.bias": np.full(zeros["3.bias"].shape, 1e39)}}
    assert "not finite" in message(StateError, lambda: one.restore(state))
    assert same_bits(everything(one), before)


@each_net
@pytest.mark.parametrize("part", ["test", "train"])
def test_evaluation_is_a_plain_forward_pass(net: Net, part: str):
    one = trainer(net)
    for _ in range(3):
        one.train_step()
    x, t = (one.data.x_test, one.data.t_test) if part == "test" else (one.data.x_train, one.data.t_train)
    before = everything(one)
    found = one.evaluate(part)
    assert same_bits(everything(one), before)
    y = one.network.forward(x).astype(np.float64)
    if net is REGRESSION:
        loss, share = ((y - t) ** 2).mean(), None
    elif net is XOR:
        loss = np.mean(np.log1p(np.exp(y[:, 0])) - t * y[:, 0])
        share = np.mean((y[:, 0] > 0) == t)
    else:
        loss = np.mean(np.log(np.exp(y).sum(axis=1)) - y[np.arange(len(t)), t])
        share = np.mean(y.argmax(axis=1) == t)
    assert found.samples == len(x)
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert found.accuracy == (share if share is None else pytest.approx(share, abs=1e-12))


def test_evaluation_of_many_rows_weighs_every_row_the_same():
    """2 150 rows are taken in several passes, the last one shorter."""
    one = trainer(XOR, data=dataset(XOR, train=20, test=2150))
    y = one.network.forward(one.data.x_test).astype(np.float64)[:, 0]
    t = one.data.t_test
    assert one.evaluate().loss == pytest.approx(np.mean(np.log1p(np.exp(y)) - t * y), rel=1e-6)
    assert one.evaluate().accuracy == pytest.approx(np.mean((y > 0) == t), abs=1e-12)
    np.testing.assert_allclose(one.predict()[:, 0], y, rtol=1e-6)


def test_evaluation_uses_the_running_statistics():
    one = trainer(BATCH_NORM)
    before = one.evaluate().loss
    one.network.buffers()["1.running_mean"][...] += 1
    assert one.evaluate().loss != before


class Halving(Schedule):
    """Half the rate with every step."""

    kind = "halving"
    title = "Halving"

    def rate(self, base: float, step: int) -> float:
        return base / 2**step


def test_the_schedule_decides_the_rate_of_each_step():
    one = trainer(XOR, {"kind": "sgd", "learning_rate": 0.4}, schedule=Halving())
    for rate in (0.4, 0.2, 0.1):
        tape = one.record_step()
        assert tape.learning_rate == rate
        for record in tape.records:
            if record.phase == "update":
                moved = record.tensors["before"] - record.tensors["after"]
                np.testing.assert_allclose(moved, rate * record.tensors["gradient"], rtol=1e-4, atol=1e-7)
    one.set_optimizer_options({"learning_rate": 8.0})
    assert one.record_step().learning_rate == 1.0


def test_a_learning_rate_of_nonsense_is_refused():
    one = trainer(XOR)
    text = message(OptionError, lambda: one.set_optimizer_options({"learning_rate": float("nan")}))
    assert text.startswith("Adam: learning_rate must be a number of at least 0")
    assert one.learning_rate == one.optimizer.learning_rate == 0.01


def _classes(names: int) -> Dataset:
    x = np.zeros((4, 3), np.float32)
    t = np.arange(4, dtype=np.int64) % names
    return Dataset("Classes", x, t, x.copy(), t.copy(), tuple("abcdefg"[:names]))


def _numbers(outputs: int) -> Dataset:
    x, t = np.zeros((4, 3), np.float32), np.zeros((4, outputs), np.float32)
    return Dataset("Plane", x, t, x.copy(), t.copy())


def _dense(units: int, loss: str) -> Net:
    return Net("", (layer("dense", units=units),), {"kind": loss}, (3,), units, 4)


@pytest.mark.parametrize(
    ("net", "data", "words"),
    [
        (_dense(4, "cross_entropy"), _classes(3), ["gives 4 values", "3 classes", "3 units"]),
        (_dense(1, "cross_entropy"), _classes(2), ["gives 1 value ", "2 classes", "2 units"]),
        (_dense(1, "bce_with_logits"), _classes(3), ["gives 1 value ", "3 classes", "3 units"]),
        (_dense(2, "mse"), _numbers(3), ["gives 2 values", "asks for 3", "3 units"]),
        (_dense(3, "cross_entropy"), _numbers(3), ["asks for numbers", "mean squared error"]),
        (Net("", (layer("relu"),), CROSS_ENTROPY, (1, 2, 2), 4, 4), None, ["picture", "Flatten"]),
    ],
)
def test_outputs_that_do_not_fit_the_targets_are_named(net: Net, data: Dataset | None, words: list[str]):
    text = message(ChainruleError, lambda: trainer(net, data=data or dataset(net)))
    assert all(word in text for word in words), text
    assert text.endswith(".")


def test_a_trainer_without_rows_or_batches_is_refused():
    with pytest.raises(OptionError):
        trainer(XOR, batch_size=0)
    empty = np.zeros((0, 2), np.float32)
    some, t = np.zeros((3, 2), np.float32), np.zeros(3, np.int64)
    for data in (Dataset("d", empty, t[:0], some, t, ("a", "b")), Dataset("d", some, t, empty, t[:0], ("a", "b"))):
        with pytest.raises(DataError):
            trainer(XOR, data=data)


def test_the_data_stay_untouched():
    for net in (XOR, DROPOUT):
        data = dataset(net)
        copies = [array.copy() for array in (data.x_train, data.t_train, data.x_test, data.t_test)]
        one = trainer(net, data=data)
        one.train_step()
        one.record_step()
        one.evaluate()
        for array, kept in zip((data.x_train, data.t_train, data.x_test, data.t_test), copies, strict=True):
            assert not array.flags.writeable and np.array_equal(array, kept)


def test_two_trainers_share_nothing():
    """A mirror in the window and the trainer in the worker may live in one process, as in the tests."""
    first, second = trainer(BATCH_NORM, ADAM), trainer(BATCH_NORM, ADAM)
    before = everything(second)
    first.train_step()
    assert same_bits(everything(second), before)


@pytest.mark.parametrize(
    ("batch_size", "words"),
    [(0, "at least 1"), (2.5, "whole number"), (True, "whole number"), (math.nan, "whole number")],
)
def test_a_batch_size_that_is_no_number_of_rows_is_refused(batch_size: Any, words: str):
    with pytest.raises(OptionError, match=words):
        trainer(DENSE, batch_size=batch_size)


def test_a_batch_size_from_numpy_is_a_whole_number():
    assert type(trainer(DENSE, batch_size=cast(int, np.int64(8))).batch_size) is int


PARTS: dict[str, tuple[Any, str]] = {
    "network": (None, "Training: the network must be a Network of layers and a loss, not None."),
    "optimizer": (Adam, "Training: the optimizer must be an optimizer such as Adam(), not <class '"),
    "schedule": ("cosine", "Training: the schedule must be a schedule such as CosineRate(), not 'cosine'."),
    "penalty": (0.1, "Training: the penalty must be a penalty such as L2Penalty(), not 0.1."),
    "clipping": (False, "Training: the clipping must be a clipping such as ClipNorm(), not False."),
    "data": (None, "Training takes a loaded data set, not None."),
    "seed": (-1, "Training: seed must be a whole number of at least 0"),
}


@pytest.mark.parametrize("name", PARTS)
def test_what_is_no_part_of_a_training_is_refused(name: str):
    part, words = PARTS[name]
    parts = {"network": DENSE.network(np.float32), "optimizer": Adam(), "data": dataset(DENSE), "seed": 1}
    with pytest.raises(ChainruleError) as error:
        Trainer(**{"batch_size": 8, **parts, name: part})
    assert str(error.value).startswith(words) and str(error.value).endswith(".")


def test_only_train_and_test_can_be_evaluated():
    one = trainer(DENSE)
    for ask in (one.evaluate, one.evaluation, one.predict):
        with pytest.raises(OptionError, match=r"^The parts of the data are .train. and .test., not .validation"):
            ask("validation")


@pytest.mark.parametrize("name", ["weights", "optimizer", "steps", "rng"])
def test_a_state_without_one_of_its_entries_is_refused(name: str):
    one = trainer(DENSE)
    state, before = one.state(), everything(one)
    one.train_step()
    del state[name]
    after = everything(one)
    assert message(StateError, lambda: one.restore(state)) == f"The saved state of the training has no {name!r}."
    assert same_bits(everything(one), after) and not same_bits(after, before)


def test_data_that_do_not_fit_the_network_or_themselves_are_refused():
    data, net = dataset(DENSE), DENSE.network(np.float32)
    unbuilt = type(net)(net.layers, net.loss)
    with pytest.raises(OptionError, match="no weights yet"):
        Trainer(unbuilt, optimizer_from_spec(ADAM), data, 8, 1)
    short = dataclasses.replace(data, t_train=data.t_train[:-1])
    with pytest.raises(DataError, match=f"{len(data.x_train)} samples to train with, but {len(short.t_train)} targets"):
        Trainer(net, optimizer_from_spec(ADAM), short, 8, 1)
    other = dataclasses.replace(data, x_test=np.zeros((len(data.x_test), 99), np.float32))
    with pytest.raises(ShapeError, match=r"to test with are 99, and those to train with 1×9×8: they must be alike\.$"):
        Trainer(net, optimizer_from_spec(ADAM), other, 8, 1)
    wide = dataclasses.replace(data, x_train=np.zeros((len(data.x_train), 99), np.float32))
    with pytest.raises(ShapeError, match="are 99: build it for the data"):
        Trainer(net, optimizer_from_spec(ADAM), wide, 8, 1)


@pytest.mark.parametrize("name", ["x_train", "t_train", "x_test", "t_test"])
@pytest.mark.parametrize("given", [None, [[1.0, 2.0]], np.array(["a", "b"]), np.array([None, 1])], ids=type)
def test_a_data_set_is_made_of_arrays_of_numbers(name: str, given: Any):
    with pytest.raises(DataError) as error:
        dataclasses.replace(dataset(DENSE), **{name: given})
    assert str(error.value) == f"Classes: {name} must be a NumPy array of numbers, not {said(given)}."


def test_targets_of_a_regression_have_an_axis_for_the_outputs():
    net = Network([Dense(1)], MSE())
    net.build((2,), 1)
    x, t = np.zeros((4, 2), np.float32), np.zeros(4, np.float32)
    with pytest.raises(ShapeError, match=r"^The targets of Numbers must have the shape samples × outputs, not 4[.]$"):
        Trainer(net, optimizer_from_spec(ADAM), Dataset("Numbers", x, t, x, t), 4, 1)


def test_a_last_batch_of_one_row_is_refused_before_the_training_where_it_has_no_variance():
    with pytest.raises(OptionError, match="the last batch has only 1: choose another batch size, such as 21"):
        trainer(BATCH_NORM, batch_size=22)
    assert trainer(BATCH_NORM, batch_size=21).batches_per_epoch == 2


def test_a_state_without_the_memory_of_another_kind_of_optimizer():
    adam, sgd = trainer(DENSE), trainer(DENSE, MOMENTUM)
    adam.train_step()
    suited = sgd.suited(adam.state())
    sgd.restore(suited)
    assert sgd.steps == 1 and sgd.optimizer.steps == 0 and not sgd.optimizer.memory["velocity"]
    assert adam.suited(adam.state())["optimizer"]["memory"].keys() == {"m", "v"}
