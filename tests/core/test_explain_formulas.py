"""Formulas tell something: none says that a number equals itself, and letters that were chosen have their numbers."""

import numpy as np
import pytest

from core.explain import Place, Step, explain
from tests.core.explaining import everything
from tests.core.networks import layer
from tests.core.test_explain_code_everywhere import IMAGES, VECTORS, recorded


@pytest.mark.parametrize(
    "layers", [IMAGES, (layer("flatten"), layer("dense", units=4), *VECTORS)], ids=["images", "vectors"]
)
def test_no_formula_says_that_a_number_equals_itself(layers: tuple[dict[str, object], ...]) -> None:
    step = recorded(layers)
    for position, tensor in everything(step):
        explanation = explain(step, Place(position, tensor, (0,) * step.tensor(position, tensor).ndim))
        left, _, right = explanation.formula.partition(" = ")
        assert left != right, explanation.formula
        if explanation.same_as is not None and not right:
            assert explanation.where, explanation.formula


def where(step: Step, phase: str, index: int, tensor: str) -> str:
    position = step.position(phase, index)  # type: ignore[arg-type]
    return explain(step, Place(position, tensor, (2, 1))).where


def test_letters_that_were_chosen_have_their_numbers() -> None:
    layers = (layer("flatten"), layer("leaky_relu", negative_slope=0.2), layer("elu", alpha=1.5))
    step = recorded((*layers, layer("dense", units=4)))
    assert where(step, "forward", 1, "y").endswith("negative_slope = 0.2")
    assert where(step, "forward", 2, "y").endswith("alpha = 1.5")
    deep = recorded((layer("flatten"), layer("dense", units=4), *layers[1:]))
    assert where(deep, "backward", 2, "dx").endswith("negative_slope = 0.2")
    assert where(deep, "backward", 3, "dx").endswith("alpha = 1.5")


def test_the_maximum_of_a_softmax_is_the_largest_of_the_sample() -> None:
    step = recorded()
    position = step.position("loss", 2)
    logits = step.tape.records[position].tensors["prediction"][2]
    found = explain(step, Place(position, "p", (2, 1)))
    assert "exp(prediction[2, 1] − max)" in found.formula
    assert f"max = prediction[2, {int(np.argmax(logits))}], the largest of the sample" in found.where
