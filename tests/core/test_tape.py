"""The tape: the very step that trains, as records in order, and time as a cursor over them."""

import dataclasses
import itertools
import linecache

import numpy as np
import pytest

from core.network import Network
from core.optimizers import optimizer_from_spec
from core.tape import Record, Tape
from core.types import Array, Arrays
from core.words import number
from tests.core.networks import BATCH_NORM, DENSE, DROPOUT, XOR, Net
from tests.core.training import ADAM, MOMENTUM, TRAINED, everything, same_bits, trainer

each_net = pytest.mark.parametrize("net", TRAINED, ids=lambda net: net.name)


def recorded(net: Net, steps: int = 3, optimizer: dict[str, object] = ADAM) -> Tape:
    one = trainer(net, optimizer)
    for _ in range(steps - 1):
        one.train_step()
    return one.record_step()


def phase(tape: Tape, name: str) -> list[Record]:
    return [record for record in tape.records if record.phase == name]


@each_net
@pytest.mark.parametrize("optimizer", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_recording_changes_no_bit(net: Net, optimizer: dict[str, object]):
    """Over two epochs, a short last batch included: weights, statistics, optimizer memory, random numbers, losses."""
    plain, watched, mixed = (trainer(net, optimizer) for _ in range(3))
    for step in range(7):
        loss = plain.train_step()
        tape = watched.record_step()
        mixed_loss = mixed.record_step().loss if step % 2 else mixed.train_step()
        assert tape.loss == loss == mixed_loss
        assert same_bits(everything(watched), everything(plain))
    assert same_bits(everything(mixed), everything(plain))


@each_net
def test_the_records_stand_in_the_order_of_backpropagation(net: Net):
    tape = recorded(net)
    layers, names = len(net.layers), list(tape.params_before)
    first = min(int(name.split(".")[0]) for name in names)
    expected = [("forward", index) for index in range(layers)] + [("loss", layers)]
    expected += [("backward", index) for index in range(layers - 1, first - 1, -1)]
    expected += [("update", int(name.split(".")[0])) for name in names]
    assert [(record.phase, record.index) for record in tape.records] == expected
    assert len(tape) == len(tape.records)
    assert [record.name for record in phase(tape, "update")] == names


@each_net
def test_tensors_are_handed_on_from_record_to_record(net: Net):
    tape = recorded(net)
    forward, backward, (loss,) = phase(tape, "forward"), phase(tape, "backward"), phase(tape, "loss")
    assert forward[0].tensors["x"] is tape.x
    assert all(b.tensors["x"] is a.tensors["y"] for a, b in itertools.pairwise(forward))
    assert loss.tensors["prediction"] is forward[-1].tensors["y"]
    assert loss.tensors["target"] is tape.target
    assert backward[0].tensors["dy"] is loss.tensors["dy"]
    assert all(b.tensors["dy"] is a.tensors["dx"] for a, b in itertools.pairwise(backward))
    assert "dx" not in backward[-1].tensors
    for record in backward:
        assert record.tensors["dy"].shape == forward[record.index].tensors["y"].shape
        params = {name.split(".")[1] for name in tape.params_before if int(name.split(".")[0]) == record.index}
        assert record.tensors.keys() - {"dx"} == {"dy"} | {f"d_{name}" for name in params}


def gradients_of_a_plain_step(net: Net, steps: int) -> tuple[Network, Arrays]:
    twin = trainer(net)
    for _ in range(steps - 1):
        twin.train_step()
    rows = twin.next_rows()
    target = (
        twin.network.loss.encode(twin.data.t_train, net.outputs, max(net.outputs, 2))
        if net.loss["kind"] != "mse"
        else twin.data.t_train
    )
    _, grads = twin.network.loss_and_gradients(twin.data.x_train[rows], target[rows], twin.rng)
    return twin.network, grads


@each_net
def test_gradients_are_those_of_a_plain_step(net: Net):
    tape = recorded(net, steps=3)
    _, grads = gradients_of_a_plain_step(net, steps=3)
    found = {
        f"{r.index}.{name[2:]}": t for r in phase(tape, "backward") for name, t in r.tensors.items() if name[:2] == "d_"
    }
    assert same_bits(found, {name: np.array(gradient) for name, gradient in grads.items()})
    for record in phase(tape, "update"):
        assert np.array_equal(record.tensors["gradient"], grads[record.name])


@each_net
@pytest.mark.parametrize("optimizer", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_updates_are_the_optimizer_s_own_step(net: Net, optimizer: dict[str, object]):
    """Each parameter alone, with the memory shown before, gives the weights and the memory shown after."""
    tape = recorded(net, steps=4, optimizer=optimizer)
    for record in phase(tape, "update"):
        alone = optimizer_from_spec(optimizer)
        alone.steps = tape.step - 1
        alone.memory = {slot: {"p": record.tensors[f"{slot} before"].copy()} for slot in alone.slots}
        param = record.tensors["before"].copy()
        alone.update({"p": param}, {"p": record.tensors["gradient"]})
        assert np.array_equal(param, record.tensors["after"])
        # A bias before BatchNorm makes no difference to the loss: its gradient is what rounding leaves.
        if np.abs(record.tensors["gradient"]).max() > 1e-6:
            assert not np.array_equal(param, record.tensors["before"])
        for slot in alone.slots:
            assert np.array_equal(alone.memory[slot]["p"], record.tensors[f"{slot} after"])
        assert record.tensors["after"] is tape.params_after[record.name]
        assert record.tensors["before"] is tape.params_before[record.name]


def test_memory_before_the_first_step_is_zero():
    for record in phase(recorded(DENSE, steps=1), "update"):
        assert not record.tensors["m before"].any() and not record.tensors["v before"].any()
        assert record.tensors["m after"].any() and record.tensors["m before"].shape == record.tensors["before"].shape


@each_net
def test_before_and_after_are_the_trainer_s_states(net: Net):
    one = trainer(net)
    one.train_step()
    before = one.network.state_dict()
    tape = one.record_step()
    after = one.network.state_dict()
    assert same_bits(
        tape.params_before | tape.buffers_before, {n: before[n] for n in tape.params_before | tape.buffers_before}
    )
    assert same_bits(
        tape.params_after | tape.buffers_after, {n: after[n] for n in tape.params_after | tape.buffers_after}
    )
    assert (tape.params_before | tape.buffers_before).keys() == before.keys()


@each_net
def test_the_cursor_is_time(net: Net):
    tape = recorded(net)
    names = list(tape.params_before)
    first_update = len(tape) - len(names)
    for cursor in range(len(tape) + 1):
        done = max(0, cursor - first_update)
        for position, (name, param) in enumerate(tape.parameters_at(cursor).items()):
            assert name == names[position]
            assert param is (tape.params_after if position < done else tape.params_before)[name]
        for record in tape.records:
            reached = tape.records.index(record) < cursor
            if record.phase != "update":
                assert (tape.find(record.phase, record.index, cursor) is record) == reached
    assert tape.find("forward", len(net.layers), len(tape)) is None


def test_buffers_follow_the_cursor():
    tape = recorded(BATCH_NORM)
    assert not np.array_equal(tape.buffers_before["1.running_mean"], tape.buffers_after["1.running_mean"])
    assert tape.buffers_at(0) is tape.buffers_before
    assert tape.buffers_at(len(tape)) is tape.buffers_after
    phases = [tape.buffers_at(cursor) is tape.buffers_after for cursor in range(len(tape) + 1)]
    assert phases == sorted(phases)


def copy_of(tape: Tape) -> list[Arrays]:
    kept = [{name: array.copy() for name, array in (r.tensors | r.cache).items()} for r in tape.records]
    return [
        *kept,
        *(
            {n: a.copy() for n, a in d.items()}
            for d in (tape.params_before, tape.params_after, tape.buffers_before, tape.buffers_after)
        ),
    ]


@each_net
def test_later_steps_do_not_reach_into_a_tape(net: Net):
    """The window may show an old tape while training goes on."""
    one = trainer(net)
    one.train_step()
    tape = one.record_step()
    kept = copy_of(tape)
    for _ in range(3):
        one.train_step()
    one.record_step()
    one.evaluate()
    assert all(same_bits(a, b) for a, b in zip(copy_of(tape), kept, strict=True))


@each_net
def test_the_tape_knows_its_batch(net: Net):
    one = trainer(net)
    for step in range(1, 6):
        rows = one.next_rows().copy()
        tape = one.record_step()
        assert np.array_equal(tape.rows, rows) and np.array_equal(tape.x, one.data.x_train[rows])
        assert len(tape.target) == len(rows)
        assert (tape.step, tape.epoch) == (step, 1 if step <= 3 else 2)
        assert tape.learning_rate == 0.01
        (loss,) = phase(tape, "loss")
        assert tape.loss == one.network.loss.value_and_gradient(loss.tensors["prediction"], loss.tensors["target"])[0]


@each_net
def test_every_record_can_be_read_aloud(net: Net):
    tape = recorded(net)
    for record in tape.records:
        assert record.account.endswith(".") and "\n" not in record.account and "nan" not in record.account
        assert 20 < len(record.account) < 240
        assert record.formula
        line = linecache.getline(str(record.source.path), record.source.first).strip()
        methods = {"forward": "forward", "loss": "value_and_gradient", "backward": "backward", "update": "_update"}
        assert line.startswith(f"def {methods[record.phase]}"), line
        assert record.source.first < record.source.last
    paths = {record.phase: record.source.path for record in tape.records}
    assert paths["loss"].parent.name == "losses" and paths["update"].parent.name == "optimizers"


def test_accounts_tell_the_numbers():
    tape = recorded(XOR)
    text = [record.account for record in tape.records]
    assert "each of 8 outputs is a sum of 2 products" in text[0]
    assert number(tape.loss) in text[5] and "7 samples" in text[5]
    assert "nothing before it learns" in next(r.account for r in tape.records if r.phase == "backward" and r.index == 0)
    update = next(record for record in tape.records if record.name == "2.weight")
    change = np.abs(update.tensors["after"] - update.tensors["before"])
    moved = number(change.mean(), 2)
    assert f"Update of the weight of layer 3: 24 values moved by {moved} on average" in update.account
    forward, backward = (
        next(r for r in phase(recorded(DENSE), p) if r.name == "ReLU") for p in ("forward", "backward")
    )
    assert forward.index == 2 and backward.index == 4
    passed = np.count_nonzero(recorded(DENSE).records[4].tensors["y"] > 0)
    size = backward.tensors["dy"].size
    assert f"{passed} of {size} values are positive: their gradients pass, the rest are 0." in backward.account


def test_records_and_tapes_cannot_be_changed():
    tape = recorded(XOR)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(tape, "step", 7)  # noqa: B010
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(tape.records[0], "account", "")  # noqa: B010


def test_dropout_s_mask_is_the_same_both_ways():
    tape = recorded(DROPOUT)
    for forward in (r for r in phase(tape, "forward") if r.name == "Dropout"):
        backward = tape.find("backward", forward.index, len(tape))
        assert backward is not None
        closed: Array = (forward.tensors["y"] == 0) & (forward.tensors["x"] != 0)
        assert closed.any() and not backward.tensors["dx"][closed].any()
