"""Optimizers against PyTorch's ten-step trajectories, mistakes that these must catch, and memory that can be saved."""

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from core.docs import sections
from core.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp, optimizer_from_spec
from core.types import Array, Arrays, OptionError, ShapeError, StateError
from tests.golden.store import load

GOLDEN = load(Path(__file__).parents[1] / "golden" / "optimizers.npz")

NAMES = ("0.weight", "0.bias")
STEPS = 10
TOLERANCES = {"float64": (1e-10, 0.0), "float32": (1.3e-6, 1e-5)}  # relative, absolute

CASES: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
    "sgd": (SGD, {"learning_rate": 0.1}),
    "sgd_decay": (SGD, {"learning_rate": 0.1, "weight_decay": 0.2}),
    "sgd_momentum": (SGD, {"learning_rate": 0.1, "momentum": 0.9}),
    "sgd_nesterov": (SGD, {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    "adagrad": (Adagrad, {"learning_rate": 0.05}),
    "adagrad_eps": (Adagrad, {"learning_rate": 0.05, "eps": 1e-3}),
    "rmsprop": (RMSProp, {"learning_rate": 0.02}),
    "rmsprop_options": (RMSProp, {"learning_rate": 0.02, "alpha": 0.7, "eps": 1e-3}),
    "adam": (Adam, {"learning_rate": 0.03}),
    "adam_options": (Adam, {"learning_rate": 0.03, "beta1": 0.7, "beta2": 0.9, "eps": 1e-3, "weight_decay": 0.3}),
    "adamw": (AdamW, {"learning_rate": 0.03}),
    "adamw_options": (AdamW, {"learning_rate": 0.03, "beta1": 0.7, "beta2": 0.9, "eps": 1e-3, "weight_decay": 0.3}),
}

each_case = pytest.mark.parametrize("case", CASES)
each_kind = pytest.mark.parametrize("kind", OPTIMIZERS)


def make(case: str) -> Optimizer:
    cls, options = CASES[case]
    return cls(**options)


def start(dtype: str = "float64") -> Arrays:
    return {name: GOLDEN[f"start.{name}"].astype(dtype) for name in NAMES}


def gradients(step: int, dtype: str = "float64") -> Arrays:
    grads = {name: GOLDEN[f"grads.{name}"][step].astype(dtype) for name in NAMES}
    for grad in grads.values():
        grad.flags.writeable = False
    return grads


def assert_trajectory(optimizer: Optimizer, case: str, dtype: str = "float64") -> None:
    """Ten steps along the recorded gradients with a learning rate that moves lead where PyTorch's lead."""
    params, base = start(dtype), optimizer.learning_rate
    for step in range(STEPS):
        optimizer.learning_rate = base * float(GOLDEN["rates"][step])
        optimizer.update(params, gradients(step, dtype))
        for name in NAMES:
            assert params[name].dtype == dtype
            np.testing.assert_allclose(params[name], GOLDEN[f"{case}.{dtype}.{name}"][step], *TOLERANCES[dtype])


@each_case
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_ten_steps_go_where_pytorch_s_go(case: str, dtype: str):
    assert_trajectory(make(case), case, dtype)


def test_every_optimizer_has_a_trajectory():
    assert {cls.kind for cls, _ in CASES.values()} == set(OPTIMIZERS)


def test_defaults_are_pytorch_s():
    defaults = {kind: cls().spec() for kind, cls in OPTIMIZERS.items()}
    assert defaults["adam"] | {"kind": ""} == {
        "kind": "", "learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0,
    }  # fmt: skip
    assert defaults["adamw"] == defaults["adam"] | {"kind": "adamw", "weight_decay": 0.01}
    assert defaults["rmsprop"] == {"kind": "rmsprop", "learning_rate": 0.01, "alpha": 0.99, "eps": 1e-8}
    assert defaults["adagrad"] == {"kind": "adagrad", "learning_rate": 0.01, "eps": 1e-10}
    assert defaults["sgd"] | {"learning_rate": 0.1} == {
        "kind": "sgd", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0,
    }  # fmt: skip


# Mistakes people make, as one step of a parameter p with gradient g in step t; m, v and s are memories that start at 0.

Memory = dict[str, Array]
Rule = Callable[["Plain", Array, Array, Memory, int], Array]


class Plain:
    """An optimizer written out without care for speed; `rule` gives the new parameter."""

    def __init__(self, case: str, rule: Rule) -> None:
        self.o: Any = make(case)
        self.learning_rate, self.rule, self.step = self.o.learning_rate, rule, 0
        self.memory: dict[str, Memory] = {}

    def update(self, params: Arrays, grads: Arrays) -> None:
        self.step += 1
        self.o.learning_rate = self.learning_rate
        for name, param in params.items():
            memory = self.memory.setdefault(name, {slot: np.zeros_like(param) for slot in "mvs"})
            param[...] = self.rule(self, param, grads[name], memory, self.step)


def right_sgd(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    g = g + a.o.weight_decay * p
    mem["v"] = a.o.momentum * mem["v"] + g
    return p - a.learning_rate * (g + a.o.momentum * mem["v"] if a.o.nesterov else mem["v"])


def ascent(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    return 2 * p - right(a)(a, p, g, mem, t)


def rate_inside_the_velocity(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["v"] = a.o.momentum * mem["v"] + a.learning_rate * g
    return p - mem["v"]


def velocity_averaged(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["v"] = a.o.momentum * mem["v"] + (1 - a.o.momentum) * g
    return p - a.learning_rate * mem["v"]


def no_momentum(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    return p - a.learning_rate * g


def nesterov_forgotten(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    g = g + a.o.weight_decay * p
    mem["v"] = a.o.momentum * mem["v"] + g
    return p - a.learning_rate * mem["v"]


def nesterov_with_the_old_velocity(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    g = g + a.o.weight_decay * p
    old, mem["v"] = mem["v"], a.o.momentum * mem["v"] + g
    return p - a.learning_rate * (g + a.o.momentum * old)


def decay_after_the_velocity(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["v"] = a.o.momentum * mem["v"] + g
    return p * (1 - a.learning_rate * a.o.weight_decay) - a.learning_rate * (g + a.o.momentum * mem["v"])


def decay_forgotten(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    a.o.weight_decay = 0.0
    return right(a)(a, p, g, mem, t)


def decay_doubled(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    return right(a)(a, p, g + a.o.weight_decay * p, mem, t)


def right_adagrad(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["s"] = mem["s"] + g * g
    return p - a.learning_rate * g / (np.sqrt(mem["s"]) + a.o.eps)


def adagrad_eps_inside_the_root(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["s"] = mem["s"] + g * g
    return p - a.learning_rate * g / np.sqrt(mem["s"] + a.o.eps)


def adagrad_without_root(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["s"] = mem["s"] + g * g
    return p - a.learning_rate * g / (mem["s"] + a.o.eps)


def adagrad_forgets(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    return p - a.learning_rate * g / (np.abs(g) + a.o.eps)


def adagrad_one_step_late(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    old, mem["s"] = mem["s"], mem["s"] + g * g
    return p - a.learning_rate * g / (np.sqrt(old) + a.o.eps)


def right_rmsprop(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["v"] = a.o.alpha * mem["v"] + (1 - a.o.alpha) * g * g
    return p - a.learning_rate * g / (np.sqrt(mem["v"]) + a.o.eps)


def rmsprop_eps_inside_the_root(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["v"] = a.o.alpha * mem["v"] + (1 - a.o.alpha) * g * g
    return p - a.learning_rate * g / np.sqrt(mem["v"] + a.o.eps)


def rmsprop_shares_swapped(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["v"] = (1 - a.o.alpha) * mem["v"] + a.o.alpha * g * g
    return p - a.learning_rate * g / (np.sqrt(mem["v"]) + a.o.eps)


def rmsprop_sum_instead_of_mean(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["v"] = a.o.alpha * mem["v"] + g * g
    return p - a.learning_rate * g / (np.sqrt(mem["v"]) + a.o.eps)


def rmsprop_bias_corrected(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    mem["v"] = a.o.alpha * mem["v"] + (1 - a.o.alpha) * g * g
    return p - a.learning_rate * g / (np.sqrt(mem["v"] / (1 - a.o.alpha**t)) + a.o.eps)


def _moments(a: Plain, g: Array, mem: Memory) -> tuple[Array, Array]:
    mem["m"] = a.o.beta1 * mem["m"] + (1 - a.o.beta1) * g
    mem["v"] = a.o.beta2 * mem["v"] + (1 - a.o.beta2) * g * g
    return mem["m"], mem["v"]


def _decayed(a: Plain, p: Array, g: Array) -> tuple[Array, Array]:
    """The parameter and the gradient after weight decay: Adam's goes into the gradient, AdamW's into the parameter."""
    if isinstance(a.o, AdamW):
        return p * (1 - a.learning_rate * a.o.weight_decay), g
    return p, g + a.o.weight_decay * p


def right_adam(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    p, g = _decayed(a, p, g)
    m, v = _moments(a, g, mem)
    return p - a.learning_rate * (m / (1 - a.o.beta1**t)) / (np.sqrt(v / (1 - a.o.beta2**t)) + a.o.eps)


def adam_without_bias_correction(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    p, g = _decayed(a, p, g)
    m, v = _moments(a, g, mem)
    return p - a.learning_rate * m / (np.sqrt(v) + a.o.eps)


def adam_without_correction_of_v(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    p, g = _decayed(a, p, g)
    m, v = _moments(a, g, mem)
    return p - a.learning_rate * (m / (1 - a.o.beta1**t)) / (np.sqrt(v) + a.o.eps)


def adam_corrected_one_step_late(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    return right_adam(a, p, g, mem, t + 1)


def adam_eps_inside_the_root(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    p, g = _decayed(a, p, g)
    m, v = _moments(a, g, mem)
    return p - a.learning_rate * (m / (1 - a.o.beta1**t)) / np.sqrt(v / (1 - a.o.beta2**t) + a.o.eps)


def adam_eps_before_the_correction(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    p, g = _decayed(a, p, g)
    m, v = _moments(a, g, mem)
    rate = a.learning_rate * math.sqrt(1 - a.o.beta2**t) / (1 - a.o.beta1**t)
    return p - rate * m / (np.sqrt(v) + a.o.eps)


def adam_betas_swapped(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    a.o.beta1, a.o.beta2 = (a.o.beta2, a.o.beta1) if t == 1 else (a.o.beta1, a.o.beta2)
    return right_adam(a, p, g, mem, t)


def adam_without_square(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    p, g = _decayed(a, p, g)
    m, _ = _moments(a, g, mem)
    mem["s"] = a.o.beta2 * mem["s"] + (1 - a.o.beta2) * np.abs(g)
    return p - a.learning_rate * (m / (1 - a.o.beta1**t)) / (np.sqrt(mem["s"] / (1 - a.o.beta2**t)) + a.o.eps)


def adamw_decay_in_the_moments(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    m, v = _moments(a, g + a.o.weight_decay * p, mem)
    return p - a.learning_rate * (m / (1 - a.o.beta1**t)) / (np.sqrt(v / (1 - a.o.beta2**t)) + a.o.eps)


def adamw_decay_without_the_rate(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    return right_adam(a, p * (1 - a.o.weight_decay), g, mem, t)


def adamw_decay_after_the_step(a: Plain, p: Array, g: Array, mem: Memory, t: int) -> Array:
    decay, a.o.weight_decay = a.o.weight_decay, 0.0
    new = right_adam(a, p, g, mem, t)
    a.o.weight_decay = decay
    return new * (1 - a.learning_rate * decay)


RIGHT: dict[str, Rule] = {
    "sgd": right_sgd, "adagrad": right_adagrad, "rmsprop": right_rmsprop, "adam": right_adam, "adamw": right_adam,
}  # fmt: skip


def right(a: Plain) -> Rule:
    return RIGHT[a.o.kind]


MISTAKES: list[tuple[str, Rule]] = [
    *((case, ascent) for case in CASES),
    ("sgd_momentum", rate_inside_the_velocity),
    ("sgd_momentum", velocity_averaged),
    ("sgd_momentum", no_momentum),
    ("sgd_nesterov", nesterov_forgotten),
    ("sgd_nesterov", nesterov_with_the_old_velocity),
    ("sgd_nesterov", decay_after_the_velocity),
    *((case, mistake) for case in ("sgd_decay", "sgd_nesterov", "adam_options", "adamw", "adamw_options")
      for mistake in (decay_forgotten, decay_doubled)),
    ("adagrad_eps", adagrad_eps_inside_the_root),
    ("adagrad", adagrad_without_root),
    ("adagrad", adagrad_forgets),
    ("adagrad", adagrad_one_step_late),
    ("rmsprop", rmsprop_eps_inside_the_root),
    ("rmsprop_options", rmsprop_eps_inside_the_root),
    ("rmsprop", rmsprop_shares_swapped),
    ("rmsprop", rmsprop_sum_instead_of_mean),
    ("rmsprop", rmsprop_bias_corrected),
    *((case, mistake) for case in ("adam", "adam_options", "adamw")
      for mistake in (adam_without_bias_correction, adam_without_correction_of_v, adam_corrected_one_step_late,
                      adam_eps_inside_the_root, adam_eps_before_the_correction, adam_betas_swapped,
                      adam_without_square)),
    ("adamw", adamw_decay_in_the_moments),
    ("adamw_options", adamw_decay_in_the_moments),
    ("adamw", adamw_decay_without_the_rate),
    ("adamw_options", adamw_decay_after_the_step),
]  # fmt: skip


@pytest.mark.parametrize(("case", "mistake"), MISTAKES, ids=lambda part: getattr(part, "__name__", part))
def test_mistakes_are_rejected(case: str, mistake: Rule):
    broken: Any = Plain(case, mistake)
    with pytest.raises(AssertionError), np.errstate(all="ignore"):
        assert_trajectory(broken, case)


@each_case
def test_the_rules_written_out_are_accepted(case: str):
    """So what the mistakes are rejected for is the mistake."""
    plain: Any = Plain(case, RIGHT[make(case).kind])
    assert_trajectory(plain, case)


# Properties that no trajectory shows.


def test_adam_s_first_step_hardly_feels_eps():
    """At g = 1e-6 the step is 1 % short of the learning rate; with the corrections folded into the rate, 24 %."""
    param = np.zeros(1)
    Adam(learning_rate=1.0).update({"p": param}, {"p": np.array([1e-6])})
    assert param[0] == pytest.approx(-1 / 1.01, rel=1e-6)


@each_case
def test_one_flat_array_gives_the_same_bits_as_many(case: str):
    flat_optimizer, optimizer = make(case), make(case)
    params = start("float32")
    flat = np.concatenate([param.ravel() for param in params.values()])
    for step in range(STEPS):
        grads = gradients(step, "float32")
        optimizer.update(params, grads)
        flat_optimizer.update({"all": flat}, {"all": np.concatenate([grad.ravel() for grad in grads.values()])})
    assert np.array_equal(flat, np.concatenate([param.ravel() for param in params.values()]))


@each_case
def test_updates_work_in_place_and_leave_the_gradient_alone(case: str):
    """Gradients are read-only in every trajectory; memory and parameters stay the arrays they were."""
    optimizer, params = make(case), start("float32")
    optimizer.update(params, gradients(0, "float32"))
    arrays = {slot: dict(memory) for slot, memory in optimizer.memory.items()}
    kept = dict(params)
    optimizer.update(params, gradients(1, "float32"))
    assert all(params[name] is kept[name] for name in NAMES)
    for slot in optimizer.slots:
        for name in NAMES:
            assert optimizer.memory[slot][name] is arrays[slot][name]
            assert arrays[slot][name].dtype == np.float32 and arrays[slot][name].shape == params[name].shape


@each_case
def test_saved_memory_goes_on_exactly_as_before(case: str):
    first, params = make(case), start("float32")
    for step in range(4):
        first.update(params, gradients(step, "float32"))
    saved, second, copied = first.state(), make(case), copy.deepcopy(params)
    second.update(start("float32"), gradients(7, "float32"))
    second.restore(saved)
    for step in range(4, 8):
        first.update(params, gradients(step, "float32"))
        second.update(copied, gradients(step, "float32"))
    assert second.steps == first.steps == 8
    assert all(np.array_equal(params[name], copied[name]) for name in NAMES)
    assert saved["steps"] == 4


@each_case
def test_a_used_optimizer_can_go_back_to_its_start(case: str):
    optimizer, fresh, params, others = make(case), make(case), start(), start()
    before = optimizer.state()
    optimizer.update(start(), gradients(5))
    optimizer.restore(before)
    optimizer.update(params, gradients(0))
    fresh.update(others, gradients(0))
    assert all(np.array_equal(params[name], others[name]) for name in NAMES)


@each_kind
def test_a_state_is_a_copy(kind: str):
    optimizer, params = OPTIMIZERS[kind](momentum=0.5) if kind == "sgd" else OPTIMIZERS[kind](), start()  # type: ignore[call-arg]
    optimizer.update(params, gradients(0))
    state = optimizer.state()
    kept = copy.deepcopy(state)
    optimizer.update(params, gradients(1))
    for slot in optimizer.slots:
        for name in NAMES:
            assert np.array_equal(state["memory"][slot][name], kept["memory"][slot][name])
            assert not np.array_equal(state["memory"][slot][name], optimizer.memory[slot][name])


def damaged(**changes: Any) -> dict[str, Any]:
    optimizer = Adam()
    optimizer.update(start(), gradients(0))
    return optimizer.state() | changes


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (damaged(kind="sgd"), "belongs to 'sgd'"),
        (damaged(steps=-1), "-1 as its number of updates"),
        (damaged(steps="many"), "'many'"),
        (damaged(memory={"m": {}}), "m, v"),
        (damaged(steps=True), "True as its number of updates"),
        (damaged(memory={"m": {}, "v": {"p": np.array([np.nan])}}), "v of p"),
        (damaged(memory={"m": {}, "v": {"p": np.array([-1e-9])}}), "below 0 in v of p"),
        (damaged(memory={"m": {"p": 1.0}, "v": {}}), "no array of numbers in m of p"),
        (damaged(memory={"m": {"p": np.array(["a"])}, "v": {}}), "no array of numbers in m of p"),
        (damaged(memory={"m": {"p": np.array([1])}, "v": {}}), "no array of numbers in m of p"),
        (damaged(steps=2**63), "9223372036854775808 as its number of updates"),
        (damaged(kind="x" * 10_000), "belongs to 'x+[.]{3}x+', this optimizer is Adam"),
        (damaged(kind=np.array(["adam", "adam"])), "belongs to array"),
        (damaged(memory=[{}, {}]), "does not hold m, v"),
        (damaged(memory={"m": {}, "v": None}), "no arrays by name in v"),
        (damaged(memory={"m": {"p": np.ones(1)}, "v": {}}), "does not hold m and v of the same parameters"),
        ({}, "None"),
        (cast(dict[str, Any], None), "not None"),
        (cast(dict[str, Any], [1]), r"not \[1\]"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(state: dict[str, Any], words: str):
    optimizer = Adam()
    optimizer.update(start(), gradients(3))
    before = optimizer.state()
    with pytest.raises(StateError, match=words):
        optimizer.restore(state)
    after = optimizer.state()
    assert after["steps"] == before["steps"]
    for slot in optimizer.slots:
        for name in NAMES:
            assert np.array_equal(after["memory"][slot][name], before["memory"][slot][name])


@pytest.mark.parametrize("kind", ["adagrad", "rmsprop", "adam", "adamw"])
def test_squares_below_0_are_refused(kind: str):
    """Their root would be NaN, and the next update would make weights of it."""
    optimizer = OPTIMIZERS[kind]()
    optimizer.update(start(), gradients(0))
    state = optimizer.state()
    state["memory"]["s" if kind == "adagrad" else "v"]["0.bias"][0] = -1e-9
    with pytest.raises(StateError, match=r"of 0\.bias, which holds squares"):
        optimizer.restore(state)


@pytest.mark.parametrize(("shape", "dtype"), [((4, 3), "float64"), ((12,), "float64"), ((3, 4), "float32")])
def test_memory_of_other_parameters_is_refused(shape: tuple[int, ...], dtype: str):
    optimizer, params = SGD(momentum=0.9), start()
    memory = {"velocity": {"0.weight": np.zeros(shape, dtype), "0.bias": np.zeros(3)}}
    optimizer.restore({"kind": "sgd", "steps": 1, "memory": memory})
    with pytest.raises(StateError) as error:
        optimizer.update(params, gradients(0))
    assert str(error.value) == (
        f"The restored memory of SGD, velocity of 0.weight, is {'×'.join(map(str, shape))} of {dtype}, and the "
        f"parameter is 3×4 of float64: they do not belong together."
    )
    assert np.array_equal(params["0.weight"], start()["0.weight"]) and optimizer.steps == 1


@each_kind
@pytest.mark.parametrize(("grad", "given"), [(None, "none"), (np.ones(4), "one of shape 4"), (np.ones(()), "one of")])
def test_a_gradient_that_is_not_that_of_its_parameter_is_refused(kind: str, grad: Array | None, given: str):
    """NumPy would spread a row over the whole matrix, and nobody would notice."""
    optimizer, params, grads = OPTIMIZERS[kind](), start(), gradients(0)
    grads.pop("0.weight")
    if grad is not None:
        grads["0.weight"] = grad
    with pytest.raises(ShapeError) as error:
        optimizer.update(params, grads)
    words = f"{optimizer.title} needs a gradient of shape 3×4 for 0.weight, not {given}"
    assert str(error.value).startswith(words) and str(error.value).endswith(".")
    assert optimizer.steps == 0 and all(np.array_equal(params[name], start()[name]) for name in NAMES)


def test_momentum_can_be_switched_on_in_between():
    """Without a velocity yet, the first step with momentum is v = g, as PyTorch does it."""
    optimizer, plain, params, others = SGD(), SGD(), start(), start()
    for one, weights in ((optimizer, params), (plain, others)):
        one.update(weights, gradients(0))
    optimizer.set_options({"momentum": 0.9})
    optimizer.update(params, gradients(1))
    plain.update(others, gradients(1))
    assert all(np.array_equal(params[name], others[name]) for name in NAMES)
    assert np.array_equal(optimizer.memory["velocity"]["0.bias"], gradients(1)["0.bias"])


def test_options_change_together_or_not_at_all():
    optimizer = Adam()
    with pytest.raises(OptionError, match="beta1"):
        optimizer.set_options({"learning_rate": 0.5, "beta1": 1.0})
    assert optimizer.learning_rate == 1e-3
    optimizer.set_options({"learning_rate": 0.5, "beta1": 0.8})
    assert (optimizer.learning_rate, optimizer.beta1) == (0.5, 0.8)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("adam", {"eps": -1e-8}),
        ("adam", {"eps": 0.0}),
        ("adamw", {"beta2": 1.0}),
        ("sgd", {"momentum": -0.1}),
        ("sgd", {"nesterov": 1}),
        ("sgd", {"weight_decay": -1.0}),
        ("rmsprop", {"alpha": 1.5}),
        ("adagrad", {"learning_rate": float("inf")}),
        ("rmsprop", {"momentum": 0.9}),
        ("lion", {}),
    ],
)
def test_options_that_make_no_sense_are_refused(kind: str, options: dict[str, Any]):
    with pytest.raises(OptionError):
        optimizer_from_spec({"kind": kind, **options})


@each_kind
def test_no_gradient_is_no_trouble(kind: str):
    """eps never becomes 0, not even as a float32: 0/0 would spread NaN from an unused weight."""
    smallest = {choice.name: choice.minimum for choice in OPTIMIZERS[kind].options() if choice.name == "eps"}
    optimizer = optimizer_from_spec({"kind": kind, **smallest})
    params = {"p": np.ones(3, np.float32)}
    optimizer.update(params, {"p": np.zeros(3, np.float32)})
    assert np.isfinite(params["p"]).all()


@each_kind
def test_an_optimizer_is_rebuilt_from_its_spec(kind: str):
    optimizer = OPTIMIZERS[kind]()
    assert optimizer_from_spec(optimizer.spec()).spec() == optimizer.spec()
    assert sections(type(optimizer)).keys() >= {"Formula", "Source"}
    assert set(optimizer.memory) == set(optimizer.slots)
