"""What every layer owes its callers, over the one table of cases: shapes, dtypes, and that it changes nothing."""

import copy
import json
import pickle

import numpy as np
import pytest

from core.initializers import Normal
from core.layers import LAYERS, layer_from_spec
from core.types import Arrays, ShapeError
from tests.core.cases import CASES, Case, batch_last, frozen, run, spread

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


def same(first: Arrays, second: Arrays) -> bool:
    return first.keys() == second.keys() and all(np.array_equal(first[k], second[k], equal_nan=True) for k in first)


def copies(arrays: Arrays) -> Arrays:
    return {name: np.array(array) for name, array in arrays.items()}


def test_every_layer_has_cases():
    assert {case.kind for case in CASES} == set(LAYERS)
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.kind for case in CASES if case.batch == 1} == set(LAYERS)


@each_case
@each_dtype
def test_shapes_and_dtype_are_as_promised(case: Case, dtype: type):
    layer = case.layer(dtype)
    y, dx, grads = run(layer, case.x(dtype), case.dy(dtype))
    assert y.shape == (case.batch, *layer.out_shape(case.in_shape))
    assert dx.shape == (case.batch, *case.in_shape)
    assert {name: p.shape for name, p in layer.params.items()} == layer.param_shapes(case.in_shape)
    assert {name: g.shape for name, g in grads.items()} == layer.param_shapes(case.in_shape)
    made = [y, dx, *grads.values(), *layer.params.values(), *layer.buffers.values()]
    assert {array.dtype for array in made} == {np.dtype(dtype)}
    assert layer.forward(case.x(dtype), False, None)[0].dtype == np.dtype(dtype)


@each_case
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_forward_and_backward_change_nothing(case: Case, training: bool):
    layer = case.layer()
    spec, params, buffers = layer.spec(), copies(layer.params), copies(layer.buffers)
    for array in (*layer.params.values(), *layer.buffers.values()):
        frozen(array)
    x, dy = case.x(), case.dy()
    x_before, dy_before = x.copy(), dy.copy()
    y, cache = layer.forward(x, training, np.random.default_rng(3))
    y_before, cache_before = y.copy(), copies(cache)
    layer.backward(dy, cache)
    assert same(cache, cache_before)
    assert np.array_equal(y, y_before)
    assert np.array_equal(x, x_before) and np.array_equal(dy, dy_before)
    assert layer.spec() == spec and same(layer.params, params) and same(layer.buffers, buffers)


@each_case
def test_backward_twice_gives_the_same(case: Case):
    layer = case.layer()
    _, cache = layer.forward(case.x(), True, np.random.default_rng(3))
    dx_first, grads_first = layer.backward(case.dy(), cache)
    assert dx_first is not None
    kept, kept_grads = dx_first.copy(), copies(grads_first)
    dx_second, grads_second = layer.backward(case.dy(), cache)
    assert dx_second is not None
    assert np.array_equal(kept, dx_second) and same(kept_grads, grads_second)
    assert np.array_equal(kept, dx_first) and same(kept_grads, grads_first)


@each_case
def test_gradients_are_written_where_out_says(case: Case):
    layer = case.layer()
    _, cache = layer.forward(case.x(), True, np.random.default_rng(3))
    dx, grads = layer.backward(case.dy(), cache)
    out = {name: np.full(shape, np.nan) for name, shape in layer.param_shapes(case.in_shape).items()}
    dx_out, grads_out = layer.backward(case.dy(), cache, out=out)
    assert all(grads_out[name] is out[name] for name in out)
    assert same(grads_out, grads)
    assert dx is not None and dx_out is not None and np.array_equal(dx, dx_out)


@each_case
def test_dx_can_be_left_out(case: Case):
    layer = case.layer()
    _, cache = layer.forward(case.x(), True, np.random.default_rng(3))
    _, grads = layer.backward(case.dy(), cache)
    nothing, grads_alone = layer.backward(case.dy(), cache, need_dx=False)
    assert nothing is None
    assert same(grads_alone, grads)


@each_case
@each_dtype
def test_memory_order_makes_no_difference(case: Case, dtype: type):
    layer, x, dy = case.layer(dtype), case.x(dtype), case.dy(dtype)
    training = case.kind != "dropout"  # which draws its mask in the order of the memory
    y, dx, grads = run(layer, x, dy, training)
    close = 1e-12 if dtype is np.float64 else 1e-5
    for other_x, other_dy in ((batch_last(x), dy), (x, batch_last(dy)), (batch_last(x), batch_last(dy))):
        other_y, other_dx, other_grads = run(layer, other_x, other_dy, training)
        np.testing.assert_allclose(other_y, y, rtol=close, atol=close)
        np.testing.assert_allclose(other_dx, dx, rtol=close, atol=close)
        for name, gradient in grads.items():
            np.testing.assert_allclose(other_grads[name], gradient, rtol=close, atol=close)


@each_case
def test_two_uses_do_not_disturb_each_other(case: Case):
    """A gradient check or a person stepping may use the layer between another's forward and backward."""
    layer = case.layer()
    x2, dy2 = frozen(spread((case.batch + 1, *case.in_shape), 8)), case.dy(seed=9)
    dy2 = frozen(np.concatenate([dy2, dy2[:1]]))
    alone = run(layer, case.x(), case.dy()), run(layer, x2, dy2)
    alone = copy.deepcopy(alone)
    y1, cache1 = layer.forward(case.x(), True, np.random.default_rng(3))
    y2, cache2 = layer.forward(x2, True, np.random.default_rng(3))
    dx1, grads1 = layer.backward(case.dy(), cache1)
    dx2, grads2 = layer.backward(dy2, cache2)
    assert dx1 is not None and dx2 is not None
    for (y, dx, grads), (y_alone, dx_alone, grads_alone) in zip(
        ((y1, dx1, grads1), (y2, dx2, grads2)), alone, strict=True
    ):
        assert np.array_equal(y, y_alone) and np.array_equal(dx, dx_alone) and same(grads, grads_alone)


@each_case
def test_samples_do_not_mix_in_evaluation(case: Case):
    layer, x = case.layer(), case.x()
    together = layer.forward(x, False, None)[0]
    one_by_one = np.concatenate([layer.forward(x[n : n + 1], False, None)[0] for n in range(case.batch)])
    np.testing.assert_allclose(one_by_one, together, rtol=1e-13, atol=1e-13)


@each_case
def test_only_batch_norm_and_dropout_care_about_training(case: Case):
    layer = case.layer()
    training = layer.forward(case.x(), True, np.random.default_rng(3))[0]
    evaluation = layer.forward(case.x(), False, None)[0]
    cares = case.kind == "batch_norm" or (case.kind == "dropout" and case.options.get("p", 0.5) > 0)
    assert np.array_equal(training, evaluation) != cares


@each_case
def test_only_batch_norm_absorbs(case: Case):
    layer = case.layer()
    before, params = copies(layer.buffers), copies(layer.params)
    _, cache = layer.forward(case.x(), True, np.random.default_rng(3))
    layer.absorb(cache)
    assert same(layer.params, params)
    assert same(layer.buffers, before) == (case.kind != "batch_norm")


@each_case
def test_a_layer_is_rebuilt_from_its_spec(case: Case):
    layer = case.layer()
    spec = json.loads(json.dumps(layer.spec()))
    twin = layer_from_spec(spec)
    assert type(twin) is type(layer) and twin.spec() == layer.spec() == spec
    assert spec["kind"] == case.kind and spec.items() >= case.options.items()
    assert twin.params == {} and twin.buffers == {}
    assert twin.out_shape(case.in_shape) == layer.out_shape(case.in_shape)
    twin.build(case.in_shape, np.random.default_rng(0), np.float64)
    for name, array in (layer.params | layer.buffers).items():
        (twin.params | twin.buffers)[name][...] = array
    assert np.array_equal(run(twin, case.x(), case.dy())[0], run(layer, case.x(), case.dy())[0])


@each_case
def test_a_layer_survives_the_way_to_another_process(case: Case):
    layer = case.layer()
    run(layer, case.x(), case.dy())
    twin = pickle.loads(pickle.dumps(layer))
    for mine, other in zip(run(layer, case.x(), case.dy())[:2], run(twin, case.x(), case.dy())[:2], strict=True):
        assert np.array_equal(mine, other)


@each_case
def test_build_starts_anew(case: Case):
    layer = case.unbuilt()

    def start(seed: int) -> Arrays:
        layer.build(case.in_shape, np.random.default_rng(seed), np.float64, Normal(std=0.5))
        return copies(layer.params | layer.buffers)

    first = start(1)
    for array in (*layer.params.values(), *layer.buffers.values()):
        array[...] = 77
    assert same(start(1), first)
    drawn = [name for name in first if first[name].std() > 0]
    second = start(2)
    assert all(not np.array_equal(first[name], second[name]) for name in drawn)


@pytest.mark.parametrize("case", [case for case in CASES if case.kind != "reshape"], ids=lambda case: case.name)
def test_build_follows_a_new_input_shape(case: Case):
    layer = case.layer()
    run(layer, case.x(), case.dy())
    shape = tuple(size + 1 for size in case.in_shape)
    layer.build(shape, np.random.default_rng(0), np.float64)
    x = spread((case.batch, *shape), 4)
    y, dx, grads = run(layer, x, np.ones((case.batch, *layer.out_shape(shape))))
    assert y.shape[1:] == layer.out_shape(shape) and dx.shape == x.shape
    assert {name: g.shape for name, g in grads.items()} == layer.param_shapes(shape)


@each_case
def test_nothing_is_nan_because_something_is_large(case: Case):
    layer, x = case.layer(np.float32), case.x(np.float32)
    with np.errstate(all="raise", under="ignore"):
        y, dx, _ = run(layer, frozen(x * np.float32(1000)), case.dy(np.float32))
    assert np.isfinite(y).all() and np.isfinite(dx).all()


@each_case
def test_nan_is_not_swallowed(case: Case):
    """A broken number must be seen where it stands, not be turned into a plausible one."""
    x = case.x().copy()
    x[(0,) * x.ndim] = np.nan
    with np.errstate(invalid="ignore"):
        y = case.layer().forward(frozen(x), False, None)[0]
    assert np.isnan(y[0]).any()


@each_case
def test_what_a_layer_says_it_keeps_holds_what_it_keeps(case: Case):
    """Apart from `x`, `y` and a few statistics; a batch too large for memory is refused by that number."""
    layer, x = case.layer(), batch_last(case.x())
    y, cache = layer.forward(x, True, np.random.default_rng(3))
    own = [a for a in cache.values() if not np.shares_memory(a, x) and not np.shares_memory(a, y)]
    statistics = case.batch + 3 * case.in_shape[0]
    assert sum(array.size for array in own) <= case.batch * layer.kept_values(case.in_shape) + statistics
    if case.kind == "conv2d":
        assert cache["strips"].size == case.batch * layer.kept_values(case.in_shape)


@each_case
def test_fewer_samples_than_a_layer_needs_are_one_too_few(case: Case):
    layer = case.layer()
    fewest = layer.fewest_samples(case.in_shape)
    layer.forward(case.x()[:1].repeat(fewest, axis=0), True, np.random.default_rng(3))
    assert fewest == 1 or case.kind == "batch_norm"
    if fewest > 1:
        with pytest.raises(ShapeError):
            layer.forward(case.x()[: fewest - 1], True, np.random.default_rng(3))


@pytest.mark.parametrize("case", [case for case in CASES if case.kind != "batch_norm"], ids=lambda case: case.name)
def test_forward_of_no_samples_is_none(case: Case):
    """It is for the loss to say that there is nothing to learn from."""
    layer = case.layer()
    y, _ = layer.forward(case.x()[:0], True, np.random.default_rng(3))
    assert y.shape == (0, *layer.out_shape(case.in_shape))
