"""The code beside a number is what made it, for everything a person can choose: layers, losses, optimizers."""

import dataclasses
import linecache
from typing import Any

import numpy as np
import pytest

from core.datasets.base import Dataset
from core.experiment import Experiment
from core.explain import Place, PlaceError, Step, explain
from core.explain.code import Code, code_of
from core.layers import LAYERS
from core.optimizers import OPTIMIZERS
from tests.core.explaining import everything
from tests.core.networks import layer

IMAGES: tuple[dict[str, Any], ...] = (
    layer("conv2d", filters=3, kernel_size=3, padding=1),
    layer("batch_norm"),
    layer("max_pool2d", kernel_size=2),
    layer("layer_norm"),
    layer("avg_pool2d", kernel_size=2, stride=1),
    layer("dropout", p=0.25),
    layer("flatten"),
    layer("reshape", channels=3, height=2, width=2),
    layer("global_avg_pool2d"),
)
VECTORS = tuple(layer(kind) for kind in LAYERS if kind not in {spec["kind"] for spec in IMAGES} | {"dense"})
NO_MARKS = {"per_sample", "p", "value", "gradient"}
"""Of these the whole of a short function is the calculation."""


def recorded(layers: tuple[dict[str, Any], ...] = (), **choices: Any) -> Step:
    rng = np.random.default_rng(3)
    x, t = rng.normal(size=(12, 2, 6, 6)).astype(np.float32), np.arange(12) % 3
    data = Dataset("noise", x, t, x, t, ("a", "b", "c"))
    ends = (layer("flatten"), layer("dense", units=3))
    whole = (*layers, layer("dense", units=3)) if layers else ends
    loss, optimizer = {"kind": "cross_entropy"}, {"kind": "adam"}
    experiment = Experiment("code", {"kind": "xor"}, whole, loss, optimizer, batch_size=6)
    trainer = dataclasses.replace(experiment, **choices).trainer(data)
    trainer.train_step()
    return Step.of(trainer.record_step(), trainer)


def marked(code: Code) -> str:
    return "".join(linecache.getline(str(code.source.path), line) for line in sorted(code.leading))


@pytest.mark.parametrize(
    "step",
    [
        recorded(IMAGES),
        recorded((layer("flatten"), layer("dense", units=4), *VECTORS)),
        *(recorded(optimizer={"kind": kind}) for kind in OPTIMIZERS),
    ],
    ids=["images", "vectors", *OPTIMIZERS],
)
def test_all_that_is_computed_has_marked_lines(step: Step) -> None:
    for position, tensor in everything(step):
        place = Place(position, tensor, (0,) * step.tensor(position, tensor).ndim)
        code, explanation = code_of(step, place), explain(step, place)
        # What was only handed on, from the data or from before the step, was made by nobody here.
        assert all(one.leading for one in code[:1]) or tensor in NO_MARKS, (explanation.name, code)


def test_a_running_statistic_is_made_where_the_layer_takes_it_over() -> None:
    step = recorded(IMAGES)
    for tensor in ("running_mean after", "running_var after"):
        (code,) = code_of(step, Place(step.position("forward", 1), tensor, (1,)))
        assert code.name == "absorb"
        assert all(line in marked(code) for line in ("new = {", "for name, running in", "running[...] = "))
        assert "return" not in marked(code)


def test_what_is_kept_for_the_way_back_shows_the_code_of_the_way_forward() -> None:
    step = recorded(IMAGES)
    found = 0
    for position, record in enumerate(step.tape.records):
        for tensor in record.cache if record.phase == "backward" else ():
            index = (0,) * record.cache[tensor].ndim
            try:
                forward = code_of(step, Place(step.position("forward", record.index), tensor, index))
                explain(step, Place(position, tensor, index))
            except PlaceError:
                continue
            assert code_of(step, Place(position, tensor, index)) == forward
            found += bool(forward)
    assert found > 5


def test_a_velocity_that_is_not_in_use_was_made_by_nobody() -> None:
    for momentum in (0.0, 0.9):
        step = recorded(optimizer={"kind": "sgd", "momentum": momentum})
        code = code_of(step, Place(step.update_positions["1.weight"], "velocity after", (0, 0)))
        assert bool(code) == bool(momentum)


@pytest.mark.parametrize("clipping", [{"kind": "none"}, {"kind": "norm", "max_norm": 1e-4}])
def test_a_gradient_with_a_penalty_shows_both_that_it_is_the_sum_of(clipping: dict[str, Any]) -> None:
    step = recorded(penalty={"kind": "l2", "strength": 0.1}, clipping=clipping)
    tensor = "raw gradient" if clipping["kind"] == "norm" else "gradient"
    weight, bias = (step.update_positions[f"1.{name}"] for name in ("weight", "bias"))
    names = [code.name for code in code_of(step, Place(weight, tensor, (0, 0)))]
    assert names[0] == "backward" and names[-1] == "gradient"
    assert "gradient" not in [code.name for code in code_of(step, Place(bias, tensor, (0,)))]
