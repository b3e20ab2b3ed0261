"""The network: one flat array of parameters, gradients by name, saved weights, and sentences for what does not fit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.layers import LAYERS, layer_from_spec
from core.network import Network
from core.types import Array, Arrays, ShapeError
from tests.core.cases import frozen
from tests.core.networks import (
    BATCH_NORM,
    CONV,
    DENSE,
    DROPOUT,
    NETS,
    SOFTMAX,
    XOR,
    Net,
    layer,
    network_of,
)

each_net = pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)


@each_net
def test_parameters_are_views_of_one_array(net: Net):
    network = net.network(np.float32)
    parameters = network.parameters()
    assert network.flat_params.size == sum(p.size for p in parameters.values())
    assert network.flat_params.dtype == network.flat_grads.dtype == np.float32
    for number, param in enumerate(parameters.values()):
        assert np.shares_memory(param, network.flat_params)
        param[...] = number
    joined = np.concatenate([np.full(p.size, i) for i, p in enumerate(parameters.values())])
    assert np.array_equal(network.flat_params, joined)
    network.flat_params[...] = 5
    assert all((p == 5).all() for one in network.layers for p in one.params.values())


@each_net
def test_gradients_are_views_of_one_array(net: Net):
    network = net.network()
    network.flat_grads[...] = np.nan
    _, grads = network.loss_and_gradients(net.x(), net.target(), np.random.default_rng(0))
    assert list(grads) == list(network.parameters())
    assert {name: g.shape for name, g in grads.items()} == {n: p.shape for n, p in network.parameters().items()}
    assert np.isfinite(network.flat_grads).all()
    assert np.array_equal(np.concatenate([g.ravel() for g in grads.values()]), network.flat_grads)
    assert all(np.shares_memory(g, network.flat_grads) for g in grads.values())


def test_names_are_those_of_a_sequential():
    assert list(DENSE.network().state_dict()) == ["1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias"]
    names = set(BATCH_NORM.network().state_dict())
    assert {"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"} <= names
    assert set(BATCH_NORM.network().buffers()) == {n for n in names if "running" in n}


@each_net
def test_a_pass_without_frills_gives_the_same(net: Net):
    """The gradients are those of the layers' own backward, one after the other, without `out` and with every dx."""
    network, plain = net.network(), net.network()
    loss, grads = network.loss_and_gradients(net.x(), net.target(), np.random.default_rng(4))
    x, caches, rng = net.x(), [], np.random.default_rng(4)
    for one in plain.layers:
        x, cache = one.forward(x, True, rng)
        caches.append(cache)
    value, dy = plain.loss.value_and_gradient(x, net.target())
    for index in range(len(caches) - 1, -1, -1):
        dx, own = plain.layers[index].backward(dy, caches[index])
        for name, gradient in own.items():
            np.testing.assert_allclose(grads[f"{index}.{name}"], gradient, rtol=1e-13, atol=1e-15)
        assert dx is not None
        dy = dx
    assert loss == value


@each_net
def test_the_same_seed_gives_the_same_network(net: Net):
    first, second, other = net.network(seed=3), net.network(seed=3), net.network(seed=4)
    assert np.array_equal(first.flat_params, second.flat_params)
    assert not np.array_equal(first.flat_params, other.flat_params)
    first.loss_and_gradients(net.x(), net.target(), np.random.default_rng(0))
    first.flat_params += 1
    first.build(net.in_shape, 3, np.float64)
    assert all(np.array_equal(a, second.state_dict()[n]) for n, a in first.state_dict().items())


def test_a_layer_draws_from_a_stream_of_its_own():
    """Editing one layer leaves the start weights of the others alone."""
    small, large = (network_of(layer("dense", units=n), layer("tanh"), layer("dense", units=2)) for n in (4, 5))
    same = network_of(layer("dense", units=4), layer("relu"), layer("dense", units=3))
    for network in (small, large, same):
        network.build((3,), 8)
    assert np.array_equal(small.parameters()["0.weight"], same.parameters()["0.weight"])
    twins = network_of(layer("dense", units=3), layer("dense", units=3))
    twins.build((3,), 8)
    assert not np.array_equal(twins.parameters()["0.weight"], twins.parameters()["1.weight"])


@each_net
def test_forward_leaves_the_network_untouched(net: Net):
    network = net.network()
    before = network.state_dict()
    for training in (False, True):
        network.forward(net.x(), training, np.random.default_rng(0))
    assert all(np.array_equal(a, before[n]) for n, a in network.state_dict().items())


@each_net
def test_only_buffers_change_in_a_pass(net: Net):
    network = net.network()
    before = network.state_dict()
    network.loss_and_gradients(net.x(), net.target(), np.random.default_rng(0))
    after = network.state_dict()
    changed = {name for name in after if not np.array_equal(after[name], before[name])}
    assert changed == set(network.buffers())


@each_net
def test_nothing_flows_further_back_than_the_first_weights(net: Net):
    seen: list[tuple[int, bool]] = []

    class Watcher:
        def forward(self, index: int, x: Array, y: Array, cache: Arrays) -> None: ...

        def loss(self, prediction: Array, target: Array, value: float, gradient: Array) -> None: ...

        def backward(self, index: int, dy: Array, dx: Array | None, grads: Arrays, cache: Arrays) -> None:
            seen.append((index, dx is not None))

    network = net.network()
    network.loss_and_gradients(net.x(), net.target(), np.random.default_rng(0), Watcher())
    first = min(int(name.split(".")[0]) for name in network.parameters())
    assert network.first_trainable == first
    assert seen == [(index, index > first) for index in range(len(net.layers) - 1, first - 1, -1)]


def test_a_network_without_weights_has_a_loss():
    network = network_of(layer("tanh"))
    network.build((3,), 0)
    loss, grads = network.loss_and_gradients(np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32))
    assert loss == 1 and grads == {} and network.flat_params.size == 0


@each_net
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_saved_network_comes_back_with_the_same_bits(net: Net, dtype: type):
    network = net.network(dtype)
    network.loss_and_gradients(net.x(dtype), net.target(dtype), np.random.default_rng(0))
    twin = net.network(dtype, seed=99)
    twin.load_state_dict(network.state_dict())
    assert np.array_equal(twin.forward(net.x(dtype)), network.forward(net.x(dtype)))
    assert twin.flat_params.dtype == dtype and np.array_equal(twin.flat_params, network.flat_params)
    assert all(np.shares_memory(p, twin.flat_params) for p in twin.parameters().values())


def test_a_state_is_a_copy():
    network = XOR.network()
    state = network.state_dict()
    weight = state["0.weight"].copy()
    network.flat_params += 1
    assert np.array_equal(state["0.weight"], weight)
    network.load_state_dict(state)
    state["0.weight"][...] = 0
    assert np.array_equal(network.parameters()["0.weight"], weight)


def test_float32_weights_fit_a_float64_network():
    network, twin = XOR.network(np.float32), XOR.network(np.float64, seed=1)
    twin.load_state_dict(network.state_dict())
    assert twin.flat_params.dtype == np.float64
    assert np.array_equal(twin.flat_params, network.flat_params.astype(np.float64))


PICTURE = ("conv2d", "max_pool2d", "avg_pool2d", "relu", "batch_norm", "dropout", "layer_norm", "silu", "elu")
VECTOR = ("dense", "tanh", "softmax", "batch_norm", "leaky_relu", "gelu", "layer_norm", "softplus", "sigmoid")


def test_stacks_are_made_of_every_layer():
    assert {*PICTURE, *VECTOR, "flatten", "global_avg_pool2d", "reshape"} == set(LAYERS)


@st.composite
def stacks(draw: st.DrawFn) -> tuple[list[dict[str, object]], tuple[int, int, int], int]:
    """Pictures, perhaps turned round, a random stack of layers for them, Flatten or a global mean, one for vectors."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    specs: list[dict[str, object]] = []
    if draw(st.booleans()):
        turned = draw(st.permutations(shape))
        specs.append({"kind": "reshape", **dict(zip(("channels", "height", "width"), turned, strict=True))})
    for kind in draw(st.lists(st.sampled_from(PICTURE), max_size=4)):
        spec: dict[str, object] = {"kind": kind}
        if kind in ("conv2d", "max_pool2d", "avg_pool2d"):
            kernel = draw(st.integers(1, 4))
            spec |= {
                "kernel_size": kernel,
                "stride": draw(st.integers(1, 3)),
                "padding": draw(st.integers(0, kernel // 2)),
            }
        if kind == "conv2d":
            spec["filters"] = draw(st.integers(1, 3))
            if draw(st.booleans()):
                spec |= {"stride": 1, "padding": "same"}
        specs.append(spec)
    specs.append({"kind": draw(st.sampled_from(["flatten", "global_avg_pool2d"]))})
    for kind in draw(st.lists(st.sampled_from(VECTOR), max_size=3)):
        specs.append({"kind": kind, **({"units": draw(st.integers(1, 5))} if kind == "dense" else {})})
    return specs, shape, draw(st.integers(2, 5))


@given(stacks(), st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_any_stack_has_the_promised_shapes_and_survives_saving(
    stack: tuple[list[dict[str, object]], tuple[int, int, int], int], seed: int
):
    specs, shape, batch = stack
    network = network_of(*specs)
    try:
        network.build(shape, seed)
    except ShapeError as error:
        assert str(error).startswith("Layer ") and " gives " in str(error)
        return
    x = frozen(np.random.default_rng(seed).normal(size=(batch, *shape)).astype(np.float32))
    before = network.state_dict()
    y = x
    for one, promised in zip(network.layers, network.shapes, strict=True):
        y = one.forward(y, False, None)[0]
        assert y.shape == (batch, *promised) and y.dtype == np.float32
    assert np.array_equal(network.forward(x), y)
    assert all(np.array_equal(a, before[n]) for n, a in network.state_dict().items())
    rebuilt = Network([layer_from_spec(one.spec()) for one in network.layers], network.loss)
    rebuilt.build(shape, seed + 1)
    rebuilt.load_state_dict(before)
    assert np.array_equal(rebuilt.forward(x), y)


def test_the_loss_falls():
    """All parts together: plain descent along the gradients reduces the loss of every network."""
    for net in (XOR, DENSE, SOFTMAX, CONV, BATCH_NORM, DROPOUT):
        network = net.network()
        x, target = net.x(), net.target()
        losses = []
        for _ in range(30):
            losses.append(network.loss_and_gradients(x, target, np.random.default_rng(0))[0])
            network.flat_params -= 0.05 * network.flat_grads
        assert losses[-1] < losses[0] and math.isfinite(losses[-1]), net.name
