"""Conv2D: a window of the image times a filter; backward the same products, seen from the pixel or from the filter."""

import numpy as np

from core.explain.dispatch import input_gradient_answer, output_answer, parameter_gradient_answer
from core.explain.notation import by, entry, shifted
from core.explain.protocol import Answer
from core.explain.scene import Scene, part
from core.explain.windows import Axis
from core.layers.conv import Conv2D
from core.types import Shape


@output_answer.register
def _(layer: Conv2D, scene: Scene) -> Answer:
    n, f, r, s = scene.index
    x_shape = scene.array("x").shape
    rows, columns = _axes(layer, x_shape, scene.array("y").shape)
    (h, i), (w, j), c = rows.of_position(r), columns.of_position(s), np.arange(x_shape[1])
    up, left = (shifted(k, at * layer.stride - rows.padding) for k, at in (("i", r), ("j", s)))
    formula = (
        f"{entry('y', n, f, r, s)} = Σ_c Σᵢ Σⱼ {entry('x', n, 'c', up, left)} · {entry('weight', f, 'c', 'i', 'j')} "
        f"+ {entry('bias', f)}"
    )
    c, h, i = c[:, None, None], h[:, None], i[:, None]
    products = part("input × weight", scene.own("x", n, c, h, w), scene.parameter("weight", f, c, i, j))
    return Answer(formula, (products, part("bias", scene.parameter("bias", f))))


@input_gradient_answer.register
def _(layer: Conv2D, scene: Scene) -> Answer:
    n, c, h, w = scene.index
    rows, columns = _axes(layer, scene.array("dx").shape, scene.array("dy").shape)
    (r, i), (s, j), f = rows.of_input(h), columns.of_input(w), np.arange(layer.filters)
    up, left = (
        f"{at + rows.padding} − {k if layer.stride == 1 else f'{layer.stride}·{k}'}" for k, at in (("r", h), ("s", w))
    )
    formula = (
        f"{by('x', n, c, h, w)} = Σ_f Σ_r Σ_s {entry('dy', n, 'f', 'r', 's')} · {entry('weight', 'f', c, up, left)}"
    )
    f, r, i = f[:, None, None], r[:, None], i[:, None]
    return Answer(formula, (part("dy × weight", scene.own("dy", n, f, r, s), scene.parameter("weight", f, c, i, j)),))


@parameter_gradient_answer.register
def _(layer: Conv2D, scene: Scene, name: str) -> Answer:
    dy_shape, f = scene.array("dy").shape, scene.index[0]
    n = np.arange(dy_shape[0])[:, None, None]
    if name == "bias":
        r, s = np.arange(dy_shape[2])[:, None], np.arange(dy_shape[3])
        formula = f"{by('bias', f)} = Σₙ Σ_r Σ_s {entry('dy', 'n', f, 'r', 's')}"
        return Answer(formula, (part("dy", scene.own("dy", n, f, r, s)),))
    _, c, i, j = scene.index
    x = scene.step.tensor(scene.step.position("forward", scene.layer_index), "x")
    rows, columns = _axes(layer, x.shape, dy_shape)
    (r, h), (s, w) = rows.of_offset(i), columns.of_offset(j)
    up, left = (shifted(k, at - rows.padding, layer.stride) for k, at in (("r", i), ("s", j)))
    formula = (
        f"{by('weight', f, c, i, j)} = Σₙ Σ_r Σ_s {entry('dy', 'n', f, 'r', 's')} · {entry('x', 'n', c, up, left)}"
    )
    r, h = r[:, None], h[:, None]
    return Answer(formula, (part("dy × input", scene.own("dy", n, f, r, s), scene.kept("x", n, c, h, w)),))


def _axes(layer: Conv2D, x_shape: Shape, y_shape: Shape) -> tuple[Axis, Axis]:
    padding, _ = layer.paddings()
    rows, columns = (
        Axis(size, positions, layer.kernel_size, layer.stride, padding)
        for size, positions in zip(x_shape[2:], y_shape[2:], strict=True)
    )
    return rows, columns
