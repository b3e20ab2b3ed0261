"""Dropout: the same mask forward and backward."""

from core.explain.dispatch import input_gradient_answer, kept_answer, output_answer
from core.explain.notation import by, entry
from core.explain.protocol import Answer
from core.explain.scene import Scene, part
from core.layers.dropout import Dropout
from core.words import chosen


@output_answer.register
def _(layer: Dropout, scene: Scene) -> Answer:
    at = scene.index
    formula = f"{entry('y', *at)} = {entry('x', *at)} · {entry('mask', *at)}"
    return Answer(formula, (part("input × mask", scene.own("x", *at), scene.own("mask", *at)),))


@input_gradient_answer.register
def _(layer: Dropout, scene: Scene) -> Answer:
    at = scene.index
    formula = f"{by('x', *at)} = {entry('dy', *at)} · {entry('mask', *at)}"
    return Answer(formula, (part("dy × mask", scene.own("dy", *at), scene.kept("mask", *at)),))


@kept_answer.register
def _(layer: Dropout, scene: Scene) -> Answer | None:
    if scene.tensor != "mask":
        return None
    kept = f", otherwise {chosen(1 / (1 - layer.p), 4)}" if layer.p < 1 else ""
    how = f"it is 0 with probability {chosen(layer.p)}{kept}"
    return Answer(entry("mask", *scene.index), end="drawn by chance", where=how)
