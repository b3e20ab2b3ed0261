"""Pooling: which input won or which inputs were averaged, and to whom the gradient of a window went."""

import itertools

import numpy as np

from core.explain.dispatch import input_gradient_answer, output_answer
from core.explain.notation import by, entry, shifted
from core.explain.protocol import Answer, Factor
from core.explain.scene import Scene, constant, derived, part
from core.explain.windows import Axis, as_slice
from core.layers.pooling import AvgPool2D, GlobalAvgPool2D, MaxPool2D
from core.types import Array, Shape


@output_answer.register
def _(layer: MaxPool2D, scene: Scene) -> Answer:
    n, c, r, s = scene.index
    x = scene.array("x")
    rows, columns = _axes(layer, x.shape, scene.array("y").shape)
    (h, _), (w, _) = rows.of_position(r), columns.of_position(s)
    window = scene.kept_region("x", n, c, as_slice(h), as_slice(w))
    winner = _winner(x[n, c], h, w)
    up, left = (shifted(k, int(at[0])) for k, at in (("i", h), ("j", w)))
    formula = f"{entry('y', *scene.index)} = max over i, j of {entry('x', n, c, up, left)}"
    parts = (part("largest input", scene.own("x", n, c, *winner, depends=(window,))),)
    return Answer(formula, parts, where=f"the first largest is {entry('x', n, c, *winner)}")


@input_gradient_answer.register
def _(layer: MaxPool2D, scene: Scene) -> Answer:
    n, c, *pixel = scene.index
    x = scene.step.tensor(scene.step.position("forward", scene.layer_index), "x")
    rows, columns = _axes(layer, x.shape, scene.array("dy").shape)
    windows = [*itertools.product(rows.of_input(pixel[0])[0], columns.of_input(pixel[1])[0])]
    won, regions = [], []
    for r, s in windows:
        h, w = rows.of_position(r)[0], columns.of_position(s)[0]
        last = tuple(axis.last_of(at) for axis, at in ((rows, r), (columns, s)))
        is_nan = np.isnan(x[n, c, as_slice(h), as_slice(w)]).any()  # nothing is largest, and the last place gets it
        won.append((last if is_nan else _winner(x[n, c], h, w)) == tuple(pixel))
        regions.append(scene.kept_region("x", n, c, as_slice(h), as_slice(w)))
    formula = f"{by('x', *scene.index)} = Σ {entry('dy', n, c, 'r', 's')}"
    over = "the sum is over the windows whose first largest input it is"
    r, s = np.array(windows, np.int64).reshape(-1, 2).T
    first = derived("1 if it was the first largest input, otherwise 0", np.array(won, x.dtype), *regions)
    return Answer(formula, (part("dy of a window", scene.own("dy", n, c, r, s), first),) if windows else (), where=over)


@output_answer.register
def _(layer: AvgPool2D, scene: Scene) -> Answer:
    n, c, r, s = scene.index
    rows, columns = _axes(layer, scene.array("x").shape, scene.array("y").shape)
    (h, _), (w, _) = rows.of_position(r), columns.of_position(s)
    up, left = (shifted(k, at * rows.stride - rows.padding) for k, at in (("i", r), ("j", s)))
    formula = f"{entry('y', *scene.index)} = Σᵢ Σⱼ {entry('x', n, c, up, left)} / {layer.kernel_size**2}"
    return Answer(formula, (part("share of an input", scene.own("x", n, c, h[:, None], w), _share(layer)),))


@input_gradient_answer.register
def _(layer: AvgPool2D, scene: Scene) -> Answer:
    n, c, h, w = scene.index
    rows, columns = _axes(layer, scene.array("dx").shape, scene.array("dy").shape)
    r, s = rows.of_input(h)[0], columns.of_input(w)[0]
    formula = f"{by('x', *scene.index)} = Σ {entry('dy', n, c, 'r', 's')} / {layer.kernel_size**2}"
    parts = (part("share of a dy", scene.own("dy", n, c, r[:, None], s), _share(layer)),)
    return Answer(formula, parts, where="the sum is over the windows it lies in")


@output_answer.register
def _(layer: GlobalAvgPool2D, scene: Scene) -> Answer:
    n, c = scene.index
    height, width = scene.array("x").shape[2:]
    h, w = np.arange(height)[:, None], np.arange(width)
    formula = f"{entry('y', n, c)} = Σᵢ Σⱼ {entry('x', n, c, 'i', 'j')} / {height * width}"
    share = constant(f"1/{height * width}", 1 / (height * width))
    return Answer(formula, (part("share of an input", scene.own("x", n, c, h, w), share),))


@input_gradient_answer.register
def _(layer: GlobalAvgPool2D, scene: Scene) -> Answer:
    n, c, _, _ = scene.index
    height, width = scene.array("dx").shape[2:]
    formula = f"{by('x', *scene.index)} = {entry('dy', n, c)} / {height * width}"
    share = constant(f"1/{height * width}", 1 / (height * width))
    return Answer(formula, (part("share of the dy", scene.own("dy", n, c), share),))


def _share(layer: AvgPool2D) -> Factor:
    return constant(f"1/{layer.kernel_size**2}", 1 / layer.kernel_size**2)


def _winner(image: Array, h: Array, w: Array) -> tuple[int, int]:
    """Row and column of the first largest value of a window, row by row."""
    row, column = divmod(int(image[h[0] : h[-1] + 1, w[0] : w[-1] + 1].argmax()), len(w))
    return int(h[row]), int(w[column])


def _axes(layer: MaxPool2D | AvgPool2D, x_shape: Shape, y_shape: Shape) -> tuple[Axis, Axis]:
    rows, columns = (
        Axis(size, positions, layer.kernel_size, layer.stride or layer.kernel_size, layer.padding)
        for size, positions in zip(x_shape[2:], y_shape[2:], strict=True)
    )
    return rows, columns
