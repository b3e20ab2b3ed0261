"""Every hand-written backward against central differences of its forward, and broken ones, which must be rejected."""

from collections.abc import Callable

import numpy as np
import pytest

from core.gradcheck import check_layer
from core.layers import LAYERS
from core.types import Array
from tests.core.broken import BROKEN, BROKEN_IN_EVALUATION
from tests.core.cases import CASES, Case, run
from tests.core.mistakes import Broken, Step, conv_gradients, normalized, overwritten

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
def test_training_gradients(case: Case):
    layer = case.layer()
    checks = check_layer(layer, case.x())
    assert [check.name for check in checks] == ["x", *layer.params]
    for check in checks:
        assert check.kinks == 0
        assert check.verdict == "pass", f"{check.name}: {check.error:.2g} over {check.tolerance:g}"


@each_case
def test_evaluation_gradients(case: Case):
    for check in check_layer(case.layer(), case.x(), training=False):
        assert check.verdict == "pass", f"{check.name}: {check.error:.2g} over {check.tolerance:g}"


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_backward_is_rejected(broken: Broken):
    right = {check.name: check.verdict for check in check_layer(broken.case.layer(), broken.case.x())}
    wrong = {check.name: check.verdict for check in check_layer(broken.layer(), broken.case.x())}
    assert set(right.values()) == {"pass"}
    assert {name for name in wrong if wrong[name] == "fail"} == set(broken.fails)


@pytest.mark.parametrize("broken", BROKEN_IN_EVALUATION, ids=lambda broken: broken.name)
def test_a_backward_broken_in_evaluation_is_rejected(broken: Broken):
    checks = check_layer(broken.layer(), broken.case.x(), training=False)
    assert {check.name for check in checks if check.verdict == "fail"} == set(broken.fails)


@pytest.mark.parametrize("kind", LAYERS)
def test_every_layer_has_broken_versions(kind: str):
    own = [broken for broken in BROKEN if broken.case.kind == kind]
    assert len(own) >= 3
    assert {tensor for broken in own for tensor in broken.fails} == {"x", *own[0].case.layer().params}
    mistakes = " ".join(broken.mistake for broken in own)
    assert "wrong sign" in mistakes and "divided by the batch" in mistakes


@pytest.mark.parametrize(
    ("case", "formula"),
    [
        ("batch_norm-vector", normalized),
        ("batch_norm-image", normalized),
        ("layer_norm-vector", normalized),
        ("layer_norm-image", normalized),
        ("conv2d-stride2", lambda step: conv_gradients(step)[0]),
        ("conv2d-same4", lambda step: conv_gradients(step)[0]),
        ("max_pool2d-gaps", overwritten),
    ],
)
def test_the_broken_formulas_are_right_without_their_mistake(case: str, formula: Callable[[Step], Array]):
    """So that they are rejected for the mistake they are named after."""
    find = next(c for c in CASES if c.name == case)
    y, dx, grads = run(find.layer(), find.x(), find.dy())
    np.testing.assert_allclose(
        formula(Step(find.layer(), find.x(), y, find.dy(), dx, grads)), dx, rtol=1e-9, atol=1e-12
    )


def test_broken_versions_are_told_apart():
    for table in (BROKEN, BROKEN_IN_EVALUATION):
        assert len({broken.name for broken in table}) == len(table)


@pytest.mark.parametrize("kind", ["softmax", "batch_norm"])
def test_a_sum_of_the_outputs_would_be_blind(kind: str):
    """Why the upstream gradient is random: with ones, these gradients vanish and a wrong formula looks right."""
    case = next(case for case in CASES if case.kind == kind)
    layer = case.layer()
    y, cache = layer.forward(case.x(), True, None)
    dx, _ = layer.backward(np.ones_like(y), cache)
    assert dx is not None
    assert np.abs(dx).max() < 1e-12
