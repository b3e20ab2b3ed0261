"""The lines inside an update and a penalty say whence a gradient came, in the words the window uses elsewhere."""

from typing import Any

import pytest

from core.explain import Place, Step, explain
from core.substeps import SubStep, substeps
from tests.core.networks import layer
from tests.core.test_explain_code_everywhere import recorded

L2: dict[str, Any] = {"kind": "l2", "strength": 0.3}


def lines(step: Step, position: int) -> dict[str, SubStep]:
    return {line.name: line for line in substeps(step, position)}


@pytest.mark.parametrize(
    ("clipping", "clipped"),
    [
        ({"kind": "none"}, ""),
        ({"kind": "norm", "max_norm": 1e-3}, "g = raw g · 0.001 / (‖raw g‖ + 1e-6)"),
        ({"kind": "value", "limit": 1e-3}, "g = raw g, limited to ±0.001"),
    ],
)
def test_the_gradient_of_an_update_says_what_it_is_made_of(clipping: dict[str, Any], clipped: str) -> None:
    for penalty, whole in ((L2, "∂L/∂θ + ∂P/∂θ"), ({"kind": "none"}, "∂L/∂θ")):
        step = recorded(penalty=penalty, clipping=clipping)
        found = lines(step, step.update_positions["1.weight"])
        first = "raw g" if clipped else "g"
        assert found[first].formula == f"{first} = {whole}"
        assert ("what the penalty adds" in found[first].words) == (penalty is L2)
        assert found["g"].formula.startswith(clipped)
        bias = lines(step, step.update_positions["1.bias"])
        assert bias[first].formula == f"{first} = ∂L/∂θ", "no penalty acts on a bias"


@pytest.mark.parametrize(("kind", "pull"), [("l1", "sign(w)"), ("l2", "w")])
def test_a_penalty_says_its_pull_and_on_what(kind: str, pull: str) -> None:
    step = recorded(penalty={"kind": kind, "strength": 0.3})
    position = step.penalty_position
    assert position is not None
    (line,) = substeps(step, position)
    assert line.name == "pull on W₂" and "the weight of layer 2" in line.words
    assert line.formula == f"∂P/∂w = 0.3 · {pull}"
    assert line.formula == explain(step, Place(position, "d_1.weight", (0, 0))).formula


def test_numbers_that_were_chosen_stand_in_the_lines() -> None:
    layers = (layer("flatten"), layer("dense", units=4), layer("dropout", p=0.25), layer("elu", alpha=1.5))
    step = recorded(layers)
    assert "probability 0.25" in lines(step, step.position("forward", 2))["mask"].formula
    assert lines(step, step.position("backward", 3))["slope"].formula.endswith("alpha = 1.5")
