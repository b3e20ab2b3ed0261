"""What the table of cases cannot show: extreme inputs, ties, random masks, running statistics."""

from collections.abc import Callable

import numpy as np
import pytest

from core import reading
from core.layers import layer_from_spec
from core.layers.base import Layer
from core.types import Array
from tests.core.cases import Case, batch_last, frozen, run

EXTREME = frozen(np.array([[-1000.0, -90.0, -0.0, 0.0, 90.0, 1000.0]]))


def built(kind: str, in_shape: tuple[int, ...], dtype: type = np.float64, **options: object) -> Layer:
    layer = layer_from_spec({"kind": kind, **options})
    layer.build(in_shape, np.random.default_rng(0), dtype)
    return layer


def values(kind: str, x: Array, **options: object) -> tuple[Array, Array]:
    """y, and dx for an upstream gradient of ones."""
    y, dx, _ = run(built(kind, x.shape[1:], x.dtype.type, **options), x, np.ones_like(x))
    return y[0], dx[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("kind", "y", "dx"),
    [
        ("relu", [0, 0, 0, 0, 90, 1000], [0, 0, 0, 0, 1, 1]),
        ("leaky_relu", [-10, -0.9, 0, 0, 90, 1000], [0.01, 0.01, 0.01, 0.01, 1, 1]),
        ("elu", [-1, -1, 0, 0, 90, 1000], [0, 0, 1, 1, 1, 1]),
        ("silu", [0, 0, 0, 0, 90, 1000], [0, 0, 0.5, 0.5, 1, 1]),
        ("gelu", [0, 0, 0, 0, 90, 1000], [0, 0, 0.5, 0.5, 1, 1]),
        ("sigmoid", [0, 0, 0.5, 0.5, 1, 1], [0, 0, 0.25, 0.25, 0, 0]),
        ("tanh", [-1, -1, 0, 0, 1, 1], [0, 0, 1, 1, 0, 0]),
        ("softplus", [0, 0, np.log(2), np.log(2), 90, 1000], [0, 0, 0.5, 0.5, 1, 1]),
        ("softmax", [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]),
    ],
)
def test_far_out_and_at_zero(kind: str, y: list[float], dx: list[float], dtype: type):
    with np.errstate(all="raise", under="ignore"):
        found, slope = values(kind, EXTREME.astype(dtype))
    np.testing.assert_allclose(found, y, rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(slope, dx, rtol=1e-6, atol=1e-30)


def test_small_probabilities_are_not_rounded_away():
    x = np.array([[-700.0, -40.0, 40.0]])
    np.testing.assert_allclose(values("sigmoid", x)[0], np.exp([-700.0, -40.0, 0.0]), rtol=1e-13)
    np.testing.assert_allclose(values("softplus", x)[0], [np.exp(-700.0), np.exp(-40.0), 40.0], rtol=1e-13)
    np.testing.assert_allclose(values("elu", np.array([[-1e-18]]))[0], [-1e-18], rtol=1e-13)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("kind", ["relu", "max_pool2d"])
def test_what_is_shut_off_passes_exactly_nothing(kind: str, bad: float):
    """0 · ∞ is NaN: a mask that is multiplied would let a broken gradient through where there is none."""
    if kind == "relu":
        layer, x, dy = built("relu", (3,)), np.array([[-1.0, 0.0, 2.0]]), np.array([[bad, bad, 3.0]])
        assert run(layer, x, dy)[1].tolist() == [[0.0, 0.0, 3.0]]
    else:
        layer, x = built("max_pool2d", (1, 2, 4), kernel_size=2), np.arange(8.0).reshape(1, 1, 2, 4)
        dx = run(layer, x, np.array([[[[3.0, bad]]]]))[1]
        assert dx[0, 0, :, :2].tolist() == [[0.0, 0.0], [0.0, 3.0]]
        assert dx[0, 0, 0].tolist() == [0.0] * 4 and dx[0, 0, 1, 2] == 0.0
        assert np.isnan(dx[0, 0, 1, 3]) if np.isnan(bad) else dx[0, 0, 1, 3] == bad


def test_softmax_does_not_mind_a_shift():
    x = np.random.default_rng(0).normal(size=(3, 5))
    y, dx, _ = run(built("softmax", (5,)), x, x[::-1].copy())
    y_far, dx_far, _ = run(built("softmax", (5,)), x + 1000, x[::-1].copy())
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_allclose(y_far, y, rtol=1e-12)
    np.testing.assert_allclose(dx_far, dx, rtol=1e-10, atol=1e-15)


def test_softmax_gradient_is_the_full_jacobian():
    x = np.random.default_rng(0).normal(size=(1, 4))
    layer = built("softmax", (4,))
    y = layer.forward(x, True, None)[0][0]
    jacobian = np.array([run(layer, x, row[None])[1][0] for row in np.eye(4)])
    np.testing.assert_allclose(jacobian, np.diag(y) - np.outer(y, y), rtol=1e-13, atol=1e-16)


def test_a_nan_is_seen_in_its_window_and_nowhere_else():
    layer = built("max_pool2d", (1, 4, 4), kernel_size=2)
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 1] = x[0, 0, 1, 0] = np.nan
    y, dx, _ = run(layer, x, np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    assert np.isnan(y[0, 0, 0, 0]) and y[0, 0, 1, 1] == 15
    assert dx[0, 0, :, 2:].tolist() == [[0, 0], [0, 2], [0, 0], [0, 4]]


def test_a_window_of_minus_infinity_has_a_largest_value():
    layer = built("max_pool2d", (1, 3, 3), kernel_size=3, stride=2, padding=1)
    y, dx, _ = run(layer, np.full((1, 1, 3, 3), -np.inf), np.ones((1, 1, 2, 2)))
    assert (y == -np.inf).all() and dx.sum() == 4


def test_a_border_is_never_the_largest():
    layer = built("max_pool2d", (1, 4, 4), kernel_size=2, padding=1)
    y, dx, _ = run(layer, np.full((1, 1, 4, 4), -5.0), np.ones((1, 1, 3, 3)))
    assert (y == -5).all() and dx.sum() == 9


def test_the_mean_of_a_window_counts_the_border():
    layer = built("avg_pool2d", (1, 2, 2), kernel_size=2, padding=1)
    y = layer.forward(np.full((1, 1, 2, 2), 8.0), False, None)[0]
    assert y.tolist() == [[[[2.0, 2.0], [2.0, 2.0]]]]


def batches(*shape: int) -> list[Array]:
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape) * (1 + step) + step for step in range(3)]


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 2, 5)])
def test_running_statistics(shape: tuple[int, ...]):
    """Biased variance to normalise, unbiased to remember; PyTorch's momentum is the share of the new batch."""
    layer = built("batch_norm", shape[1:], momentum=0.3)
    axes = (0, *range(2, len(shape)))
    mean, variance = np.zeros(3), np.ones(3)
    for x in batches(*shape):
        y, cache = layer.forward(x, True, None)
        np.testing.assert_allclose(y.mean(axis=axes), 0, atol=1e-14)
        np.testing.assert_allclose(y.var(axis=axes), x.var(axis=axes) / (x.var(axis=axes) + 1e-5), rtol=1e-12)
        layer.absorb(cache)
        mean = 0.7 * mean + 0.3 * x.mean(axis=axes)
        variance = 0.7 * variance + 0.3 * x.var(axis=axes, ddof=1)
    np.testing.assert_allclose(layer.buffers["running_mean"], mean, rtol=1e-13)
    np.testing.assert_allclose(layer.buffers["running_var"], variance, rtol=1e-13)


def test_running_statistics_stay_where_they_are():
    """The network may have handed out views of them, and a loaded state writes into them."""
    layer = built("batch_norm", (3,))
    views = dict(layer.buffers)
    layer.absorb(layer.forward(batches(6, 3)[0], True, None)[1])
    assert all(layer.buffers[name] is view for name, view in views.items())


def test_evaluation_is_not_absorbed():
    layer = built("batch_norm", (3,))
    before = {name: array.copy() for name, array in layer.buffers.items()}
    layer.absorb(layer.forward(batches(6, 3)[1], False, None)[1])
    assert all(np.array_equal(array, before[name]) for name, array in layer.buffers.items())


@pytest.mark.parametrize("momentum", [0.0, 1.0])
def test_momentum_at_its_ends(momentum: float):
    layer = built("batch_norm", (3,), momentum=momentum)
    (x, *_) = batches(6, 3)
    layer.absorb(layer.forward(x, True, None)[1])
    expected = x.mean(axis=0) if momentum else np.zeros(3)
    np.testing.assert_allclose(layer.buffers["running_mean"], expected, rtol=1e-13)


def test_a_constant_feature_does_no_harm():
    x = np.ones((5, 2)) * [3.0, -1e6]
    y, dx, _ = run(built("batch_norm", (2,)), x, np.random.default_rng(0).normal(size=(5, 2)))
    assert np.isfinite(y).all() and np.isfinite(dx).all() and abs(y).max() < 1e-3


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
def test_a_large_mean_does_not_drown_the_variance(kind: str):
    """E[x²] − E[x]² would lose all digits in float32 here."""
    x = (np.random.default_rng(0).normal(size=(64, 32)) + 4096).astype(np.float32)
    y = built(kind, (32,), np.float32).forward(x, True, None)[0].astype(np.float64)
    exact = built(kind, (32,)).forward(x.astype(np.float64), True, None)[0]
    assert abs(y - exact).max() < 2e-3


def dropped(p: float, x: Array, seed: int = 0) -> Array:
    return built("dropout", x.shape[1:], x.dtype.type, p=p).forward(x, True, np.random.default_rng(seed))[0]


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("order", ["C", "batch last"])
def test_dropout_drops_its_share_and_makes_up_for_it(p: float, order: str):
    x = frozen(np.ones((100, 5, 10, 20), np.float32))
    y = dropped(p, x if order == "C" else batch_last(x))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / (1 - p))}
    # 100 000 coins: five standard deviations of their mean.
    assert abs((y == 0).mean() - p) < 5 * (p * (1 - p) / y.size) ** 0.5
    for axis in range(4):
        others = tuple(a for a in range(4) if a != axis)
        share = (y == 0).mean(axis=others)
        assert abs(share - p).max() < 6 * (p * (1 - p) / (y.size / y.shape[axis])) ** 0.5


def test_every_step_draws_another_mask():
    layer, rng, x = built("dropout", (50,)), np.random.default_rng(0), np.ones((4, 50))
    first, second = (layer.forward(x, True, rng)[0] for _ in range(2))
    assert not np.array_equal(first, second)
    assert len({row.tobytes() for row in first}) == 4
    assert np.array_equal(dropped(0.5, x, seed=1), dropped(0.5, x, seed=1))


def test_dropout_at_its_ends():
    x = np.random.default_rng(0).normal(size=(4, 50))
    assert np.array_equal(dropped(0.0, x), x)
    assert not dropped(1.0, x).any()
    layer = built("dropout", (50,), p=1.0)
    assert np.array_equal(layer.forward(x, False, None)[0], x)
    assert not run(layer, x, x)[1].any()


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_same_padding_keeps_the_size(kernel: int):
    layer = Case("", "conv2d", {"filters": 1, "kernel_size": kernel, "padding": "same"}, (1, 6, 7), 1)
    assert layer.unbuilt().out_shape((1, 6, 7)) == (1, 6, 7)
    spot = np.zeros((1, 1, 6, 7))
    spot[0, 0, 3, 3] = 1
    y = layer.layer().forward(spot, False, None)[0][0, 0] != layer.layer().params["bias"][0]
    # The spot is seen by the windows that begin up to (kernel − 1)/2 before it, and the odd one lies before, too.
    before, after = kernel // 2, (kernel - 1) // 2
    seen = np.zeros((6, 7), bool)
    seen[3 - before : 3 + after + 1, 3 - before : 3 + after + 1] = True
    assert np.array_equal(y, seen)


@pytest.mark.parametrize("order", [frozen, batch_last], ids=["batch first", "batch last"])
def test_means_of_large_pictures_keep_all_digits_of_float32(order: Callable[[Array], Array]):
    """A single sum over 50 000 pixels of float32 would be off in the fifth digit, and so would what is normalised."""
    x = order(np.random.default_rng(0).uniform(size=(3, 2, 160, 160)).astype(np.float32))
    exact = x.astype(np.float64)
    mean, _ = built("global_avg_pool2d", x.shape[1:], np.float32).forward(x, False, None)
    np.testing.assert_allclose(mean, exact.mean(axis=(2, 3)), rtol=1e-6)
    y, dx, _ = run(built("layer_norm", x.shape[1:], np.float32), x, x)
    _, exact_dx, _ = run(built("layer_norm", x.shape[1:]), exact, exact)
    axes = (1, 2, 3)
    centred = exact - exact.mean(axis=axes, keepdims=True)
    expected = centred / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1.5e-6)
    np.testing.assert_allclose(dx, exact_dx, rtol=1e-6, atol=1.5e-6)


def test_flatten_is_in_the_order_channel_row_column():
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    flat = built("flatten", (2, 3, 4)).forward(batch_last(x), False, None)[0]
    assert flat.tolist() == [list(range(24))]
    back = built("reshape", (24,), channels=2, height=3, width=4).forward(flat, False, None)[0]
    assert np.array_equal(back, x)


@pytest.mark.parametrize("stride", [1, 2])
def test_the_loops_send_the_gradient_of_a_window_with_nan_where_the_layer_does(stride: int):
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 1] = x[0, 0, 2, 2] = np.nan
    layer = built("max_pool2d", (1, 4, 4), kernel_size=2, stride=stride)
    y, dx, _ = run(layer, x, dy := np.ones(layer.forward(x, True, None)[0].shape))
    read = reading.max_pool2d_backward(dy, x, 2, stride, 0)
    assert np.array_equal(dx, read) and np.isnan(y).any()
