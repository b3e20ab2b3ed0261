"""The fast convolution and pooling against the loops of the textbook, and the loops against numbers done by hand."""

import numpy as np
import pytest

from core import reading
from core.types import Array
from tests.core.cases import CASES, Case, run

WINDOWED = [case for case in CASES if case.kind in ("conv2d", "max_pool2d", "avg_pool2d")]


def read(case: Case, x: Array, dy: Array) -> tuple[Array, Array, dict[str, Array]]:
    layer = case.layer()
    spec = layer.spec()
    if case.kind == "conv2d":
        weight, bias = layer.params["weight"], layer.params["bias"]
        y = reading.conv2d_forward(x, weight, bias, spec["stride"], spec["padding"])
        dx, d_weight, d_bias = reading.conv2d_backward(dy, x, weight, spec["stride"], spec["padding"])
        return y, dx, {"weight": d_weight, "bias": d_bias}
    window = (spec["kernel_size"], spec["stride"] or spec["kernel_size"], spec["padding"])
    if case.kind == "max_pool2d":
        return reading.max_pool2d_forward(x, *window), reading.max_pool2d_backward(dy, x, *window), {}
    return reading.avg_pool2d_forward(x, *window), reading.avg_pool2d_backward(dy, x, *window), {}


@pytest.mark.parametrize("case", WINDOWED, ids=lambda case: case.name)
def test_the_fast_layers_compute_what_the_loops_do(case: Case):
    x, dy = case.x(), case.dy()
    y, dx, grads = run(case.layer(), x, dy)
    y_read, dx_read, grads_read = read(case, x, dy)
    np.testing.assert_allclose(y, y_read, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(dx, dx_read, rtol=1e-12, atol=1e-13)
    assert grads.keys() == grads_read.keys()
    for name, gradient in grads.items():
        np.testing.assert_allclose(gradient, grads_read[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "options", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}, {"kernel_size": 3, "stride": 1}]
)
def test_of_equal_values_the_first_gets_the_gradient(options: dict[str, int]):
    """Few distinct values, so that most windows have several largest ones; forward alone cannot tell them apart."""
    case = Case("ties", "max_pool2d", options, (2, 6, 7), 3)
    x = np.random.default_rng(0).integers(-1, 2, (3, 2, 6, 7)).astype(float)
    y, dx, _ = run(case.layer(), x, case.dy())
    y_read, dx_read, _ = read(case, x, case.dy())
    assert np.array_equal(y, y_read)
    np.testing.assert_allclose(dx, dx_read, rtol=1e-13)


IMAGE = np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]])


def test_convolution_by_hand():
    weight = np.array([[[[1.0, 2.0], [0.0, -1.0]]]])
    y = reading.conv2d_forward(IMAGE, weight, np.array([10.0]), 1, 0)
    # 1·1 + 2·2 + 0·4 − 1·5 + 10, and so on: the kernel is not flipped.
    assert y.tolist() == [[[[10.0, 12.0], [16.0, 18.0]]]]
    dy = np.array([[[[1.0, 0.0], [0.0, 10.0]]]])
    dx, d_weight, d_bias = reading.conv2d_backward(dy, IMAGE, weight, 1, 0)
    assert dx.tolist() == [[[[1.0, 2.0, 0.0], [0.0, 9.0, 20.0], [0.0, 0.0, -10.0]]]]
    assert d_weight.tolist() == [[[[51.0, 62.0], [84.0, 95.0]]]] and d_bias.tolist() == [11.0]


def test_convolution_with_a_border_by_hand():
    weight = np.ones((1, 1, 2, 2))
    same = reading.conv2d_forward(IMAGE, weight, np.zeros(1), 1, "same")
    # The border of "same" lies right and below, so the first window is whole and the last one has a single pixel.
    assert same[0, 0, 0, 0] == 12.0 and same[0, 0, 2, 2] == 9.0
    around = reading.conv2d_forward(IMAGE, weight, np.zeros(1), 2, 1)
    assert around.tolist() == [[[[1.0, 5.0], [11.0, 28.0]]]]


def test_pooling_by_hand():
    assert reading.max_pool2d_forward(IMAGE, 2, 1, 0).tolist() == [[[[5.0, 6.0], [8.0, 9.0]]]]
    assert reading.max_pool2d_forward(-IMAGE, 2, 2, 1).tolist() == [[[[-1.0, -2.0], [-4.0, -5.0]]]]
    dy = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert reading.max_pool2d_backward(dy, np.zeros((1, 1, 3, 3)), 2, 1, 0)[0, 0].tolist() == [
        [1, 2, 0],
        [3, 4, 0],
        [0, 0, 0],
    ]
    assert reading.max_pool2d_backward(dy, IMAGE, 2, 1, 0)[0, 0].tolist() == [[0, 0, 0], [0, 1, 2], [0, 3, 4]]
    assert reading.avg_pool2d_forward(IMAGE, 2, 2, 1).tolist() == [[[[0.25, 1.25], [2.75, 7.0]]]]
    assert reading.avg_pool2d_backward(dy, IMAGE, 2, 1, 0)[0, 0].tolist() == [
        [0.25, 0.75, 0.5],
        [1, 2.5, 1.5],
        [0.75, 1.75, 1],
    ]
