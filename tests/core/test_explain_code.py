"""The code that is shown is the code that made the number, helpers and all, and the marked lines lead to it."""

import dataclasses
import inspect
import linecache
from typing import Any

import numpy as np
import pytest

from core import reading
from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain import Place, Step
from core.explain.code import Code, code_of, code_of_record, loops_of
from core.explain.lines import leading_lines
from core.layers.conv import Conv2D
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.normalization import BatchNorm
from core.layers.pooling import MaxPool2D
from core.losses import MSE, CrossEntropy
from core.optimizers import SGD, Adagrad, Adam, Optimizer

LAYERS = (
    {"kind": "conv2d", "filters": 3, "kernel_size": 3},
    {"kind": "relu"},
    {"kind": "max_pool2d", "kernel_size": 2},
    {"kind": "flatten"},
    {"kind": "dropout"},
    {"kind": "dense", "units": 3},
)
CONV, RELU, POOL, FLATTEN, DROPOUT, DENSE = range(6)


def step(**choices: Any) -> Step:
    rng = np.random.default_rng(3)
    x, t = rng.normal(size=(12, 1, 6, 6)).astype(np.float32), np.arange(12) % 3
    data = Dataset("noise", x, t, x, t, ("a", "b", "c"))
    loss, optimizer = {"kind": "cross_entropy"}, {"kind": "adam"}
    experiment = Experiment("code", {"kind": "xor"}, LAYERS, loss, optimizer, batch_size=6)
    trainer = dataclasses.replace(experiment, **choices).trainer(data)
    return Step.of(trainer.record_step(), trainer)


@pytest.fixture(scope="module")
def plain() -> Step:
    return step()


def names(code: tuple[Code, ...]) -> list[str]:
    return [function.name.lstrip("_") for function in code]


def marked(code: Code) -> str:
    return "".join(linecache.getline(str(code.source.path), line) for line in sorted(code.leading))


def update(of: Step, name: str) -> int:
    return of.update_positions[name]


def test_what_was_handed_on_shows_who_made_it(plain: Step) -> None:
    loss, records = plain.position("loss", len(LAYERS)), plain.tape.records
    made_by = {
        ("backward", CONV, "dy"): ("rectifiers.py", "backward"),
        ("backward", DENSE, "dy"): ("classes.py", "value_and_gradient"),
        ("forward", RELU, "x"): ("conv.py", "forward"),
        ("backward", DROPOUT, "mask"): ("dropout.py", "forward"),
        ("loss", len(LAYERS), "prediction"): ("dense.py", "forward"),
        ("loss", len(LAYERS), "per_sample"): ("classes.py", "per_sample"),
        ("loss", len(LAYERS), "value"): ("classes.py", "value_and_gradient"),
    }
    for (phase, layer, tensor), (file, method) in made_by.items():
        position = plain.position(phase, layer)  # type: ignore[arg-type]
        index = (0,) * plain.tensor(position, tensor).ndim
        first = code_of(plain, Place(position, tensor, index))[0]
        assert (first.source.path.name, first.name) == (file, method), tensor
    assert records[loss].phase == "loss"


def test_of_an_update_the_gradient_shows_backward_and_what_was_there_before_shows_nothing(plain: Step) -> None:
    position = update(plain, f"{DENSE}.weight")
    for tensor in ("before", "m before", "v before"):
        assert code_of(plain, Place(position, tensor, (0, 0))) == ()
    for tensor in ("after", "m after"):
        assert names(code_of(plain, Place(position, tensor, (0, 0))))[0] == "update_one"
    gradient = code_of(plain, Place(position, "gradient", (0, 0)))
    assert (gradient[0].name, gradient[0].source.path.name) == ("backward", "dense.py")
    assert "d_weight = " in marked(gradient[0]) and "d_bias" not in marked(gradient[0])
    assert code_of(plain, Place(None, "x", (0, 0, 0, 0))) == ()
    assert code_of(plain, Place(plain.position("forward", 0), "x", (0, 0, 0, 0))) == ()
    assert code_of(plain, Place(plain.position("loss", len(LAYERS)), "target", (0,))) == ()


def test_clipping_and_penalty_show_their_own() -> None:
    clipped = step(clipping={"kind": "norm", "max_norm": 1e-4}, penalty={"kind": "l2", "strength": 0.1})
    position, penalty = update(clipped, f"{DENSE}.weight"), clipped.penalty_position
    assert names(code_of(clipped, Place(position, "gradient", (0, 0)))) == ["clip"]
    assert names(code_of(clipped, Place(position, "raw gradient", (0, 0))))[0] == "backward"
    assert names(code_of(clipped, Place(penalty, "value", ())))[0] == "value"
    assert names(code_of(clipped, Place(penalty, f"d_{DENSE}.weight", (0, 0))))[0] == "gradient"
    assert code_of(clipped, Place(penalty, f"{DENSE}.weight", (0, 0))) == ()


def test_helpers_are_those_that_the_number_needs(plain: Step) -> None:
    backward = plain.position("backward", CONV)
    weight = code_of(plain, Place(backward, "d_weight", (0, 0, 0, 0)))
    assert names(weight) == ["backward", "windows"]
    pooled = code_of(plain, Place(plain.position("backward", POOL), "dx", (0, 0, 0, 0)))
    assert {"backward", "collect", "winners", "windows"} <= {*names(pooled)}
    assert "spread" in names(code_of_record(plain, backward)) and "windows" in names(code_of_record(plain, backward))
    for function in (*weight, *pooled):
        line = linecache.getline(str(function.source.path), function.source.first)
        assert f"def {function.name}(" in line or line.strip().startswith("@")


@pytest.mark.parametrize(
    ("function", "result", "inside", "outside"),
    [
        (Dense.backward, "d_bias", "np.add.reduce", "dy.T.dot"),
        (Dense.backward, "dx", "dy.dot(weight)", "dy.T.dot"),
        (Conv2D.forward, "y", "np.matmul", "def forward"),
        (Conv2D.backward, "d_bias", "einsum", "_spread"),
        (Conv2D.backward, "dx", "self._spread(dy, n)", "einsum"),
        (MaxPool2D.backward, "dx", "self._winners", "need_dx"),
        (BatchNorm.forward, "mean", "mean = ", "running_mean"),
        (BatchNorm.backward, "d_weight", "vecdot", "scale"),
        (Dropout.forward, "mask", "draw_like", "return x * mask"),
        (CrossEntropy.value_and_gradient, "dy", "np.exp(log_p)", "value = -"),
        (CrossEntropy.value_and_gradient, "value", "value = -", "np.exp(log_p)"),
        (MSE.value_and_gradient, "value", "value = total", "difference *="),
        (SGD._update_one, "velocity", "velocity += grad", "np.multiply(step"),
        (SGD._update_one, "param", "np.multiply(step", "def _update_one"),
        (Adagrad._update_one, "s", "s += scratch", "np.sqrt"),
        (Adam._update_one, "m", "np.subtract(grad, scratch, out=m)", "np.multiply(grad, grad"),
        (Adam._update_one, "v", "v *= self.beta2", "np.subtract(grad"),
        (Adam._update_one, "param", "np.divide(m, scratch", "else"),
    ],
)
def test_marked_are_the_lines_that_lead_to_the_result(function, result: str, inside: str, outside: str) -> None:
    first = function.__code__.co_firstlineno
    text, _ = inspect.getsourcelines(function)
    found = "".join(text[line - first] for line in sorted(leading_lines(function, result)))
    assert inside in found and outside not in found


def branches(x: Any, flag: bool) -> tuple[Any, dict[str, Any]]:
    y = np.zeros_like(x)
    other = x + 1
    if flag:
        other += 2
    else:
        y = x * 3
    for row in range(3):
        x, y = y, x + row
    other = y
    return other + y, {}


def test_both_branches_lead_to_a_result() -> None:
    found = sorted(leading_lines(branches, "y"))
    text, first = inspect.getsourcelines(branches)
    shown = "".join(text[line - first] for line in found)
    for line in ("if flag:", "y = x * 3", "y = np.zeros_like(x)", "for row in", "x, y = y, x + row", "other = y"):
        assert line in shown, line
    assert "other += 2" not in shown and "x + 1" not in shown, "written anew before anything reads it"


@pytest.mark.parametrize(
    ("optimizer", "inside", "outside"),
    [
        (SGD(), ["np.multiply(step, self.learning_rate"], ["self.weight_decay", "self.momentum", "velocity"]),
        (SGD(momentum=0.9), ["if self.momentum", "velocity += grad"], ["self.nesterov", "self.weight_decay"]),
        (SGD(momentum=0.9, nesterov=True), ["if self.nesterov", "step += grad"], ["self.weight_decay"]),
        (SGD(weight_decay=0.1), ["if self.weight_decay", "_add_decay"], ["velocity"]),
        (Adam(), ["m += scratch", "scratch -= v"], ["np.subtract(grad, scratch, out=m)", "v *= self.beta2"]),
        (Adam(beta1=0.1, beta2=0.1), ["out=m)", "v *= self.beta2"], ["m += scratch", "scratch -= v"]),
    ],
    ids=repr,
)
def test_a_branch_that_the_options_leave_out_leads_nowhere(
    optimizer: Optimizer, inside: list[str], outside: list[str]
) -> None:
    function = type(optimizer)._update_one
    text, first = inspect.getsourcelines(function)
    found = "".join(text[line - first] for line in sorted(leading_lines(function, "param", optimizer)))
    assert all(part in found for part in inside) and not any(part in found for part in outside), found


def test_the_memory_and_the_parameter_of_an_update_have_lines_of_their_own(plain: Step) -> None:
    position = update(plain, f"{DENSE}.weight")
    lines = {name: code_of(plain, Place(position, name, (0, 0)))[0].leading for name in ("after", "m after", "v after")}
    assert lines["m after"] < lines["after"] > lines["v after"] and lines["m after"] != lines["v after"]
    assert not code_of_record(plain, position)[0].leading


def test_checks_are_no_part_of_the_calculation(plain: Step) -> None:
    for position in range(len(plain.tape.records)):
        assert not any(name.startswith(("check", "refuse")) for name in names(code_of_record(plain, position)))


def test_every_number_of_the_tape_has_code_or_comes_from_outside(plain: Step) -> None:
    for position, record in enumerate(plain.tape.records):
        assert code_of_record(plain, position)[0].source == record.source
        for tensor, array in record.tensors.items():
            code = code_of(plain, Place(position, tensor, (0,) * array.ndim))
            comes_from_outside = tensor.endswith("before") or tensor == "target" or (position == 0 and tensor == "x")
            assert bool(code) != comes_from_outside, (record.name, tensor)


def test_convolution_and_pooling_can_be_read_as_loops(plain: Step) -> None:
    for phase, layer, tensor, loops in (
        ("forward", CONV, "y", reading.conv2d_forward),
        ("backward", CONV, "d_weight", reading.conv2d_backward),
        ("backward", POOL, "dx", reading.max_pool2d_backward),
        ("forward", RELU, "x", reading.conv2d_forward),
    ):
        found = loops_of(plain, Place(plain.position(phase, layer), tensor, (0, 0, 0, 0)))  # type: ignore[arg-type]
        assert found[0].name == loops.__name__ and found[0].source.path.name == "reading.py"
        assert "pad" in names(found) and "window" in names(found)
    assert loops_of(plain, Place(plain.position("forward", DENSE), "y", (0, 0))) == ()
