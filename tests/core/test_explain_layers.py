"""Every layer with every option: terms sum to the number, stand where they say, and none is missing."""

import functools

import numpy as np
import pytest

from core.datasets.base import Dataset
from core.explain import Place, PlaceError, Step, by_sample, explain
from core.explain.code import code_of
from core.explain.protocol import Explanation
from core.explain.scene import derived, part
from core.layers import LAYERS
from core.layers.base import Layer
from core.layers.conv import Conv2D
from core.layers.dense import Dense
from core.layers.shape import Flatten
from core.losses import MSE
from core.network import Network
from core.optimizers import SGD
from core.substeps import substeps
from core.trainer import Trainer
from core.types import Array
from tests.core.cases import CASES, Case
from tests.core.explaining import check, entries, some_places, sources, tensors, unexplained

CASE = {case.name: case for case in CASES}
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

FORWARD = 1  # the layer to be explained has one before it, which changes nothing, and one behind it


def identity(case: Case) -> Layer:
    """A layer that learns and leaves the case's inputs as they are, so that the layer behind it has a dx."""
    if len(case.in_shape) == 3:
        return Conv2D(case.in_shape[0], 1)
    return Dense(case.in_shape[0])


def step_of(case: Case, dtype: str = "float64") -> Step:
    """One training step on the inputs of the case."""
    return made(case.name, dtype)


@functools.cache
def made(name: str, dtype: str) -> Step:
    case = CASE[name]
    network = Network([identity(case), case.unbuilt(), Flatten()], MSE())
    network.build(case.in_shape, 1, dtype)
    parameters = network.parameters() | network.buffers()
    parameters["0.bias"][...] = 0
    weight = parameters["0.weight"]
    weight[...] = np.eye(len(weight)).reshape(weight.shape)
    prepared = case.layer(dtype)
    for own, array in (prepared.params | prepared.buffers).items():
        parameters[f"1.{own}"][...] = array
    x = np.array(case.x(dtype))
    target = np.random.default_rng(4).normal(size=(len(x), *network.shapes[-1])).astype(dtype)
    data = Dataset(case.name, x, target, x, target)
    trainer = Trainer(network, SGD(learning_rate=0.1), data, len(x), 3)
    return Step.of(trainer.record_step(), trainer)


def backward_position(step: Step) -> int:
    return step.position("backward", 1)


def test_every_layer_is_in_the_table():
    assert {case.kind for case in CASES} == set(LAYERS)


@each_case
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_terms_of_every_tensor_sum_to_the_number_shown(case: Case, dtype: str):
    step, rng, found = step_of(case, dtype), np.random.default_rng(5), []
    for position in (FORWARD, backward_position(step)):
        for tensor in tensors(step, position):
            for place in some_places(step, position, tensor, rng, 10):
                explanation = check(step, place)
                assert f"layer 2, {step.layers[1].title}" in explanation.name or "of layer 2" in explanation.name
                for source in sources(step, explanation, rng):
                    step.value(source)
                found.append(explanation)
    assert not unexplained(found)


def x_entries_behind(step: Step, place: Place) -> Array:
    """Which inputs of the layer an output leads to, through everything the layer kept: a mask like x."""
    found = np.zeros(step.tensor(FORWARD, "x").shape, bool)
    seen, waiting = {place}, [place]
    while waiting:
        for source in sources(step, explain(step, waiting.pop())):
            if source.record == FORWARD and source not in seen:
                seen.add(source)
                if source.tensor == "x":
                    found[source.index] = True
                else:
                    waiting.append(source)
    return found


@each_case
def test_an_output_leads_to_every_input_that_can_change_it(case: Case):
    """The layer's own gradient of this one output says which inputs matter."""
    step, rng = step_of(case), np.random.default_rng(6)
    record = step.tape.records[FORWARD]
    for place in some_places(step, FORWARD, "y", rng, 2):
        one = np.zeros_like(record.tensors["y"])
        one[place.index] = 1
        prepared = case.layer()
        dx, _ = prepared.backward(one, record.cache)
        assert dx is not None
        behind = x_entries_behind(step, place)
        assert not (dx != 0)[~behind].any()
        if case.kind in {"dense", "conv2d", "avg_pool2d", "global_avg_pool2d", "flatten", "reshape"}:
            assert np.array_equal(behind, dx != 0)


LEARNING = [case for case in CASES if case.layer().params]


@pytest.mark.parametrize("case", LEARNING, ids=lambda case: case.name)
def test_the_share_of_a_sample_is_the_gradient_of_that_sample_alone(case: Case):
    step, rng = step_of(case), np.random.default_rng(7)
    position = backward_position(step)
    record = step.tape.records[position]
    alone = []
    for sample in range(case.batch):
        dy = np.zeros_like(record.tensors["dy"])
        dy[sample] = record.tensors["dy"][sample]
        alone.append({name: np.array(grad) for name, grad in case.layer().backward(dy, record.cache)[1].items()})
    for name in step.layers[1].params:
        for place in some_places(step, position, f"d_{name}", rng, 4):
            shares = by_sample(step, place)
            expected = [grads[name][place.index] for grads in alone]
            np.testing.assert_allclose(shares, expected, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(shares.sum(), step.value(place), rtol=1e-9, atol=1e-12)


def test_what_is_no_sum_over_samples_is_not_shared_out():
    step = step_of(CASE["dense-plain"])
    with pytest.raises(PlaceError, match="not a sum over the samples"):
        by_sample(step, Place(FORWARD, "y", (0, 0)))


def test_a_convolution_multiplies_inside_the_image_only():
    """A corner of a padded image: 2 × 2 of the 3 × 3 filter lie on it, in each of two channels."""
    step = step_of(CASE["conv2d-padding1"])
    explanation = check(step, Place(FORWARD, "y", (2, 3, 0, 0)))
    assert [(part.label, len(part)) for part in explanation.parts] == [("input × weight", 8), ("bias", 1)]
    masks = entries(step, explanation)
    assert np.argwhere(masks[None, "1.weight"]).tolist() == [
        [3, c, i, j] for c in (0, 1) for i in (1, 2) for j in (1, 2)
    ]
    assert np.argwhere(masks[FORWARD, "x"]).tolist() == [[2, c, i, j] for c in (0, 1) for i in (0, 1) for j in (0, 1)]
    assert "x[2, c, i − 1, j − 1] · weight[3, c, i, j] + bias[3]" in explanation.formula


def test_a_pixel_hears_from_every_output_that_saw_it():
    step = step_of(CASE["conv2d-stride2"])
    explanation = check(step, Place(backward_position(step), "dx", (1, 0, 2, 3)))
    (part,) = explanation.parts
    # Row 2 lies in the windows at rows 0 and 1, column 3 only in that at column 1; four filters each.
    assert len(part) == 4 * 2 * 1
    outputs = {source.index for source in sources(step, explanation) if source.tensor == "dy"}
    assert outputs == {(1, f, r, 1) for f in range(4) for r in (0, 1)}
    assert "weight[f, 0, 2 − 2·r, 3 − 2·s]" in explanation.formula


def test_max_pooling_names_the_winner_and_where_the_gradient_stops():
    step = step_of(CASE["max_pool2d-overlap"])
    backward = backward_position(step)
    x, dy = step.tensor(FORWARD, "x"), step.tensor(backward, "dy")
    explanation = check(step, Place(FORWARD, "y", (1, 0, 1, 2)))
    winner = explanation.same_as
    assert winner is not None and x[winner.index] == x[1, 0, 2:5, 4:7].max()
    assert entries(step, explanation)[FORWARD, "x"].sum() == 9

    arrived = check(step, Place(backward, "dx", winner.index))
    won = {term.factors[0].place for term in arrived.largest(9) if term.factors[1].value}
    assert Place(backward, "dy", (1, 0, 1, 2)) in won
    assert arrived.value == pytest.approx(sum(dy[place.index] for place in won if place is not None))
    loser = next(
        Place(backward, "dx", (1, 0, h, w))
        for h in range(2, 5)
        for w in range(4, 7)
        if x[1, 0, h, w] == x[1, 0, 2:5, 4:7].min()
    )
    stopped = check(step, loser)
    assert len(stopped.values) > 0 and not stopped.values.any()


def test_a_pixel_no_window_sees_has_no_terms():
    step = step_of(CASE["max_pool2d-gaps"])
    explanation = check(step, Place(backward_position(step), "dx", (0, 0, 2, 2)))
    assert explanation.value == 0 and len(explanation.values) == 0 and explanation.largest(3) == []


@pytest.mark.parametrize("name", ["batch_norm-vector", "batch_norm-image"])
def test_running_statistics_lead_to_those_before_and_to_the_batch(name: str):
    step = step_of(CASE[name])
    x = step.tensor(FORWARD, "x")
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    for buffer, batch in (("running_mean", x.mean(axes)), ("running_var", x.var(axes, ddof=1))):
        running, new = check(step, Place(FORWARD, f"{buffer} after", (1,))).parts
        assert running.term(0).factors[1].place == Place(None, f"{FORWARD}.{buffer}", (1,))
        assert running.values[0] == pytest.approx(0.9 * step.tensor(None, f"{FORWARD}.{buffer}")[1])
        assert new.values[0] == pytest.approx(0.1 * batch[1])
        statistic = new.term(0).factors[1].place
        assert statistic == Place(FORWARD, "mean" if buffer == "running_mean" else "variance", (1,))
        assert code_of(step, Place(FORWARD, f"{buffer} after", (1,)))[0].name == "absorb"


def test_the_three_paths_of_batch_norm():
    step = step_of(CASE["batch_norm-image"])
    explanation = check(step, Place(backward_position(step), "dx", (3, 1, 2, 0)))
    assert [part.label for part in explanation.parts] == ["directly", "through the mean", "through the variance"]
    names = {(source.tensor, source.index) for source in sources(step, explanation)}
    assert {("d_bias", (1,)), ("d_weight", (1,)), ("x_hat", (3, 1, 2, 0)), ("inv_std", (1,))} <= names
    root = check(step, Place(FORWARD, "inv_std", (1,)))
    assert sources(step, root) == [Place(FORWARD, "variance", (1,))]
    behind = sources(step, check(step, Place(FORWARD, "variance", (1,))))
    assert {source.tensor for source in behind} == {"x", "mean"} and {source.index[0] for source in behind} == {
        *range(5),
        1,
    }


def test_softmax_shows_a_row_of_the_jacobian():
    step = step_of(CASE["softmax-plain"])
    y = step.tensor(FORWARD, "y")[2]
    explanation = check(step, Place(backward_position(step), "dx", (2, 1)))
    (part,) = explanation.parts
    assert np.argwhere(entries(step, explanation)[FORWARD, "y"]).tolist() == [[2, k] for k in range(5)]
    jacobian = np.diag(y) - np.outer(y, y)
    np.testing.assert_allclose(part.factors[1].values, jacobian[1], rtol=1e-12)


def test_of_equal_terms_the_earlier_come_first_and_none_is_missing():
    terms = part("terms", derived("", np.array([1.0, 3.0, -3.0, 3.0, 3.0, 2.0])))
    explanation = Explanation(Place(None, "x", (0,)), "", "", 9.0, (terms,))
    assert [term.value for term in explanation.largest(3)] == [3, -3, 3]
    assert [term.value for term in explanation.largest(5)] == [3, -3, 3, 3, 2]


def test_the_largest_terms_come_first_with_their_places():
    step = step_of(CASE["dense-plain"])
    explanation = check(step, Place(FORWARD, "y", (1, 2)))
    terms = explanation.largest(3)
    sizes = [abs(term.value) for term in terms]
    assert sizes == sorted(np.abs(explanation.values))[::-1][:3]
    assert len(explanation.largest(100)) == 6
    term = next(term for term in terms if term.part == "input × weight")
    x, weight = term.factors
    assert term.value == x.value * weight.value
    assert x.place is not None and weight.place is not None
    assert x.place.index == (1, weight.place.index[1]) and weight.place.tensor == "1.weight"
    assert (step.value(x.place), step.value(weight.place)) == (x.value, weight.value)


def test_names_and_formulas_read_as_people_write():
    dense, conv = step_of(CASE["dense-plain"]), step_of(CASE["conv2d-plain"])
    weight = explain(dense, Place(backward_position(dense), "d_weight", (2, 3)))
    assert weight.name == "how much the loss changes per unit of weight 3→2 of layer 2"
    assert weight.formula == "∂L/∂weight[2, 3] = Σₙ dy[n, 2] · x[n, 3]"
    output = explain(dense, Place(FORWARD, "y", (3, 2)))
    assert output.name == "output 2 of layer 2, Dense, for sample 3"
    assert output.formula == "y[3, 2] = Σᵢ x[3, i] · weight[2, i] + bias[2]"
    kernel = explain(conv, Place(backward_position(conv), "d_weight", (3, 0, 1, 2)))
    assert kernel.name.endswith("weight (filter 3, channel 0, row 1, column 2) of layer 2")
    assert kernel.formula == "∂L/∂weight[3, 0, 1, 2] = Σₙ Σ_r Σ_s dy[n, 3, r, s] · x[n, 0, r + 1, s + 2]"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (Place(99, "y", (0, 0)), "none with the number"),
        (Place(-1, "y", (0, 0)), "none with the number"),
        (Place(FORWARD, "dx", (0, 0)), "no tensor “dx” of Dense"),
        (Place(None, "7.weight", (0, 0)), "no tensor “7.weight” of the batch"),
        (Place(FORWARD, "y", (0, 3)), "shape 4×3, counted from 0: it has no entry \\[0, 3\\]"),
        (Place(FORWARD, "y", (0, -1)), "no entry"),
        (Place(FORWARD, "y", (0,)), "no entry"),
    ],
)
def test_a_place_that_is_not_there_is_named(place: Place, message: str):
    with pytest.raises(PlaceError, match=message):
        explain(step_of(CASE["dense-plain"]), place)


@pytest.mark.parametrize("name", ["max_pool2d-plain", "max_pool2d-overlap", "max_pool2d-overlap-padding"])
def test_max_pooling_of_nan_is_told_as_the_layer_did_it(name: str):
    """A tape that was refused holds such windows: none of their values is the largest."""
    case = CASE[name]
    made.cache_clear()
    step = step_of(case)
    made.cache_clear()  # the numbers of this one are changed
    forward, backward = step.tape.records[FORWARD], step.tape.records[backward_position(step)]
    x = forward.tensors["x"]
    x[0, 0, 1, 2] = x[0, -1, 0, 0] = np.nan
    layer = step.layers[1]
    forward.tensors["y"][...], cache = layer.forward(x, True, None)
    for name_ in ("x", "y"):
        forward.cache[name_][...] = cache[name_]
    backward.tensors["dx"][...] = layer.backward(backward.tensors["dy"], cache)[0]
    assert np.isnan(forward.tensors["y"]).any() and np.isfinite(backward.tensors["dx"]).all()
    for index in np.ndindex(x.shape):
        told = explain(step, Place(backward_position(step), "dx", index))
        assert told.total == pytest.approx(told.value, abs=1e-12)
    assert np.array_equal(substeps(step, backward_position(step))[-1].tensor, backward.tensors["dx"])
