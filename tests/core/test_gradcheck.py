"""The checker itself: it must be accurate, must not be fooled, and must leave what it checks as it was."""

import dataclasses

import numpy as np
import pytest

from core.gradcheck import Check, check_layer, check_loss, check_network, layer_side, numerical_gradient
from core.layers import layer_from_spec
from core.layers.base import Layer
from core.losses import loss_from_spec
from tests.core.cases import spread
from tests.core.networks import BATCH_NORM, CONV, DENSE, DROPOUT, NETS, SOFTMAX, XOR, Net


def built(kind: str, in_shape: tuple[int, ...], **options: object) -> Layer:
    layer = layer_from_spec({"kind": kind, **options})
    layer.build(in_shape, np.random.default_rng(0), np.float64)
    return layer


def test_central_differences_of_known_functions():
    x = np.array([[0.3, -4.0], [2.0, 1e-3]])
    before = x.copy()
    np.testing.assert_allclose(numerical_gradient(lambda: float(np.sin(x).sum()), x), np.cos(x), rtol=1e-9)
    np.testing.assert_allclose(numerical_gradient(lambda: x**3, x), 3 * x**2, rtol=1e-8, atol=1e-9)
    assert np.array_equal(x, before)


def test_entries_at_a_kink_are_left_out():
    x = np.array([0.5, 4e-6, -3.0, -9e-6, 2e-5, 0.0])
    gradient = numerical_gradient(lambda: np.abs(x), x, lambda: np.sign(x).tobytes())
    assert np.isnan(gradient).tolist() == [False, True, False, True, False, True]
    np.testing.assert_allclose(gradient[[0, 2, 4]], [1, -1, 1], rtol=1e-9)


@pytest.mark.parametrize(
    ("analytic", "numeric", "verdict", "kinks"),
    [
        ([1.0, -2.0], [1.0, -2.0], "pass", 0),
        ([1.0, -2.0], [1.0 + 1e-8, -2.0], "pass", 0),
        ([1.0, -2.0], [1.0 + 1e-6, -2.0], "fail", 0),
        ([1.0, 2.0], [1.0, -2.0], "fail", 0),
        ([0.0, 0.0], [0.0, 0.0], "pass", 0),
        ([1e-9, 1.0], [0.0, 1.0], "fail", 0),
        ([1.0, 77.0], [1.0, np.nan], "pass", 1),
        ([3.0, 77.0], [1.0, np.nan], "fail", 1),
        ([1.0, 2.0], [np.nan, np.nan], "inconclusive", 2),
        ([], [], "inconclusive", 0),
        ([np.nan, 1.0], [1.0, 1.0], "fail", 0),
        ([np.inf, 1.0], [1.0, 1.0], "fail", 0),
        ([1.0, 2.0], [1.0, np.inf], "fail", 0),
        ([1.0, 2.0], [[1.0, 2.0]], "fail", 0),
    ],
)
def test_verdicts(analytic: list[float], numeric: list[float], verdict: str, kinks: int):
    check = Check("x", np.array(analytic), np.array(numeric), 1e-7)
    assert (check.verdict, check.kinks) == (verdict, kinks)


def test_a_difference_within_the_rounding_noise_is_none():
    analytic, numeric = np.array([0.0, 1e-3]), np.array([3e-11, 1e-3 + 3e-11])
    assert Check("x", analytic, numeric, 1e-7, noise=4e-11).error == 0
    assert Check("x", analytic, numeric, 1e-7, noise=1e-11).error == pytest.approx(2e-3)


def test_where_the_function_is_not_finite_no_gradient_is_right():
    x = np.array([1.0, 2.0])
    numeric = numerical_gradient(lambda: np.where(x < 1.5, x, np.nan), x)
    assert numeric[1] == np.inf and Check("x", np.ones(2), numeric, 1e-7).verdict == "fail"


@pytest.mark.parametrize("scale", [1.0, 10.0, 25.0, 700.0])
@pytest.mark.parametrize("kind", ["sigmoid", "tanh", "silu", "gelu", "softplus", "elu", "softmax"])
def test_saturation_is_not_taken_for_a_mistake(kind: str, scale: float):
    """Far out the slope is smaller than what rounding does to a difference."""
    x = scale * spread((4, 5), 3)
    (check,) = check_layer(built(kind, (5,)), x)
    assert check.verdict == "pass", check.error


def test_the_error_is_the_largest_relative_one():
    check = Check("x", np.array([100.0, 1e-3, 5.0]), np.array([100.1, 1.1e-3, np.nan]), 1e-7)
    assert check.error == pytest.approx(0.1 / 1.1)


def test_the_error_of_tiny_gradients_is_measured_against_a_floor():
    assert Check("x", np.array([1e-12]), np.array([0.0]), 1e-3).error == pytest.approx(1e-4)


def test_a_relu_at_its_kink_is_inconclusive_not_wrong():
    layer = built("relu", (3,))
    (check,) = check_layer(layer, np.zeros((2, 3)))
    assert (check.verdict, check.kinks) == ("inconclusive", 6)
    (check,) = check_layer(layer, np.array([[0.0, 1.0, -1.0]]))
    assert (check.verdict, check.kinks) == ("pass", 1)


def test_a_tie_in_max_pooling_is_a_kink():
    layer = built("max_pool2d", (1, 2, 4), kernel_size=2)
    x = np.array([[[[1.0, 1.0, 0.0, 0.5], [0.0, 0.5, 2.0, 3.0]]]])
    (check,) = check_layer(layer, x)
    assert (check.verdict, check.kinks) == ("pass", 2)
    assert np.isnan(check.numeric[0, 0, 0, :2]).all()


def test_sides_of_the_kinks():
    pool = built("max_pool2d", (1, 3, 4), kernel_size=2, stride=1, padding=1)
    x = np.random.default_rng(0).normal(size=(2, 1, 3, 4))
    assert layer_side(pool, x) == layer_side(pool, x + 5)
    assert layer_side(pool, x) != layer_side(pool, -x)
    for kind in ("relu", "leaky_relu", "elu"):
        layer = built(kind, (3,))
        assert layer_side(layer, np.array([[1.0, -1, 2]])) == layer_side(layer, np.array([[3.0, -2, 1]]))
        assert layer_side(layer, np.array([[1.0, -1, 2]])) != layer_side(layer, np.array([[1.0, 1, 2]]))
    assert layer_side(built("tanh", (3,)), x) == layer_side(built("tanh", (3,)), -x) == b""


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
def test_whole_networks(net: Net):
    network = net.network()
    checks = check_network(network, net.x(), net.target())
    assert [check.name for check in checks] == list(network.parameters())
    for check in checks:
        assert check.verdict == "pass", f"{check.name}: {check.error:.2g} over {check.tolerance:g}"
        assert check.kinks <= 0.01 * check.numeric.size


def test_smooth_networks_agree_to_eight_digits():
    for net in (XOR, SOFTMAX):
        for check in check_network(net.network(), net.x(), net.target()):
            assert check.error < 1e-6 and check.tolerance == 1e-5
    assert {check.tolerance for check in check_network(DENSE.network(), DENSE.x()[:2], DENSE.target()[:2])} == {1e-4}


@pytest.mark.parametrize("net", [BATCH_NORM, DROPOUT], ids=lambda net: net.name)
def test_a_check_leaves_the_network_as_it_was(net: Net):
    network = net.network()
    network.loss_and_gradients(net.x(), net.target(), np.random.default_rng(0))
    before, grads = network.state_dict(), network.flat_grads.copy()
    check_network(network, net.x(), net.target(), seed=9)
    assert all(np.array_equal(array, before[name]) for name, array in network.state_dict().items())
    assert np.array_equal(network.flat_grads, grads)


@pytest.mark.parametrize(
    ("kind", "prediction", "target", "kinks"),
    [
        ("mae", [[0.5, 2.0], [3.0, -1.0]], [[0.5, 1.0], [1.0, 0.0]], [[True, False], [False, False]]),
        ("huber", [[0.5, 2.0], [3.0, -1.0]], [[0.4, 1.0], [1.0, 0.0]], [[False, True], [False, True]]),
        ("hinge", [[1.0, 0.0, 3.0], [5.0, 1.0, 2.0]], [0, 0], [[True, True, False], [False, False, False]]),
        ("mse", [[0.5, 2.0], [3.0, -1.0]], [[0.5, 1.0], [1.0, 0.0]], [[False, False], [False, False]]),
    ],
)
def test_kinks_of_losses(kind: str, prediction: list[list[float]], target: list[float], kinks: list[list[bool]]):
    check = check_loss(loss_from_spec({"kind": kind}), np.array(prediction), np.array(target))
    assert np.isnan(check.numeric).tolist() == kinks
    assert check.verdict == "pass", check.error


@pytest.mark.parametrize("loss", ["mae", "huber", "hinge"])
def test_networks_with_a_loss_that_has_kinks(loss: str):
    target = DENSE.target()[:2] if loss == "hinge" else np.zeros((2, 10))
    net = dataclasses.replace(DENSE, loss={"kind": loss})
    for check in check_network(net.network(), DENSE.x()[:2], target):
        assert check.verdict == "pass" and check.tolerance == 1e-4, check.error


def test_a_kink_crossed_deep_in_a_network_is_left_out():
    """One weight before a ReLU that stands exactly at its kink: the difference is half the truth there."""
    network = DENSE.network()
    x, target = DENSE.x()[:1], DENSE.target()[:1]
    weight, bias = network.parameters()["1.weight"], network.parameters()["1.bias"]
    bias[4] = -weight[4] @ x.ravel()
    network.parameters()["3.weight"][:, 4] = 1.0
    checks = {check.name: check for check in check_network(network, x, target)}
    assert np.isnan(checks["1.bias"].numeric[4]) and checks["1.bias"].kinks == 1
    assert np.isnan(checks["1.weight"].numeric[4]).all()
    assert all(check.verdict == "pass" for check in checks.values())


def test_a_wrong_layer_in_a_network_is_found():
    network = CONV.network()
    relu = network.layers[4]
    backward = relu.backward
    relu.__dict__["backward"] = lambda dy, *rest: (dy, backward(dy, *rest)[1])
    verdicts = {check.name: check.verdict for check in check_network(network, CONV.x()[:2], CONV.target()[:2])}
    assert verdicts["7.weight"] == "pass" and verdicts["0.weight"] == "fail" and verdicts["3.weight"] == "fail"
