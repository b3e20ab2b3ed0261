"""The pictures of what makes a layer special: a curve, probabilities and a Jacobian, distributions and paths, a mask.

Sums of products look alike for every layer and are drawn as an equation elsewhere; here they only get their words.
"""

from functools import singledispatch

import numpy as np

from app.panels.explain.curve import Curve
from app.panels.explain.gallery import Asked, Gallery, behind
from app.panels.explain.jacobian import jacobian_table
from app.panels.explain.outer import Outer
from app.panels.explain.pictures_of_losses import chosen_classes, with_sum
from app.panels.explain.stack import Bar, Stack
from app.panels.explain.table import Table
from app.panels.explain.unit_histogram import Units
from app.plots.numbers import format_count, format_number
from core.explain import Place, Places
from core.layers.activations import Sigmoid, Softmax, Tanh
from core.layers.base import Layer
from core.layers.dense import Dense
from core.layers.dropout import Dropout
from core.layers.normalization import BatchNorm, LayerNorm
from core.layers.rectifiers import ELU, GELU, LeakyReLU, ReLU, SiLU, Softplus
from core.types import Array
from core.words import chosen

_BY_UNIT = ("x", "y", "dx", "dy")
_PATH_COLORS = ("backward", "backward:70", "backward:45")


@singledispatch
def layer_gallery(layer: Layer, asked: Asked) -> Gallery:
    """The pictures of an entry of a layer's forward or backward."""
    return Gallery()


@layer_gallery.register
def _(layer: Dense, asked: Asked) -> Gallery:
    match asked.tensor:
        case "y":
            n, o = asked.index
            caption = f"Row {n} of x times row {o} of the weights, entry by entry; the products and the bias add up:"
        case "dx":
            n, i = asked.index
            caption = f"Row {n} of dy times column {i} of the weights: back along every link that leaves input {i}:"
        case "d_weight":
            return _outer_gallery(asked)
        case _:
            caption = ""
    return Gallery(caption)


def _outer_gallery(asked: Asked) -> Gallery:
    """One sample's part of the gradient of a weight, among those of all weights."""
    (o, i), n = asked.index, asked.sample
    dy, x = asked.record.tensors["dy"][n], asked.kept("x")[n]
    outer = Outer(dy, x, (o, i), n, asked.place)
    return Gallery(
        f"The outer product of dy and x for sample {n}: every weight gets the dy of its output times the x of its "
        f"input. The {format_count(len(asked.kept('x')))} such matrices of the batch add up to d_weight.",
        outer=outer,
        equation_note=f"For this weight: column {o} of dy times column {i} of x, one product a sample:",
    )


@layer_gallery.register(ReLU)
@layer_gallery.register(LeakyReLU)
@layer_gallery.register(ELU)
@layer_gallery.register(SiLU)
@layer_gallery.register(GELU)
@layer_gallery.register(Softplus)
@layer_gallery.register(Sigmoid)
@layer_gallery.register(Tanh)
def _(layer: Layer, asked: Asked) -> Gallery:
    if asked.tensor not in _BY_UNIT:
        return Gallery()
    curve = Curve(layer, asked.kept("x"), asked.place)
    x, y, slope = curve.point()
    words = f"At {format_number(x)} the curve is at {format_number(y)} and its slope is {format_number(slope)}: "
    if "dx" in (tensors := asked.record.tensors):
        dy, dx = (float(tensors[name][asked.index]) for name in ("dy", "dx"))
        words += (
            f"of dy = {format_number(dy)}, {100 * slope:.0f} % pass: "
            f"dy × slope = {format_number(dy)} × {format_number(slope)} = {format_number(dx)} = dx."
        )
    else:
        words += f"{100 * slope:.0f} % of the gradient will pass on the way back."
    return Gallery(
        f"The curve of {layer.title} with this unit's point; behind it, all inputs of the layer:",
        curve=curve,
        words=words,
    )


@layer_gallery.register
def _(layer: Softmax, asked: Asked) -> Gallery:
    if asked.tensor not in _BY_UNIT:
        return Gallery()
    n, c = asked.index
    return Gallery(
        f"Sample {n}, class by class: logits x, the exponentials of x − max, and those divided by their sum Σ:",
        tables=(_class_table(asked), _jacobian(asked)),
        words=_softmax_words(asked, n, c),
    )


def _class_table(asked: Asked) -> Table:
    """Logit, exponential and probability of each class, and the sum of the exponentials."""
    (n, c), lines = asked.index, asked.lines(asked.forward)
    columns = {"x": asked.kept("x")[n], "exp": lines["exp"].tensor[n], "y": asked.kept("y")[n]}
    if asked.is_backward:
        columns |= {name: asked.record.tensors[name][n] for name in ("dy", "dx") if name in asked.record.tensors}
    chosen = chosen_classes(asked.kept("y")[n], c)
    values = np.stack(list(columns.values()), axis=1)[chosen].astype(np.float64)
    names = [*columns]

    def place(row: int, column: int) -> Place | None:
        if row == len(chosen):
            return None
        backward = names[column] in ("dy", "dx")
        tensor = names[column] if backward or column != 1 else "x"
        return Place(asked.position if backward else asked.forward, tensor, (n, chosen[row]))

    return Table(
        "softmax",
        with_sum(values, 1, float(lines["Σ exp"].tensor[n])),
        (*map(str, chosen), "Σ"),
        tuple(names),
        place,
        (chosen.index(c), names.index(asked.tensor)) if asked.tensor in names else None,
        by_column=True,
        moves=True,
        sums=1,
    )


def _jacobian(asked: Asked) -> Table:
    """With the row or column of the class that is asked for."""
    n, c = asked.index
    y = asked.kept("y")[n]
    chosen = chosen_classes(y, c)
    at, last = chosen.index(c), len(chosen) - 1
    # An entry of y answers to all inputs (its column), one of dx hears from all outputs (its row).
    frames = {"y": ((0, at, last, at),), "dx": ((at, 0, at, last),)}.get(asked.tensor, ())

    def place(i: int, k: int) -> Place:
        return (
            Place(asked.position, "dx", (n, chosen[i]))
            if asked.is_backward
            else Place(asked.forward, "y", (n, chosen[k]))
        )

    return jacobian_table(y, chosen, "y", place, frames)


def _softmax_words(asked: Asked, n: int, c: int) -> str:
    lines = asked.lines(asked.forward)
    e, total = float(lines["exp"].tensor[n, c]), float(lines["Σ exp"].tensor[n])
    y = float(asked.kept("y")[n, c])
    words = f"y[{c}] = {format_number(e)} / {format_number(total)} = {format_number(y)}."
    if asked.tensor == "dx":
        words += f" dx[{c}] = Σₖ dy[k] times the framed row of the Jacobian = {format_number(asked.explanation.value)}."
    return words


@layer_gallery.register(BatchNorm)
@layer_gallery.register(LayerNorm)
def _(layer: BatchNorm | LayerNorm, asked: Asked) -> Gallery:
    if asked.is_backward:
        return _paths_gallery(layer, asked) if asked.tensor == "dx" else Gallery()
    shape = asked.kept("x").shape
    by_channel = isinstance(layer, BatchNorm)
    full = len(asked.index) == len(shape) and asked.tensor in ("x", "y", "x_hat")
    group = asked.index[1 if by_channel and full else 0]
    inside = np.zeros(shape, dtype=bool)
    inside[(slice(None), group) if by_channel else group] = True
    index = np.nonzero(inside)
    units = []
    for name in ("x", "y"):
        tensor = asked.kept(name)
        own = float(tensor[asked.index]) if full else None
        units.append((name, Units(tensor[index], Places(asked.forward, name, index), own)))
    whose = f"Channel {group} over the batch" if by_channel else f"The values of sample {group}"
    caption = f"{whose}, before and after{'; this one is marked' if full else ''}:"
    return Gallery(caption, units=tuple(units), words=_normal_words(layer, asked, group))


def _normal_words(layer: BatchNorm | LayerNorm, asked: Asked, group: int) -> str:
    lines = asked.lines(asked.forward)
    mean, variance = (format_number(float(lines[name].tensor[group])) for name in ("mean", "var"))
    words = f"x̂ = (x − mean) / √(variance + {chosen(layer.eps)}), mean {mean}, variance {variance}; y = γ · x̂ + β"
    at: tuple[int, ...] | None = (group,) if isinstance(layer, BatchNorm) else asked.index[1:]
    if isinstance(layer, LayerNorm) and asked.tensor == "inv_std":
        at = None
    if at is None:
        return f"{words}, with γ (weight) and β (bias) of each value."
    weight, bias = (format_number(float(asked.parameter(name)[at])) for name in ("weight", "bias"))
    return f"{words}, γ (weight) {weight}, β (bias) {bias}."


def _paths_gallery(layer: BatchNorm | LayerNorm, asked: Asked) -> Gallery:
    """The three paths by which an input moves the loss."""
    parts = asked.explanation.parts
    bars = (
        Bar(part.label, float(part.values.sum()), behind(part), color)
        for part, color in zip(parts, _PATH_COLORS, strict=True)
    )
    group = "batch" if isinstance(layer, BatchNorm) else "sample"
    return Gallery(
        "Three paths lead from this input to the loss; their gradients add up to dx:",
        Stack(tuple(bars), "dx", "backward"),
        words=f"Directly: through its own x̂. Through the mean and the variance: a change of this input moves both, "
        f"and with them every other value of the {group} it is normalised with.",
    )


@layer_gallery.register
def _(layer: Dropout, asked: Asked) -> Gallery:
    if "mask" not in asked.step.tape.records[asked.forward].cache:
        return Gallery()
    mask = asked.kept("mask")
    leading, own = asked.index[:-2] if mask.ndim > 2 else asked.index[:1], float(mask[asked.index])
    plane = np.atleast_2d(mask[leading])
    asked_cell = (asked.index[-2], asked.index[-1]) if mask.ndim > 2 else (0, asked.index[-1])

    def place(row: int, column: int) -> Place:
        index = (*leading, row, column) if mask.ndim > 2 else (*leading, column)
        tensor = asked.tensor if asked.tensor in ("dx", "dy", "mask", "x", "y") else "y"
        return Place(asked.position, tensor, index)

    rows = tuple(map(str, range(len(plane)))) if len(plane) > 1 else ()
    columns = tuple(map(str, range(plane.shape[1])))
    name = f"mask[{', '.join(map(str, leading))}]"
    table = Table("mask", plane, rows, columns, place, asked_cell, title=name, moves=True)
    return Gallery(_dropout_caption(layer), tables=(table,), words=_dropout_words(asked, plane, own))


def _dropout_caption(layer: Dropout) -> str:
    if layer.p == 1:
        return "Every value is dropped (p = 1):"
    scale = format_number(1 / (1 - layer.p))
    return (
        f"Every value is dropped with probability p = {chosen(layer.p)}; what is kept is multiplied by "
        f"1/(1 − p) = {scale}, so that the mean stays as it was. The same mask holds forward and backward:"
    )


def _dropout_words(asked: Asked, plane: Array, own: float) -> str:
    kept = format_count(int(np.count_nonzero(plane)))
    into, out = ("dy", "dx") if asked.is_backward else ("x", "y")
    fate = f"kept: {out} = {into} · {format_number(own)}" if own else f"dropped: {out} = 0"
    return f"This value was {fate}. Of the {format_count(plane.size)} shown {kept} were kept."
