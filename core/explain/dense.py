"""Dense: a row of the weights times a row of the inputs, and the same products taken apart on the way back."""

import numpy as np

from core.explain.dispatch import input_gradient_answer, output_answer, parameter_gradient_answer
from core.explain.notation import by, entry
from core.explain.protocol import Answer
from core.explain.scene import Scene, part
from core.layers.dense import Dense


@output_answer.register
def _(layer: Dense, scene: Scene) -> Answer:
    n, o = scene.index
    i = np.arange(scene.array("x").shape[1])
    formula = f"{entry('y', n, o)} = Σᵢ {entry('x', n, 'i')} · {entry('weight', o, 'i')} + {entry('bias', o)}"
    products = part("input × weight", scene.own("x", n, i), scene.parameter("weight", o, i))
    return Answer(formula, (products, part("bias", scene.parameter("bias", o))))


@input_gradient_answer.register
def _(layer: Dense, scene: Scene) -> Answer:
    n, i = scene.index
    o = np.arange(layer.units)
    formula = f"{by('x', n, i)} = Σₒ {entry('dy', n, 'o')} · {entry('weight', 'o', i)}"
    return Answer(formula, (part("dy × weight", scene.own("dy", n, o), scene.parameter("weight", o, i)),))


@parameter_gradient_answer.register
def _(layer: Dense, scene: Scene, name: str) -> Answer:
    n, o = np.arange(len(scene.array("dy"))), scene.index[0]
    if name == "bias":
        return Answer(f"{by('bias', o)} = Σₙ {entry('dy', 'n', o)}", (part("dy", scene.own("dy", n, o)),))
    i = scene.index[1]
    formula = f"{by('weight', o, i)} = Σₙ {entry('dy', 'n', o)} · {entry('x', 'n', i)}"
    return Answer(formula, (part("dy × input", scene.own("dy", n, o), scene.kept("x", n, i)),))
