"""Penalties: what every weight adds to the objective, and the pull on it."""

import numpy as np

from core.explain.dispatch import penalty_answer, penalty_gradient_answer
from core.explain.notation import entry
from core.explain.protocol import Answer, Factor
from core.explain.scene import Scene, constant, derived, part
from core.explain.words import tensor_title
from core.penalties import L1Penalty, L2Penalty, Penalty
from core.types import Array
from core.words import chosen


@penalty_answer.register
def _(penalty: L2Penalty, scene: Scene) -> Answer:
    half = constant("½ strength", penalty.strength / 2)
    parts = []
    for name in _weights(scene):
        w = _weight(scene, name, *_all(scene.array(name)))
        parts.append(part(w.label, half, w, w))
    return Answer(f"penalty = ½ · {chosen(penalty.strength)} · Σ w²", parts, where="the sum is over all weights")


@penalty_answer.register
def _(penalty: L1Penalty, scene: Scene) -> Answer:
    strength = constant("strength", penalty.strength)
    parts = []
    for name in _weights(scene):
        w = _weight(scene, name, *_all(scene.array(name)))
        sign = derived("sign(w)", np.sign(w.values), scene.places(scene.position, name, *_all(scene.array(name))))
        parts.append(part(w.label, strength, sign, w))
    return Answer(f"penalty = {chosen(penalty.strength)} · Σ |w|", parts, where="the sum is over all weights")


@penalty_gradient_answer.register
def _(penalty: L2Penalty, scene: Scene, name: str) -> Answer:
    w = _weight(scene, name, *scene.index)
    parts = (part("pull", constant("strength", penalty.strength), w),)
    return Answer(pull_formula(penalty), parts, where=_letters(scene, w))


@penalty_gradient_answer.register
def _(penalty: L1Penalty, scene: Scene, name: str) -> Answer:
    at = scene.index
    sign = derived("sign(w)", np.sign(scene.array(name)[at]), scene.places(scene.position, name, *at))
    parts = (part("pull", constant("strength", penalty.strength), sign),)
    where = _letters(scene, _weight(scene, name, *at))
    return Answer(pull_formula(penalty), parts, where=where)


def pull_formula(penalty: Penalty) -> str:
    """What a penalty adds to the gradient of a weight."""
    match penalty:
        case L1Penalty():
            return f"∂P/∂w = {chosen(penalty.strength)} · sign(w)"
        case L2Penalty():
            return f"∂P/∂w = {chosen(penalty.strength)} · w"
    raise NotImplementedError(f"{penalty.title} does not explain its gradient")


def _weight(scene: Scene, name: str, *index: int | Array) -> Factor:
    """Entries of a penalised weight, called as its layer's card calls it."""
    return scene.at(scene.position, name, *index, label=tensor_title(scene.step, name))


def _letters(scene: Scene, weight: Factor) -> str:
    return f"P is the penalty, w = {entry(weight.label, *scene.index)}"


def _weights(scene: Scene) -> list[str]:
    return [name for name in scene.record.tensors if name != "value" and not name.startswith("d_")]


def _all(array: Array) -> tuple[Array, ...]:
    """Indices of every entry."""
    return tuple(np.indices(array.shape).reshape(array.ndim, -1))
