"""Adam in float32 against its paper's formula in float64, where rounding shows: betas near 0, falling gradients.

Written m + (1 − β)(g − m), a mean that forgets at once still remembers the rounding error of a large gradient.
"""

import math
from collections.abc import Iterable

import numpy as np
import pytest

from core.optimizers import Adam, AdamW
from core.types import OptionError

FALLING = (1e3, 1e-2, 3e-5)
GROWING = (1e-5, 1e-2, 1e3)
EVEN = (0.3, -0.2, 0.1, 0.7)


def textbook(gradients: Iterable[float], beta1: float, beta2: float, rate: float, eps: float, decay: float) -> float:
    """θ after Adam's steps from θ = 1; with a decay AdamW's."""
    theta, m, v = 1.0, 0.0, 0.0
    for t, gradient in enumerate(gradients, start=1):
        g = float(np.float32(gradient))
        theta *= 1 - rate * decay
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        theta -= rate * (m / (1 - beta1**t)) / (math.sqrt(v / (1 - beta2**t)) + eps)
    return theta


@pytest.mark.parametrize("optimizer", [Adam, AdamW])
@pytest.mark.parametrize("gradients", [FALLING, GROWING, EVEN], ids=["falling", "growing", "even"])
@pytest.mark.parametrize("beta1", [0.0, 1e-6, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("beta2", [0.0, 1e-6, 0.5, 0.999])
def test_no_gradient_is_lost_in_rounding(
    optimizer: type[Adam], gradients: tuple[float, ...], beta1: float, beta2: float
):
    decay = 0.1 if optimizer is AdamW else 0.0
    made = optimizer(learning_rate=0.01, beta1=beta1, beta2=beta2, weight_decay=decay)
    param = np.ones(3, np.float32)
    for gradient in gradients:
        made.update({"p": param}, {"p": np.full(3, gradient, np.float32)})
    expected = textbook(gradients, beta1, beta2, 0.01, made.eps, decay)
    np.testing.assert_allclose(param, expected, rtol=2e-6)


def test_a_mean_that_forgets_at_once_is_the_last_gradient():
    made = Adam(beta1=0.0, beta2=0.0)
    param = np.ones(2, np.float32)
    for gradient in (1e3, 1e-2):
        made.update({"p": param}, {"p": np.full(2, gradient, np.float32)})
    assert made.memory["m"]["p"].tolist() == [np.float32(1e-2)] * 2
    assert made.memory["v"]["p"].tolist() == [np.float32(1e-2) * np.float32(1e-2)] * 2


@pytest.mark.parametrize("optimizer", [Adam, AdamW])
def test_a_step_size_beyond_all_measure_leaves_what_has_no_gradient_where_it_is(optimizer: type[Adam]):
    """The first step divides by 1 − β₁, here 1.1e-16; eps divided by that much is no number of float32."""
    made = optimizer(learning_rate=1e6, beta1=0.9999999999999999, eps=1e-20, weight_decay=0.0)
    param = np.ones(2, np.float32)
    made.update({"p": param}, {"p": np.array([0, 1e-3], np.float32)})
    assert param[0] == 1 and np.isfinite(param[1])
    with pytest.raises(OptionError, match="eps must be a number of at least 1e−20"):
        optimizer(eps=1e-21)
