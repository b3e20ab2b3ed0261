"""Sub-steps: each line follows from the ones before it, and the last ones are what the record holds."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.clipping import clipping_from_spec
from core.datasets.base import Dataset
from core.explain.scene import Step
from core.layers import LAYERS, layer_from_spec
from core.layers.pooling import AvgPool2D, Pool2D
from core.losses import LOSSES, loss_from_spec
from core.network import Network
from core.optimizers import OPTIMIZERS, optimizer_from_spec
from core.penalties import penalty_from_spec
from core.substeps import SubStep, substeps
from core.tape import Record, Tape
from core.trainer import Trainer
from core.types import Array, Arrays
from tests.core.cases import CASES, Case, spread
from tests.core.test_optimizers import CASES as OPTIMIZER_CASES

DTYPES = {"float64": 1e-12, "float32": 1e-5}
each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def trainer(layers: list[dict[str, Any]], loss: dict[str, Any], data: Dataset, dtype: str, **more: Any) -> Trainer:
    network = Network([layer_from_spec(spec) for spec in layers], loss_from_spec(loss))
    network.build(data.input_shape, 3, np.dtype(dtype))
    rng = np.random.default_rng(4)
    for param in network.parameters().values():
        param[...] = param + rng.uniform(0.1, 0.5, param.shape)
    optimizer = more.pop("optimizer", None) or optimizer_from_spec({"kind": "sgd"})
    return Trainer(network, optimizer, data, **{"batch_size": len(data.x_train), "seed": 1, **more})


def regression(case: Case, dtype: str) -> Trainer:
    """The layer of a case between a normalisation that makes it pass a gradient on, and a vector for the loss."""
    x = np.concatenate([spread((case.batch, *case.in_shape), seed) for seed in (1, 2)]).astype(dtype)
    shape = case.unbuilt().out_shape(case.in_shape)
    t = np.random.default_rng(5).normal(size=(len(x), int(np.prod(shape)))).astype(dtype)
    data = Dataset("Cases", x, t, x[:2], t[:2])
    layers = [{"kind": "layer_norm"}, {"kind": case.kind, **case.options}, {"kind": "flatten"}]
    return trainer(layers, {"kind": "mse"}, data, dtype)


def classes(dtype: str, outputs: int = 3) -> Dataset:
    x = spread((7, 4), 1).astype(dtype)
    names = tuple("abcd"[: max(outputs, 2)])
    t = np.arange(7) % len(names)
    return Dataset("Classes", x, t, x[:3], t[:3], names)


def find(tape: Tape, phase: str, index: int) -> tuple[int, Record]:
    return next((i, r) for i, r in enumerate(tape.records) if (r.phase, r.index) == (phase, index))


def held(record: Record, tape: Tape) -> Arrays:
    """Everything a sub-step may claim to be."""
    return record.cache | record.tensors | ({"value": np.asarray(tape.loss)} if record.phase == "loss" else {})


def assert_close(found: Array, wanted: Array, tolerance: float) -> None:
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(wanted).max())))


def assert_results(steps: list[SubStep], record: Record, tape: Tape, outputs: set[str], tolerance: float) -> None:
    """Every result is the record's own, and no result is missing."""
    named = {step.result: step.tensor for step in steps if step.result}
    assert outputs <= named.keys()
    for name, tensor in named.items():
        assert_close(tensor, held(record, tape)[name], tolerance)
    for step in steps:
        assert step.name and step.formula and step.words.endswith(".")
        assert step.tensor.dtype in (record.tensors[next(iter(record.tensors))].dtype, np.float64)


BARE_FORWARD = {"flatten", "reshape", "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softplus"}
ELEMENTWISE = {"relu", "leaky_relu", "elu", "silu", "gelu", "sigmoid", "tanh", "softplus"}
BARE_BACKWARD = {"flatten", "reshape"}


@each_dtype
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layers_end_at_the_record_s_own_tensors(case: Case, dtype: str):
    one = regression(case, dtype)
    tape = one.record_step()
    (forward, up), (backward, down) = find(tape, "forward", 1), find(tape, "backward", 1)
    steps = substeps(Step.of(tape, one), forward)
    assert bool(steps) == (case.kind not in BARE_FORWARD)
    if steps:
        assert_results(steps, up, tape, {"y"}, DTYPES[dtype])
        assert steps[-1].result == "y" and not any(step.backward for step in steps)
    steps = substeps(Step.of(tape, one), backward)
    assert bool(steps) == (case.kind not in BARE_BACKWARD)
    if steps:
        assert_results(steps, down, tape, down.tensors.keys() - {"dy"}, DTYPES[dtype])
        assert steps[-1].result == "dx" and all(step.backward for step in steps)


def test_every_layer_has_a_case():
    assert {case.kind for case in CASES} == set(LAYERS)


def lines(one: Trainer, tape: Tape, phase: str, index: int) -> dict[str, Array]:
    return {step.name: step.tensor for step in substeps(Step.of(tape, one), find(tape, phase, index)[0])}


def case_named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize("name", ["batch_norm-vector", "batch_norm-image", "layer_norm-vector", "layer_norm-image"])
def test_the_lines_of_a_normalisation_follow_from_each_other(name: str):
    one = regression(case_named(name), "float64")
    tape = one.record_step()
    up, down = find(tape, "forward", 1)[1], find(tape, "backward", 1)[1]
    x, y, dy = up.tensors["x"], up.tensors["y"], down.tensors["dy"]
    over_batch = name.startswith("batch")
    axes = tuple(axis for axis in range(x.ndim) if axis != (1 if over_batch else 0))
    weight, bias = tape.params_before["1.weight"], tape.params_before["1.bias"]
    if over_batch and x.ndim == 4:
        weight, bias = weight[:, None, None], bias[:, None, None]
    step = lines(one, tape, "forward", 1)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    assert_close(step["mean"], mean.squeeze(axes), 1e-12)
    assert_close(step["x − mean"], x - mean, 1e-12)
    assert_close(step["var"], variance.squeeze(axes), 1e-12)
    assert_close(step["x̂"], step["x − mean"] / np.sqrt(variance + 1e-5), 1e-12)
    assert_close(step["γ·x̂"] + bias, y, 1e-12)
    step = lines(one, tape, "backward", 1)
    paths = [step[path] for path in ("direct", "by the mean", "by the variance")]
    assert_close(paths[0] + paths[1] + paths[2], down.tensors["dx"], 1e-12)
    assert_close(paths[0], dy * weight / np.sqrt(variance + 1e-5), 1e-12)
    # The second path alone makes the mean of the gradients vanish, the third one that of dx · x̂.
    assert_close((paths[0] + paths[1]).mean(axes), np.zeros_like(mean.squeeze(axes)), 1e-12)
    x_hat = up.cache["x_hat"]
    spread_ = (variance / (variance + 1e-5)).squeeze(axes)  # the mean of x̂², a little below 1
    along = (paths[0] * x_hat).mean(axes)
    assert_close((paths[2] * x_hat).mean(axes), -along * spread_, 1e-12)


def test_the_lines_of_softmax_follow_from_each_other():
    one = regression(case_named("softmax-plain"), "float64")
    tape = one.record_step()
    up, down = find(tape, "forward", 1)[1], find(tape, "backward", 1)[1]
    step, x = lines(one, tape, "forward", 1), up.tensors["x"]
    assert (step["x − max"].max(axis=1) == 0).all()
    assert_close(step["x − max"], x - x.max(axis=1)[:, None], 1e-12)
    assert_close(step["Σ exp"], np.exp(step["x − max"]).sum(axis=1), 1e-12)
    assert_close(step["exp"] / step["Σ exp"][:, None], step["p"], 1e-12)
    back, y, dy = lines(one, tape, "backward", 1), up.tensors["y"], down.tensors["dy"]
    assert_close(back["Σ dy·y"], np.einsum("nc,nc->n", dy, y), 1e-12)
    assert_close(y * back["dy − Σ"], down.tensors["dx"], 1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if case.kind in ELEMENTWISE], ids=lambda case: case.name)
def test_elementwise_layers_multiply_by_their_slope(case: Case):
    one = regression(case, "float64")
    tape = one.record_step()
    up, down = find(tape, "forward", 1)[1], find(tape, "backward", 1)[1]
    slope, h = lines(one, tape, "backward", 1)["slope"], 1e-6
    assert_close(slope * down.tensors["dy"], down.tensors["dx"], 1e-12)
    x, layer = up.tensors["x"], one.network.layers[1]
    numeric = (layer.forward(x + h, True, None)[0] - layer.forward(x - h, True, None)[0]) / (2 * h)
    assert_close(slope, numeric, 1e-7)


def test_a_dense_layer_adds_its_bias_last():
    one = regression(case_named("dense-plain"), "float64")
    tape = one.record_step()
    x = find(tape, "forward", 1)[1].tensors["x"]
    step = lines(one, tape, "forward", 1)
    assert_close(step["Σ x·w"], np.einsum("ni,oi->no", x, tape.params_before["1.weight"]), 1e-12)
    assert_close(step["y"] - step["Σ x·w"], np.broadcast_to(tape.params_before["1.bias"], step["y"].shape), 1e-12)


CONVS = [case for case in CASES if case.kind == "conv2d"]
POOLS = [case for case in CASES if case.kind in ("max_pool2d", "avg_pool2d")]


@pytest.mark.parametrize("case", CONVS, ids=lambda case: case.name)
def test_a_convolution_goes_window_by_window(case: Case):
    """Each sub-step does one window of the padded image, or on large maps a row of them, for all samples at once."""
    one = regression(case, "float64")
    tape = one.record_step()
    (at, up), (back_at, down) = find(tape, "forward", 1), find(tape, "backward", 1)
    x, y, dy = up.tensors["x"], up.tensors["y"], down.tensors["dy"]
    k, stride, padding = case.options["kernel_size"], case.options.get("stride", 1), case.options.get("padding", 0)
    before, after = ((k - 1) // 2, k // 2) if padding == "same" else (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))
    weight, bias = tape.params_before["1.weight"], tape.params_before["1.bias"]
    ways = [[place] for place in np.ndindex(y.shape[2:])]
    if len(ways) > 36:
        ways = [list(itertools.chain(*ways[first : first + y.shape[3]])) for first in range(0, len(ways), y.shape[3])]
    forward, backward = substeps(Step.of(tape, one), at), substeps(Step.of(tape, one), back_at)
    count = len(ways)
    assert len(forward) == count and len(backward) == 2 * count + 1
    total, d_weight, d_padded = np.zeros_like(y), np.zeros_like(weight), np.zeros_like(padded)
    for way, there, by_weight, by_input in zip(ways, forward, backward[:count], backward[count + 1 :], strict=True):
        for r, s in way:
            window = (slice(None), slice(None), slice(r * stride, r * stride + k), slice(s * stride, s * stride + k))
            total[:, :, r, s] = np.einsum("ncij,fcij->nf", padded[window], weight) + bias
            d_weight += np.einsum("nf,ncij->fcij", dy[:, :, r, s], padded[window])
            d_padded[window] += np.einsum("nf,fcij->ncij", dy[:, :, r, s], weight)
        assert_close(there.tensor, total, 1e-12)
        assert_close(by_weight.tensor, d_weight, 1e-12)
        inside = d_padded[:, :, before : before + x.shape[2], before : before + x.shape[3]]
        assert_close(by_input.tensor, inside, 1e-12)
    ends = (forward[-1], up, "y"), (backward[count - 1], down, "d_weight"), (backward[-1], down, "dx")
    for last, record, name in ends:
        assert last.result == name and last.tensor is record.tensors[name], "bit for bit the record's own"


@pytest.mark.parametrize(("shape", "names"), [((1, 8, 8), 36), ((1, 8, 9), 6)])
def test_a_large_map_goes_row_by_row(shape: tuple[int, ...], names: int):
    case = Case("large", "conv2d", {"filters": 2, "kernel_size": 3}, shape, 2)
    one = regression(case, "float32")
    tape = one.record_step()
    steps = substeps(Step.of(tape, one), find(tape, "forward", 1)[0])
    assert len(steps) == names
    assert steps[1].name == ("y to [0, 1]" if names == 36 else "y to [1, s]")
    seen = "i, j + 1" if names == 36 else "i + 1, s + j"
    assert f"x[n, c, {seen}]" in steps[1].formula
    assert_results(steps, find(tape, "forward", 1)[1], tape, {"y"}, 1e-6)
    reached = steps[1].tensor != 0
    assert reached[:, :, : 1 if names == 36 else 2].any() and not reached[:, :, 2:].any()


@pytest.mark.parametrize("case", POOLS, ids=lambda case: case.name)
def test_pooling_grows_place_by_place(case: Case):
    one = regression(case, "float64")
    tape = one.record_step()
    (at, up), (back_at, down) = find(tape, "forward", 1), find(tape, "backward", 1)
    forward, backward = substeps(Step.of(tape, one), at), substeps(Step.of(tape, one), back_at)
    if case.kind == "avg_pool2d":
        assert_close(forward[-2].tensor / case.options["kernel_size"] ** 2, up.tensors["y"], 1e-12)
        assert (backward[0].tensor == down.tensors["dy"] / case.options["kernel_size"] ** 2).all()
    else:
        for a, b in itertools.pairwise(forward):
            assert (b.tensor >= a.tensor).all(), "a running maximum never falls"
    parts = [step for step in backward if step.name.startswith("dx")]
    assert len(parts) == case.options["kernel_size"] ** 2
    layer = one.network.layers[1]
    assert isinstance(layer, Pool2D)
    for step, seen in zip(parts, itertools.count(1)):
        assert_close(step.tensor, routed_by_hand(layer, up, down, seen), 1e-12)


def routed_by_hand(layer: Pool2D, up: Record, down: Record, seen: int) -> Array:
    """dx when only the first `seen` places of every window have been looked at, one window after the other."""
    x, dy, k, p = up.tensors["x"], down.tensors["dy"], layer.kernel_size, layer.padding
    dx = np.zeros(x.shape)
    for n, c, r, s in np.ndindex(dy.shape):
        inside = []
        for number, (i, j) in enumerate(np.ndindex(k, k)):
            h, w = r * (layer.stride or k) + i - p, s * (layer.stride or k) + j - p
            if 0 <= h < x.shape[2] and 0 <= w < x.shape[3]:
                inside.append((number, h, w))
        if isinstance(layer, AvgPool2D):
            for number, h, w in inside:
                dx[n, c, h, w] += dy[n, c, r, s] / k**2 * (number < seen)
        else:
            number, h, w = max(inside, key=lambda at: x[n, c, at[1], at[2]])  # the first of equals
            dx[n, c, h, w] += dy[n, c, r, s] * (number < seen)
    return dx


def test_of_equal_values_the_first_place_gets_the_gradient():
    x = np.round(spread((4, 2, 6, 6), 1))  # whole numbers: almost every window has equals
    t = np.random.default_rng(5).normal(size=(4, 18))
    data = Dataset("Ties", x, t, x, t)
    layers: list[dict[str, Any]] = [
        {"kind": "conv2d", "filters": 2, "kernel_size": 1},
        {"kind": "max_pool2d", "kernel_size": 2},
        {"kind": "flatten"},
    ]
    one = trainer(layers, {"kind": "mse"}, data, "float64")
    tape = one.record_step()
    (_, up), (at, down) = find(tape, "forward", 1), find(tape, "backward", 1)
    assert any(
        len(np.unique(window)) < window.size
        for window in up.tensors["x"][0, 0].reshape(3, 2, 3, 2).swapaxes(1, 2).reshape(9, 4)
    )
    layer = one.network.layers[1]
    assert isinstance(layer, Pool2D)
    for seen, step in enumerate(substeps(Step.of(tape, one), at), 1):
        assert_close(step.tensor, routed_by_hand(layer, up, down, seen), 1e-12)


LOSS_CASES = [
    {"kind": "cross_entropy"},
    {"kind": "cross_entropy", "label_smoothing": 0.2},
    {"kind": "hinge"},
    {"kind": "hinge", "margin": 0.4},
    {"kind": "negative_log_likelihood"},
    {"kind": "bce_with_logits"},
    {"kind": "binary_cross_entropy"},
    {"kind": "mse"},
    {"kind": "mae"},
    {"kind": "huber"},
    {"kind": "huber", "delta": 0.3},
]


def loss_trainer(spec: dict[str, Any], dtype: str) -> Trainer:
    kind = spec["kind"]
    end = {"negative_log_likelihood": "softmax", "binary_cross_entropy": "sigmoid"}.get(kind)
    outputs = 1 if kind.startswith(("bce", "binary")) else 3
    layers: list[dict[str, Any]] = [{"kind": "dense", "units": outputs}]
    layers += [{"kind": end}] if end else []
    return trainer(layers, spec, classes(dtype, outputs), dtype)


@each_dtype
@pytest.mark.parametrize("spec", LOSS_CASES, ids=str)
def test_losses_end_at_their_value_and_gradient(spec: dict[str, Any], dtype: str):
    one = loss_trainer(spec, dtype)
    tape = one.record_step()
    at, record = find(tape, "loss", len(one.network.layers))
    step = Step.of(tape, one)
    steps = substeps(step, at)
    read = {"p": step.tensor(at, "p")} if "p" in step.of_loss else {}
    shown = dataclasses.replace(record, tensors=record.tensors | read)
    assert_results(steps, shown, tape, {"value", "dy", *read}, DTYPES[dtype])
    by_name = {step.name: step.tensor for step in steps}
    assert float(by_name["loss of each"].mean()) == pytest.approx(tape.loss, rel=DTYPES[dtype])
    first_back = next(number for number, step in enumerate(steps) if step.backward)
    assert all(step.backward for step in steps[first_back:]) and steps[first_back - 1].name == "loss"


SIZES: dict[str, Callable[[dict[str, Array], Array], Array]] = {
    "cross_entropy": lambda s, dy: s["p − q"] / len(dy),
    "bce_with_logits": lambda s, dy: s["p − t"] / dy.size,
    "binary_cross_entropy": lambda s, dy: s["p − t"] / s["p(1 − p)"] / dy.size,
    "mse": lambda s, dy: 2 * s["d = y − t"] / dy.size,
    "mae": lambda s, dy: s["sign"] / dy.size,
    "huber": lambda s, dy: s["limited d"] / dy.size,
    "hinge": lambda s, dy: (
        np.where(s["shortfall"] > 0, 1 / dy.size, 0) - (dy < 0) * s["within"].sum(1)[:, None] / dy.size
    ),
    "negative_log_likelihood": lambda s, dy: np.where(dy != 0, s["−1/p"][:, None] / len(dy), 0),
}


@pytest.mark.parametrize("spec", LOSS_CASES, ids=str)
def test_the_gradient_of_a_loss_follows_from_its_lines(spec: dict[str, Any]):
    one = loss_trainer(spec, "float64")
    tape = one.record_step()
    at, record = find(tape, "loss", len(one.network.layers))
    by_name = {step.name: step.tensor for step in substeps(Step.of(tape, one), at)}
    assert_close(SIZES[spec["kind"]](by_name, record.tensors["dy"]), record.tensors["dy"], 1e-12)
    assert set(SIZES) == set(LOSSES)


@each_dtype
@pytest.mark.parametrize("name", OPTIMIZER_CASES)
def test_updates_end_at_the_new_values(name: str, dtype: str):
    cls, options = OPTIMIZER_CASES[name]
    one = trainer(
        [{"kind": "dense", "units": 3}], {"kind": "cross_entropy"}, classes(dtype), dtype, optimizer=cls(**options)
    )
    for _ in range(3):
        one.train_step()
    tape = one.record_step()
    step_then = Step.of(tape, one)
    numbers = [choice.name for choice in cls.options() if isinstance(getattr(one.optimizer, choice.name), float)]
    one.set_optimizer_options({option: getattr(one.optimizer, option) / 2 + 0.1 for option in numbers})
    one.train_step()  # the trainer has gone on, with other options
    for at, record in enumerate(tape.records):
        if record.phase == "update":
            steps = substeps(step_then, at)
            used = (
                {f"{slot} after" for slot in cls.slots} if options.get("momentum", 1) and cls.kind != "sgd" else set()
            )
            assert_results(steps, record, tape, {"gradient", "after", *used}, DTYPES[dtype])
            by_name = {step.name: step.tensor for step in steps}
            start = by_name.get("decayed θ", record.tensors["before"])
            assert_close(start - by_name["step"], record.tensors["after"], DTYPES[dtype])
            assert not any(step.per_sample for step in steps)


def test_adams_lines_follow_from_each_other():
    cls, options = OPTIMIZER_CASES["adam_options"]
    one = trainer(
        [{"kind": "dense", "units": 3}],
        {"kind": "cross_entropy"},
        classes("float64"),
        "float64",
        optimizer=cls(**options),
    )
    one.train_step()
    tape = one.record_step()
    record = tape.records[-1]
    step = {step.name: step.tensor for step in substeps(Step.of(tape, one), len(tape) - 1)}
    g = record.tensors["gradient"] + 0.3 * record.tensors["before"]
    assert_close(step["g + decay"], g, 1e-12)
    assert_close(step["m"], 0.7 * record.tensors["m before"] + 0.3 * g, 1e-12)
    assert_close(step["v"], 0.9 * record.tensors["v before"] + 0.1 * g * g, 1e-12)
    assert_close(step["m̂"], step["m"] / (1 - 0.7**2), 1e-12)
    assert_close(step["v̂"], step["v"] / (1 - 0.9**2), 1e-12)
    assert_close(step["size"], np.sqrt(step["v̂"]) + 1e-3, 1e-12)
    assert_close(step["step"], 0.03 * step["m̂"] / step["size"], 1e-12)


def test_every_optimizer_has_a_case():
    assert {cls.kind for cls, _ in OPTIMIZER_CASES.values()} == set(OPTIMIZERS)


def test_clipping_and_penalty_have_their_lines():
    one = trainer(
        [{"kind": "dense", "units": 3}],
        {"kind": "cross_entropy"},
        classes("float64"),
        "float64",
        penalty=penalty_from_spec({"kind": "l2", "strength": 0.3}),
        clipping=clipping_from_spec({"kind": "norm", "max_norm": 0.01}),
    )
    tape = one.record_step()
    position = next(i for i, r in enumerate(tape.records) if r.name == "Penalty")
    (pull,) = substeps(Step.of(tape, one), position)
    assert_close(pull.tensor, 0.3 * tape.params_before["0.weight"], 1e-12)
    update = next(i for i, r in enumerate(tape.records) if r.name == "0.weight")
    names = [step.name for step in substeps(Step.of(tape, one), update)]
    assert names[:2] == ["raw g", "g"]


def test_a_first_layer_has_no_way_to_dx():
    one = trainer([{"kind": "dense", "units": 3}], {"kind": "cross_entropy"}, classes("float64"), "float64")
    tape = one.record_step()
    assert [s.name for s in substeps(Step.of(tape, one), find(tape, "backward", 0)[0])] == ["d_weight", "d_bias"]


@pytest.mark.parametrize(
    ("phase", "name"), [("forward", "x_hat"), ("forward", "y"), ("backward", "d_weight"), ("backward", "dx")]
)
def test_a_wrong_tensor_is_noticed(phase: str, name: str):
    """The negative control: with one entry of the record changed, its lines no longer lead from one to the other."""
    one = regression(case_named("batch_norm-image"), "float64")
    tape = one.record_step()
    at, record = find(tape, phase, 1)
    wrong = dataclasses.replace(record, tensors=dict(record.tensors), cache=dict(record.cache))
    where = wrong.tensors if name in wrong.tensors else wrong.cache
    where[name] = where[name].copy()
    where[name].flat[0] += 1e-3
    records = (*tape.records[:at], wrong, *tape.records[at + 1 :])
    spoiled = dataclasses.replace(tape, records=records)
    step = {step.name: step.tensor for step in substeps(Step.of(spoiled, one), at)}
    bias = tape.params_before["1.bias"][:, None, None]
    with pytest.raises(AssertionError):
        if phase == "forward":
            assert_close(step["γ·x̂"] + bias, step["y"], 1e-12)
        else:
            assert_close(step["direct"] + step["by the mean"] + step["by the variance"], step["dx"], 1e-12)
