"""The objective beyond the loss: penalties on weights and clipping of gradients, against PyTorch and in the tape."""

import dataclasses
import linecache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from core.clipping import CLIPPINGS, ClipNorm, Clipping, ClipValue, NoClipping, clipping_from_spec
from core.datasets.base import Dataset
from core.docs import sections
from core.experiment import Experiment
from core.gradcheck import Check, numerical_gradient
from core.optimizers import SGD, optimizer_from_spec
from core.penalties import PENALTIES, L1Penalty, L2Penalty, NoPenalty, Penalty, penalised, penalty_from_spec
from core.schedules import CosineRate
from core.tape import Record, Tape
from core.trainer import Trainer
from core.types import Array, Arrays, OptionError
from core.words import number
from tests.core.networks import BATCH_NORM, CROSS_ENTROPY, DENSE, DROPOUT, XOR, Net, layer, network_of
from tests.core.training import ADAM, dataset, everything, same_bits
from tests.golden.store import load

GOLDEN = {
    name.removeprefix("objective."): array
    for name, array in load(Path(__file__).parents[1] / "golden" / "optimizers.npz").items()
}

GOLDEN_NET = Net("", (layer("dense", units=5), layer("tanh"), layer("dense", units=4)), CROSS_ENTROPY, (3,), 4, 11)

CASES: dict[str, tuple[Penalty, Clipping]] = {
    "plain": (NoPenalty(), NoClipping()),
    "l1": (L1Penalty(0.02), NoClipping()),
    "l2": (L2Penalty(0.03), NoClipping()),
    "norm": (NoPenalty(), ClipNorm(0.4)),
    "value": (NoPenalty(), ClipValue(0.05)),
    "l2_norm": (L2Penalty(0.03), ClipNorm(0.4)),
}
each_case = pytest.mark.parametrize("case", CASES)


def golden_trainer(penalty: Penalty, clipping: Clipping) -> Trainer:
    x, labels = GOLDEN["x"].copy(), GOLDEN["labels"].copy()
    data = Dataset("Golden", x, labels, x, labels, ("a", "b", "c", "d"))
    network = GOLDEN_NET.network(np.float64)
    network.load_state_dict({name: GOLDEN[f"start.{name}"] for name in network.parameters()})
    optimizer, schedule = SGD(learning_rate=0.5, momentum=0.9), CosineRate(total_steps=12, eta_min=0.05)
    return Trainer(network, optimizer, data, 11, 1, schedule, penalty, clipping)


def agrees(case: str, penalty: Penalty, clipping: Clipping) -> bool:
    """Whether ten steps have PyTorch's losses and end at PyTorch's weights."""
    one = golden_trainer(penalty, clipping)
    losses = [one.train_step() for _ in range(10)]
    found = one.network.state_dict() | {"losses": np.array(losses)}
    return all(np.allclose(array, GOLDEN[f"{case}.{name}"], rtol=1e-10, atol=1e-14) for name, array in found.items())


@each_case
def test_ten_steps_of_a_network_are_pytorch_s(case: str):
    assert agrees(case, *CASES[case])


class Wrong:
    """A penalty or clipping with a mistake; it stands for a dataclass of options."""

    kind: ClassVar[str] = "wrong"
    title: ClassVar[str] = "Wrong"

    def __post_init__(self) -> None:
        pass


class L2Doubled(Wrong, L2Penalty):
    """The gradient 2 λ w of λ Σ w²."""

    def gradient(self, weight: Array, out: Array) -> Array:
        return np.multiply(weight, 2 * self.strength, out=out)


class L2Away(Wrong, L2Penalty):
    def gradient(self, weight: Array, out: Array) -> Array:
        return np.multiply(weight, -self.strength, out=out)


class L1Positive(Wrong, L1Penalty):
    def gradient(self, weight: Array, out: Array) -> Array:
        out.fill(self.strength)
        return out


class NormNeverShorter(Wrong, ClipNorm):
    """Also lengthens short gradients."""

    def clip(self, grads: Array, norm: float) -> None:
        grads *= self.max_norm / norm


class NormSquared(Wrong, ClipNorm):
    def clip(self, grads: Array, norm: float) -> None:
        super().clip(grads, norm**2)


class NormOfEachEntry(Wrong, ClipNorm):
    def clip(self, grads: Array, norm: float) -> None:
        ClipValue(self.max_norm).clip(grads, norm)


class ValueFromAboveOnly(Wrong, ClipValue):
    def clip(self, grads: Array, norm: float) -> None:
        np.minimum(grads, self.limit, out=grads)


@pytest.mark.parametrize(
    ("case", "penalty", "clipping"),
    [
        ("l2", L2Doubled(0.03), NoClipping()),
        ("l2", L2Away(0.03), NoClipping()),
        ("l2", L1Penalty(0.03), NoClipping()),
        ("l2", NoPenalty(), NoClipping()),
        ("l1", L1Positive(0.02), NoClipping()),
        ("norm", NoPenalty(), NoClipping()),
        ("norm", NoPenalty(), NormNeverShorter(0.4)),
        ("norm", NoPenalty(), NormSquared(0.4)),
        ("norm", NoPenalty(), NormOfEachEntry(0.4)),
        ("value", NoPenalty(), ValueFromAboveOnly(0.05)),
        ("value", NoPenalty(), ClipNorm(0.05)),
    ],
    ids=lambda part: part if isinstance(part, str) else type(part).__name__,
)
def test_mistakes_are_rejected(case: str, penalty: Penalty, clipping: Clipping):
    assert not agrees(case, penalty, clipping)


def test_penalising_biases_is_rejected(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.trainer.penalised", lambda params: params)
    assert not agrees("l2", *CASES["l2"])


def test_clipping_before_the_penalty_is_rejected():
    """With the penalty left out of the clipped gradient, which is then decay beside it, the weights differ."""
    one = golden_trainer(NoPenalty(), ClipNorm(0.4))
    one.optimizer = SGD(learning_rate=0.5, momentum=0.9, weight_decay=0.03)
    for _ in range(10):
        one.train_step()
    assert not np.allclose(one.network.parameters()["0.weight"], GOLDEN["l2_norm.0.weight"], rtol=1e-6)


@pytest.mark.parametrize("penalty", [L1Penalty(0.3), L2Penalty(0.7)], ids=lambda p: p.kind)
def test_gradients_of_penalties_are_derivatives(penalty: Penalty):
    weight = np.random.default_rng(1).uniform(0.2, 1, (4, 3)) * np.array([1, -1, 1])
    analytic = penalty.gradient(weight, np.empty_like(weight))
    numeric = numerical_gradient(lambda: penalty.value(weight), weight)
    assert Check("weight", analytic, numeric, 1e-8).verdict == "pass"


def test_the_values_of_penalties():
    weight = np.array([[1.0, -2.0, 0.0]])
    assert L1Penalty(0.5).value(weight) == 1.5
    assert L2Penalty(0.5).value(weight) == 0.25 * 5
    assert L1Penalty(0.5).gradient(weight, np.empty_like(weight)).tolist() == [[0.5, -0.5, 0.0]]


def test_the_gradient_is_that_of_loss_plus_penalty():
    """The whole objective, differentiated numerically by every parameter."""
    penalty = L2Penalty(0.2)
    one = golden_trainer(penalty, NoClipping())
    network, rows = one.network, one.next_rows()
    x, target = one.data.x_train[rows], one.data.t_train[rows]

    def objective() -> float:
        loss = network.loss.value_and_gradient(network.forward(x), target)[0]
        return loss + sum(penalty.value(weight) for weight in penalised(network.parameters()).values())

    numeric = {name: numerical_gradient(objective, param) for name, param in network.parameters().items()}
    for record in updates(one.record_step()):
        check = Check(record.name, record.tensors["gradient"], numeric[record.name], 1e-6)
        assert check.verdict == "pass", (record.name, check.error)


def test_only_weights_that_multiply_inputs_are_penalised():
    network = Net(
        "", (*BATCH_NORM.layers[:4], layer("layer_norm"), *BATCH_NORM.layers[4:]), CROSS_ENTROPY, (2, 6, 9), 5, 8
    ).network()
    assert list(penalised(network.parameters())) == ["0.weight", "6.weight", "9.weight"]


@pytest.mark.parametrize("in_shape", [(5,), (3, 4), (2, 3, 4), (1, 2, 3, 4)], ids=str)
def test_the_scale_of_a_normalisation_is_never_penalised(in_shape: tuple[int, ...]):
    """However many axes it has: samples of two axes give LayerNorm a weight of the shape of a Dense."""
    network = network_of(layer("layer_norm"), layer("flatten"), layer("batch_norm"), layer("dense", units=2))
    network.build(in_shape, 0)
    assert list(penalised(network.parameters())) == ["3.weight"]


def test_a_weight_without_a_bias_is_penalised_when_it_has_axes_for_inputs_and_outputs():
    params = {"0.weight": np.ones((2, 3)), "1.weight": np.ones(3), "2.scale": np.ones((2, 3))}
    assert list(penalised(params)) == ["0.weight"]


# Clipping, entry by entry.


def test_a_long_gradient_is_shortened_and_a_short_one_stays():
    grads = np.array([3.0, 4.0])
    ClipNorm(10.0).clip(grads, 5.0)
    assert grads.tolist() == [3.0, 4.0]
    ClipNorm(1.0).clip(grads, 5.0)
    np.testing.assert_allclose(grads, [0.6, 0.8], rtol=1e-6)
    grads = np.array([-7.0, 0.3, 9.0], np.float32)
    ClipValue(0.5).clip(grads, 0.0)
    assert grads.tolist() == [-0.5, np.float32(0.3), 0.5] and grads.dtype == np.float32


# The tape shows what trains.

NETS = (XOR, DENSE, BATCH_NORM, DROPOUT)


def make(net: Net, penalty: Penalty, clipping: Clipping, optimizer: dict[str, Any] = ADAM) -> Trainer:
    parts = (net.network(np.float32), optimizer_from_spec(optimizer), dataset(net), 8, 2)
    return Trainer(*parts, penalty=penalty, clipping=clipping)


def updates(tape: Tape) -> list[Record]:
    return [record for record in tape.records if record.phase == "update"]


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
@pytest.mark.parametrize(("penalty", "clipping"), [(L1Penalty(0.01), ClipValue(0.01)), (L2Penalty(0.1), ClipNorm(0.1))])
def test_recording_changes_no_bit(net: Net, penalty: Penalty, clipping: Clipping):
    plain, watched = make(net, penalty, clipping), make(net, penalty, clipping)
    for _ in range(5):
        assert plain.train_step() == watched.record_step().loss
        assert same_bits(everything(plain), everything(watched))


@pytest.mark.parametrize("penalty", [L1Penalty(0.01), L2Penalty(0.1)], ids=lambda p: p.kind)
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
def test_the_tape_shows_the_penalty_s_part_of_every_gradient(net: Net, penalty: Penalty):
    """Bit for bit: the gradient of the update is that of the backward pass plus what the penalty's record shows."""
    one = make(net, penalty, NoClipping())
    one.train_step()
    tape = one.record_step()
    phases = [record.phase for record in tape.records]
    record = tape.records[phases.index("loss") + 1]
    assert (record.phase, record.name, record.index) == ("loss", "Penalty", len(net.layers))
    assert phases.count("loss") == 2 and tape.find("loss", len(net.layers), len(tape)) is not record
    weights = penalised(tape.params_before)
    assert set(record.tensors) == {"value", *weights, *(f"d_{name}" for name in weights)}
    assert float(record.tensors["value"]) == pytest.approx(sum(penalty.value(weight) for weight in weights.values()))
    backward = {f"{r.index}.{n[2:]}": t for r in tape.records if r.phase == "backward" for n, t in r.tensors.items()}
    for update in updates(tape):
        expected = backward[update.name] + record.tensors.get(f"d_{update.name}", np.float32(0))
        assert np.array_equal(update.tensors["gradient"], expected)
        assert "raw gradient" not in update.tensors
    for name, weight in weights.items():
        assert np.array_equal(record.tensors[name], weight) and record.tensors[name] is not weight


def test_the_penalty_s_record_can_be_read():
    record = next(r for r in make(XOR, L2Penalty(0.1), NoClipping()).record_step().records if r.name == "Penalty")
    assert record.account.startswith("L2 penalty: ") and "from 43 weights" in record.account
    assert record.formula.startswith("P = ½ · strength · Σ w²")
    assert linecache.getline(str(record.source.path), record.source.first).strip().startswith("def gradient")
    assert record.source.path.name == "penalties.py"


@pytest.mark.parametrize("clipping", [ClipValue(0.01), ClipNorm(0.1)], ids=lambda c: c.kind)
def test_the_tape_shows_the_gradient_before_and_after_clipping(clipping: Clipping):
    one = make(DENSE, NoPenalty(), clipping, {"kind": "sgd", "learning_rate": 0.5})
    one.train_step()
    tape = one.record_step()
    backward = {f"{r.index}.{n[2:]}": t for r in tape.records if r.phase == "backward" for n, t in r.tensors.items()}
    for record in updates(tape):
        raw, used = record.tensors["raw gradient"], record.tensors["gradient"]
        assert np.array_equal(raw, backward[record.name]) and not np.array_equal(raw, used)
        step = np.float32(0.5) * used
        assert np.array_equal(record.tensors["before"] - step, record.tensors["after"])
        largest, now = (number(np.abs(gradient).max(), 2) for gradient in (raw, used))
        assert f"the largest gradient was {largest}, now {now}." in record.account
    flat: Arrays = {record.name: record.tensors["gradient"] for record in updates(tape)}
    together = np.concatenate([gradient.ravel() for gradient in flat.values()])
    if isinstance(clipping, ClipNorm):
        assert np.linalg.norm(together) == pytest.approx(0.1, rel=1e-4)
    else:
        assert np.abs(together).max() == np.float32(0.01)


def test_a_later_step_does_not_reach_into_the_penalty_s_record():
    one = make(DENSE, L2Penalty(0.1), ClipNorm(0.1))
    records = [*one.record_step().records]
    kept = [{name: tensor.copy() for name, tensor in record.tensors.items()} for record in records]
    one.train_step()
    one.record_step()
    for record, before in zip(records, kept, strict=True):
        assert same_bits(record.tensors, before)


def test_nothing_is_shown_when_nothing_is_chosen():
    tape = make(DENSE, NoPenalty(), NoClipping()).record_step()
    assert all(record.name != "Penalty" and "raw gradient" not in record.tensors for record in tape.records)
    loose = make(DENSE, NoPenalty(), ClipNorm(1e6)).record_step()
    assert all("raw gradient" not in record.tensors for record in loose.records)
    assert all("Clipping" not in record.account for record in loose.records)


# Options and experiments.

EXPERIMENT = Experiment(
    "Test",
    {"kind": "circles"},
    ({"kind": "dense", "units": 3}, {"kind": "tanh"}, {"kind": "dense", "units": 1}),
    {"kind": "bce_with_logits"},
    {"kind": "sgd"},
)


def test_an_experiment_without_penalty_or_clipping_has_none():
    assert EXPERIMENT.penalty == EXPERIMENT.clipping == {"kind": "none"}
    older = {name: value for name, value in EXPERIMENT.to_dict().items() if name not in {"penalty", "clipping"}}
    assert Experiment.from_dict(older) == EXPERIMENT


def test_an_experiment_s_penalty_and_clipping_reach_the_trainer():
    chosen = dataclasses.replace(
        EXPERIMENT, penalty={"kind": "l1", "strength": 0.1}, clipping={"kind": "norm", "max_norm": 0.2}
    )
    chosen = Experiment.from_dict(chosen.to_dict())
    one = chosen.trainer(chosen.source().load())
    assert (one.penalty, one.clipping) == (L1Penalty(0.1), ClipNorm(0.2))
    assert chosen.same_weights_as(EXPERIMENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"penalty": {"kind": "l3"}},
        {"penalty": {"kind": "l2", "strength": -1.0}},
        {"clipping": {"kind": "norm", "max_norm": 0.0}},
        {"clipping": {"kind": "value", "limit": float("nan")}},
        {"clipping": {"kind": "none", "limit": 1.0}},
    ],
)
def test_options_that_make_no_sense_are_refused(changes: dict[str, Any]):
    with pytest.raises(OptionError):
        dataclasses.replace(EXPERIMENT, **changes)


def test_penalties_and_clippings_are_rebuilt_from_their_specs():
    for penalty in (cls() for cls in PENALTIES.values()):
        assert penalty_from_spec(penalty.spec()) == penalty
        assert "Formula" in sections(type(penalty))
    for clipping in (cls() for cls in CLIPPINGS.values()):
        assert clipping_from_spec(clipping.spec()) == clipping
        assert "Formula" in sections(type(clipping))
