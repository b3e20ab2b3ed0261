"""Flatten and Reshape: every number is only handed on, to another place."""

import math

import numpy as np

from core.explain.dispatch import input_gradient_answer, output_answer
from core.explain.notation import by, entry
from core.explain.protocol import Answer
from core.explain.scene import Scene, part
from core.layers.shape import Flatten, Reshape
from core.types import Shape


@output_answer.register(Flatten)
@output_answer.register(Reshape)
def _(layer: Flatten | Reshape, scene: Scene) -> Answer:
    source = _moved(scene.index, scene.array("y").shape, scene.array("x").shape)
    formula = f"{entry('y', *scene.index)} = {entry('x', *source)}"
    return Answer(formula, (part("input", scene.own("x", *source)),))


@input_gradient_answer.register(Flatten)
@input_gradient_answer.register(Reshape)
def _(layer: Flatten | Reshape, scene: Scene) -> Answer:
    source = _moved(scene.index, scene.array("dx").shape, scene.array("dy").shape)
    formula = f"{by('x', *scene.index)} = {entry('dy', *source)}"
    return Answer(formula, (part("dy", scene.own("dy", *source)),))


def _moved(index: tuple[int, ...], shape: Shape, other: Shape) -> tuple[int, ...]:
    """The same value of the same sample, in the other shape."""
    flat = np.ravel_multi_index(index[1:], shape[1:]) if math.prod(shape[1:]) > 1 else 0
    return index[0], *(int(axis) for axis in np.unravel_index(flat, other[1:]))
