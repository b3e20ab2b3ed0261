"""Activations: each value by itself is bent by a curve, and its gradient multiplied by the slope there.

Curve and slope are the layer's own, asked for this one value. Softmax works on the values of a sample together.
"""

import numpy as np

from core.explain.dispatch import input_gradient_answer, output_answer
from core.explain.notation import by, entry
from core.explain.protocol import Answer, Factor
from core.explain.scene import Scene, derived, part
from core.layers.activations import Sigmoid, Softmax, Tanh
from core.layers.base import Layer
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus

_SLOPES: dict[type[Layer], str] = {
    ReLU: "1 where x > 0, otherwise 0",
    LeakyReLU: "1 where x > 0, otherwise negative_slope",
    ELU: "1 where x > 0, otherwise alpha · exp(x)",
    SiLU: "σ(x) · (1 + x · (1 − σ(x)))",
    GELU: "½ (1 + t) + ½ x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²)",
    Softplus: "σ(x)",
    Sigmoid: "y · (1 − y)",
    Tanh: "1 − y²",
}
_CURVES: dict[type[Layer], str] = {
    ELU: "x where x > 0, otherwise alpha · (exp(x) − 1)",
    Softplus: "log(1 + exp(x))",
    Sigmoid: "1 / (1 + exp(−x))",
    Tanh: "tanh(x)",
}
_GATES: dict[type[Layer], str] = {SiLU: "σ(x)", GELU: "½ (1 + t)"}


@output_answer.register(Sigmoid)
@output_answer.register(Tanh)
@output_answer.register(ELU)
@output_answer.register(Softplus)
def _(layer: Layer, scene: Scene) -> Answer:
    at, curve = scene.index, _CURVES[type(layer)]
    x = scene.array("x")[at]
    y, _ = layer.forward(x.reshape(1, 1), True, None)
    formula = f"{entry('y', *at)} = {curve}, x = {entry('x', *at)}"
    return Answer(formula, (part("curve", derived(curve, y, scene.places(scene.position, "x", *at))),))


@output_answer.register(ReLU)
@output_answer.register(LeakyReLU)
def _(layer: ReLU | LeakyReLU, scene: Scene) -> Answer:
    at = scene.index
    formula = f"{entry('y', *at)} = {entry('x', *at)} · ({_SLOPES[type(layer)]})"
    return Answer(formula, (part("input × slope", scene.own("x", *at), _slope(layer, scene)),))


@output_answer.register(SiLU)
@output_answer.register(GELU)
def _(layer: SiLU | GELU, scene: Scene) -> Answer:
    at, text = scene.index, _GATES[type(layer)]
    gate = scene.array("gate")[at] if isinstance(layer, SiLU) else 0.5 * (1 + scene.array("t")[at])
    more = "" if isinstance(layer, SiLU) else ", t = tanh(√(2/π) (x + 0.044715 x³))"
    formula = f"{entry('y', *at)} = {entry('x', *at)} · {text}{more}"
    return Answer(
        formula,
        (part("input × gate", scene.own("x", *at), derived(text, gate, scene.places(scene.position, "x", *at))),),
    )


@input_gradient_answer.register(ReLU)
@input_gradient_answer.register(LeakyReLU)
@input_gradient_answer.register(ELU)
@input_gradient_answer.register(SiLU)
@input_gradient_answer.register(GELU)
@input_gradient_answer.register(Softplus)
@input_gradient_answer.register(Sigmoid)
@input_gradient_answer.register(Tanh)
def _(layer: Layer, scene: Scene) -> Answer:
    at = scene.index
    formula = f"{by('x', *at)} = {entry('dy', *at)} · slope, slope = {_SLOPES[type(layer)]}"
    return Answer(formula, (part("dy × slope", scene.own("dy", *at), _slope(layer, scene)),))


@output_answer.register
def _(layer: Softmax, scene: Scene) -> Answer:
    n, c = scene.index
    row = scene.kept_region("x", n, slice(None))
    e = np.exp(scene.array("x")[n] - scene.array("x")[n].max())
    formula = f"{entry('y', n, c)} = exp({entry('x', n, c)} − max) / Σₖ exp({entry('x', n, 'k')} − max)"
    own = derived("exp(x − max)", e[c], scene.places(scene.position, "x", n, c), row)
    return Answer(formula, (part("share of the sum", own, derived("1/Σ exp(x − max)", 1 / e.sum(), row)),))


@input_gradient_answer.register
def _(layer: Softmax, scene: Scene) -> Answer:
    n, c = scene.index
    forward = scene.step.position("forward", scene.layer_index)
    y = scene.step.tensor(forward, "y")[n]
    k = np.arange(len(y))
    row = f"{entry('y', n, c)} · ((1 if k = {c}, otherwise 0) − {entry('y', n, 'k')})"
    formula = f"{by('x', n, c)} = Σₖ {entry('dy', n, 'k')} · J[k], J[k] = {row}"
    jacobian = derived(
        f"∂y[{n}, k]/∂x[{n}, {c}]",
        y[c] * ((k == c) - y),
        scene.places(forward, "y", n, c),
        scene.places(forward, "y", n, k),
    )
    return Answer(formula, (part("dy × Jacobian", scene.own("dy", n, k), jacobian),))


def _slope(layer: Layer, scene: Scene) -> Factor:
    """The layer's own backward of a gradient of 1 at this value."""
    position = scene.step.position("forward", scene.layer_index)
    shape = scene.step.tensor(position, "y").shape
    kept = scene.step.tape.records[position].cache
    here = {name: array[scene.index].reshape(1, 1) for name, array in kept.items() if array.shape == shape}
    one = np.ones((1, 1), scene.array("dy" if scene.record.phase == "backward" else "y").dtype)
    slope, _ = layer.backward(one, here)
    assert slope is not None
    seen = "y" if isinstance(layer, Sigmoid | Tanh) else "x"
    return derived(_SLOPES[type(layer)], slope, scene.places(position, seen, *scene.index))
