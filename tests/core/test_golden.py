"""Our layers and networks against numbers recorded from PyTorch (tests/golden/record_*.py)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.types import Array, Arrays
from tests.core.cases import CASES, Case, frozen
from tests.core.networks import NETS, Net
from tests.golden.store import load

GOLDEN = Path(__file__).parents[1] / "golden"
PARITY: dict[str, tuple[Any, float, float]] = {
    "float64": (np.float64, 1e-10, 1e-14),
    "float32": (np.float32, 1.3e-6, 1e-5),
}
"""Names of the dtypes: dtype, relative and absolute tolerance."""

Running = Callable[[Array, Array, float, int, str], Array]
"""A running statistic's new value from the old one, the batch's (biased), momentum, number of values, and its name."""

RECORDED_CASES = [case for case in CASES if case.kind != "dropout"]
RECORDED_NETS = [net for net in NETS if not any(spec["kind"] == "dropout" for spec in net.layers)]

each_dtype = pytest.mark.parametrize("dtype_name", PARITY)


@pytest.fixture(scope="module")
def layers() -> Arrays:
    return load(GOLDEN / "layers.npz") | load(GOLDEN / "layers_conv.npz")


@pytest.fixture(scope="module")
def networks() -> Arrays:
    return load(GOLDEN / "networks.npz")


def under(golden: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): a for name, a in golden.items() if name.startswith(prefix)}


def equal(found: Arrays, expected: Arrays, dtype_name: str) -> None:
    dtype, rtol, atol = PARITY[dtype_name]
    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert array.dtype == dtype, name
        assert array.shape == expected[name].shape, name
        np.testing.assert_allclose(array, expected[name], rtol=rtol, atol=atol, err_msg=name)


def loaded(golden: Arrays, case: Case, dtype: Any) -> tuple[Any, Array, Array]:
    layer = case.layer(dtype)
    for name, array in (layer.params | layer.buffers).items():
        array[...] = golden[f"{case.name}/{name}"]
    x, dy = (frozen(golden[f"{case.name}/{name}"].astype(dtype)) for name in ("x", "dy"))
    return layer, x, dy


def forward_backward(layer: Any, x: Array, dy: Array, training: bool) -> Arrays:
    y, cache = layer.forward(x, training, None)
    dx, grads = layer.backward(dy, cache)
    if training:
        layer.absorb(cache)
    return {"y": y, "dx": dx, **{f"d_{name}": gradient for name, gradient in grads.items()}}


@pytest.mark.parametrize("case", RECORDED_CASES, ids=lambda case: case.name)
@each_dtype
def test_layers_agree_with_pytorch(case: Case, dtype_name: str, layers: Arrays):
    layer, x, dy = loaded(layers, case, PARITY[dtype_name][0])
    found = forward_backward(layer, x, dy, training=True)
    if layer.buffers:
        found |= {name: buffer.copy() for name, buffer in layer.buffers.items()}
        evaluation = forward_backward(layer, x, dy, training=False)
        found |= {f"evaluation {name}": array for name, array in evaluation.items()}
    equal(found, under(layers, f"{case.name}/{dtype_name}/"), dtype_name)


def running_agree(layers: Arrays, case: Case, rule: Running) -> bool:
    """Whether `rule` moves the running statistics where PyTorch moves them."""
    layer, x, _ = loaded(layers, case, np.float64)
    axes, momentum = (0, *range(2, x.ndim)), layer.momentum
    count, expected = x.size // x.shape[1], under(layers, f"{case.name}/float64/")
    batch = {"running_mean": x.mean(axis=axes), "running_var": x.var(axis=axes)}
    moved = {name: rule(old, batch[name], momentum, count, name) for name, old in layer.buffers.items()}
    return all(np.allclose(array, expected[name], rtol=1e-10, atol=1e-14) for name, array in moved.items())


def right_running(old: Array, new: Array, momentum: float, count: int, name: str) -> Array:
    unbiased = count / (count - 1) if name == "running_var" else 1.0
    return (1 - momentum) * old + momentum * new * unbiased


RUNNING_MISTAKES: dict[str, Running] = {
    "biased variance": lambda old, new, m, count, name: (1 - m) * old + m * new,
    "mean unbiased too": lambda old, new, m, count, name: (1 - m) * old + m * new * count / (count - 1),
    "momentum the other way round": lambda old, new, m, count, name: right_running(old, new, 1 - m, count, name),
    "only the new batch": lambda old, new, m, count, name: right_running(old, new, 1.0, count, name),
    "never moved": lambda old, new, m, count, name: old,
    "moved away": lambda old, new, m, count, name: 2 * old - right_running(old, new, m, count, name),
    "deviation for variance": lambda old, new, m, count, name: right_running(
        old, np.sqrt(new) if name == "running_var" else new, m, count, name
    ),
}

each_batch_norm = pytest.mark.parametrize(
    "case", [case for case in CASES if case.kind == "batch_norm"], ids=lambda case: case.name
)


@each_batch_norm
@pytest.mark.parametrize("mistake", RUNNING_MISTAKES)
def test_mistakes_in_the_running_statistics_are_rejected(case: Case, mistake: str, layers: Arrays):
    assert not running_agree(layers, case, RUNNING_MISTAKES[mistake])


@each_batch_norm
def test_the_rule_of_the_running_statistics_written_out_is_accepted(case: Case, layers: Arrays):
    assert running_agree(layers, case, right_running)


@pytest.mark.parametrize("net", RECORDED_NETS, ids=lambda net: net.name)
@each_dtype
def test_networks_agree_with_pytorch(net: Net, dtype_name: str, networks: Arrays):
    """Gradients of the first batch, the losses of five plain steps, and the evaluation after them."""
    dtype = PARITY[dtype_name][0]
    network = net.network(dtype)
    network.load_state_dict({name: a.astype(dtype) for name, a in under(networks, f"{net.name}/start ").items()})
    x, target = (networks[f"{net.name}/{name}"] for name in ("x", "target"))
    x = frozen(x.astype(dtype))
    target = frozen(target.astype(dtype) if target.dtype.kind == "f" else target)
    losses: list[float] = []
    gradients: Arrays = {}
    for _ in range(5):
        loss, grads = network.loss_and_gradients(x, target)
        losses.append(loss)
        gradients = gradients or {f"d_{name}": gradient.copy() for name, gradient in grads.items()}
        network.flat_params -= 0.1 * network.flat_grads
    found = {"losses": np.array(losses, dtype), "prediction": network.forward(x), **gradients, **network.buffers()}
    expected = under(networks, f"{net.name}/{dtype_name}/")
    expected["losses"] = expected["losses"].astype(dtype)
    equal(found, expected, dtype_name)
