"""Activations: each value by itself is bent by a curve, and its gradient multiplied by the slope there.

Curve and slope are the layer's own, asked for this one value. Softmax works on the values of a sample together.
"""

import dataclasses

import numpy as np

from core.explain.dispatch import input_gradient_answer, kept_answer, output_answer
from core.explain.notation import by, entry
from core.explain.protocol import Answer, Factor
from core.explain.scene import Scene, derived, part
from core.layers.activations import Sigmoid, Softmax, Tanh
from core.layers.base import Layer
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus
from core.slopes import SLOPES, letters, slope_words
from core.types import Array

_CURVES: dict[type[Layer], str] = {
    ELU: "x where x > 0, otherwise alpha · (exp(x) − 1)",
    Softplus: "log(1 + exp(x))",
    Sigmoid: "1 / (1 + exp(−x))",
    Tanh: "tanh(x)",
}
_T = "tanh(√(2/π) (x + 0.044715 x³))"
_GATES: dict[type[Layer], str] = {SiLU: "σ(x)", GELU: "½ (1 + t)"}


@output_answer.register(Sigmoid)
@output_answer.register(Tanh)
@output_answer.register(ELU)
@output_answer.register(Softplus)
def _(layer: Layer, scene: Scene) -> Answer:
    at, curve = scene.index, _CURVES[type(layer)]
    y, _ = layer.forward(scene.array("x")[at].reshape(1, 1), True, None)
    answer = curve_answer(scene, curve, "x", y)
    if isinstance(layer, ELU):
        formula = f"{entry('y', *at)} = curve({entry('x', *at)})"
        return dataclasses.replace(answer, formula=formula, where=f"curve(x) = {curve}{letters(layer)}")
    return answer


def sigmoid_answer(scene: Scene, given: str, y: Array) -> Answer:
    """An entry that is σ of the same entry of the tensor `given`."""
    return curve_answer(scene, _CURVES[Sigmoid], given, y)


def curve_answer(scene: Scene, curve: str, given: str, y: Array) -> Answer:
    """An entry that a curve makes of the same entry of the tensor `given`."""
    at = scene.index
    parts = (part("curve", derived(curve, y, scene.places(scene.position, given, *at))),)
    return Answer(f"{entry(scene.tensor, *at)} = {curve}", parts, where=f"x = {entry(given, *at)}")


@output_answer.register(ReLU)
@output_answer.register(LeakyReLU)
def _(layer: ReLU | LeakyReLU, scene: Scene) -> Answer:
    at = scene.index
    parts = (part("input × slope", scene.own("x", *at), _slope(layer, scene)),)
    return Answer(f"{entry('y', *at)} = {entry('x', *at)} · slope", parts, where=slope_words(layer))


@output_answer.register(SiLU)
@output_answer.register(GELU)
def _(layer: SiLU | GELU, scene: Scene) -> Answer:
    at, text = scene.index, _GATES[type(layer)]
    gate = scene.array("gate")[at] if isinstance(layer, SiLU) else 0.5 * (1 + scene.array("t")[at])
    letter, meaning = ("gate", f"gate = {text}") if isinstance(layer, SiLU) else (text, f"t = {_T}")
    behind = scene.places(scene.position, "gate" if isinstance(layer, SiLU) else "t", *at)
    return Answer(
        f"{entry('y', *at)} = {entry('x', *at)} · {letter}",
        (part("input × gate", scene.own("x", *at), derived(text, gate, behind)),),
        where=meaning,
    )


@kept_answer.register(SiLU)
@kept_answer.register(GELU)
def _(layer: SiLU | GELU, scene: Scene) -> Answer | None:
    at, text = scene.index, "1 / (1 + exp(−x))" if isinstance(layer, SiLU) else _T
    if scene.tensor not in ("gate", "t"):
        return None
    curve = derived(text, scene.array(scene.tensor)[at], scene.places(scene.position, "x", *at))
    return Answer(f"{entry(scene.tensor, *at)} = {text}", (part("curve", curve),), where=f"x = {entry('x', *at)}")


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
    parts = (part("dy × slope", scene.own("dy", *at), _slope(layer, scene)),)
    return Answer(f"{by('x', *at)} = {entry('dy', *at)} · slope", parts, where=slope_words(layer))


@output_answer.register
def _(layer: Softmax, scene: Scene) -> Answer:
    return softmax_answer(scene, "x")


def softmax_answer(scene: Scene, given: str) -> Answer:
    """An entry of the softmax over a sample of the tensor `given`."""
    (n, c), x = scene.index, scene.array(given)[scene.index[0]]
    row = scene.region(given, n, slice(None))
    e = np.exp(x - x.max())
    formula = f"{entry(scene.tensor, n, c)} = exp({entry(given, n, c)} − max) / Σₖ exp({entry(given, n, 'k')} − max)"
    own = derived("exp(x − max)", e[c], scene.places(scene.position, given, n, c), row)
    parts = (part("share of the sum", own, derived("1/Σ exp(x − max)", 1 / e.sum(), row)),)
    where = f"max = {entry(given, n, int(x.argmax()))}, the largest of the sample: it cancels, and no exp overflows"
    return Answer(formula, parts, where=where)


@input_gradient_answer.register
def _(layer: Softmax, scene: Scene) -> Answer:
    n, c = scene.index
    forward = scene.step.position("forward", scene.layer_index)
    y = scene.step.tensor(forward, "y")[n]
    k = np.arange(len(y))
    row = f"J[k] = ∂{entry('y', n, 'k')}/∂{entry('x', n, c)} = {entry('y', n, c)} · (1 − y[{n}, k]) for k = {c}, "
    row += f"−{entry('y', n, c)} · y[{n}, k] for all others"
    jacobian = derived(
        f"∂y[{n}, k]/∂x[{n}, {c}]",
        y[c] * ((k == c) - y),
        scene.places(forward, "y", n, c),
        scene.places(forward, "y", n, k),
    )
    each = tuple(f"∂y[{n}, {output}]/∂x[{n}, {c}]" for output in range(len(y)))
    jacobian = dataclasses.replace(jacobian, labels=each)
    formula = f"{by('x', n, c)} = Σₖ {entry('dy', n, 'k')} · J[k]"
    return Answer(formula, (part("dy × Jacobian", scene.own("dy", n, k), jacobian),), where=row)


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
    return derived(SLOPES[type(layer)], slope, scene.places(position, seen, *scene.index))
