"""Penalties: what every weight adds to the objective, and the pull on it."""

import numpy as np

from core.explain.dispatch import penalty_answer, penalty_gradient_answer
from core.explain.notation import entry
from core.explain.protocol import Answer
from core.explain.scene import Scene, constant, derived, part
from core.penalties import L1Penalty, L2Penalty
from core.types import Array


@penalty_answer.register
def _(penalty: L2Penalty, scene: Scene) -> Answer:
    half = constant("½ strength", penalty.strength / 2)
    parts = []
    for name in _weights(scene):
        w = scene.own(name, *_all(scene.array(name)))
        parts.append(part(name, half, w, w))
    return Answer(f"penalty = ½ · {penalty.strength:g} · Σ w², over all weights", parts)


@penalty_answer.register
def _(penalty: L1Penalty, scene: Scene) -> Answer:
    strength = constant("strength", penalty.strength)
    parts = []
    for name in _weights(scene):
        w = scene.own(name, *_all(scene.array(name)))
        sign = derived("sign(w)", np.sign(w.values), scene.places(scene.position, name, *_all(scene.array(name))))
        parts.append(part(name, strength, sign, w))
    return Answer(f"penalty = {penalty.strength:g} · Σ |w|, over all weights", parts)


@penalty_gradient_answer.register
def _(penalty: L2Penalty, scene: Scene, name: str) -> Answer:
    at = scene.index
    formula = f"{entry(scene.tensor, *at)} = {penalty.strength:g} · {entry(name, *at)}"
    return Answer(formula, (part("pull", constant("strength", penalty.strength), scene.own(name, *at)),))


@penalty_gradient_answer.register
def _(penalty: L1Penalty, scene: Scene, name: str) -> Answer:
    at = scene.index
    sign = derived("sign(w)", np.sign(scene.array(name)[at]), scene.places(scene.position, name, *at))
    formula = f"{entry(scene.tensor, *at)} = {penalty.strength:g} · sign({entry(name, *at)})"
    return Answer(formula, (part("pull", constant("strength", penalty.strength), sign),))


def _weights(scene: Scene) -> list[str]:
    return [name for name in scene.record.tensors if name != "value" and not name.startswith("d_")]


def _all(array: Array) -> tuple[Array, ...]:
    """Indices of every entry."""
    return tuple(np.indices(array.shape).reshape(array.ndim, -1))
