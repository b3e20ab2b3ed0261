"""BatchNorm and LayerNorm: normalised, scaled and shifted; backward three paths that add up.

A change of x moves y directly, and also through the mean and through the variance it is part of.
"""

import math

import numpy as np

from core.explain.dispatch import input_gradient_answer, kept_answer, output_answer, parameter_gradient_answer
from core.explain.notation import by, entry
from core.explain.protocol import Answer
from core.explain.scene import Scene, constant, derived, part
from core.layers.normalization import BatchNorm, LayerNorm
from core.types import Array, Shape
from core.words import chosen

_BATCH = {"running_mean after": "mean", "running_var after": "variance"}
_PATHS = ("directly", "through the mean", "through the variance")


@output_answer.register(BatchNorm)
@output_answer.register(LayerNorm)
def _(layer: BatchNorm | LayerNorm, scene: Scene) -> Answer:
    at = scene.index
    p = at[1:2] if isinstance(layer, BatchNorm) else at[1:]
    formula = f"{entry('y', *at)} = {entry('weight', *p)} · {entry('x_hat', *at)} + {entry('bias', *p)}"
    scaled = part("weight × x̂", scene.parameter("weight", *p), scene.own("x_hat", *at))
    return Answer(formula, (scaled, part("bias", scene.parameter("bias", *p))))


@parameter_gradient_answer.register(BatchNorm)
@parameter_gradient_answer.register(LayerNorm)
def _(layer: BatchNorm | LayerNorm, scene: Scene, name: str) -> Answer:
    shape, at = scene.array("dy").shape, scene.index
    over: str = "Σₙ"
    letters: tuple[int | str, ...] = ("n", *at)
    everywhere: tuple[int | Array, ...] = (np.arange(shape[0]), *at)
    if isinstance(layer, BatchNorm):
        everywhere = _channel(shape, at[0])
        if len(shape) == 4:
            over, letters = "Σₙ Σᵢ Σⱼ", ("n", *at, "i", "j")
    dy = scene.own("dy", *everywhere)
    if name == "bias":
        return Answer(f"{by('bias', *at)} = {over} {entry('dy', *letters)}", (part("dy", dy),))
    formula = f"{by('weight', *at)} = {over} {entry('dy', *letters)} · {entry('x_hat', *letters)}"
    return Answer(formula, (part("dy × x̂", dy, scene.kept("x_hat", *everywhere)),))


@kept_answer.register
def _(layer: BatchNorm, scene: Scene) -> Answer | None:
    at, x = scene.index, scene.array("x")
    name, c = scene.tensor, at[1] if len(at) > 1 else at[0]
    count = x.size // x.shape[1]
    letters = ("n", c, "i", "j")[: x.ndim]
    each = scene.own("x", *_channel(x.shape, c))
    if name in _BATCH:
        return _running(layer, scene, count)
    if name == "mean":
        formula = f"{entry('mean', c)} = Σ {entry('x', *letters)} / {count}"
        return Answer(formula, (part("share of an input", each, constant(f"1/{count}", 1 / count)),))
    if name == "variance":
        formula = f"{entry('variance', c)} = Σ ({entry('x', *letters)} − {entry('mean', c)})² / {count}"
        squares = derived(
            "(x − mean)²",
            (each.values - scene.array("mean")[c]) ** 2,
            scene.places(scene.position, "x", *_channel(x.shape, c)),
            scene.places(scene.position, "mean", c),
        )
        return Answer(formula, (part("share of a square", squares, constant(f"1/{count}", 1 / count)),))
    if name == "inv_std":
        root = derived("1/√(variance + eps)", scene.array("inv_std")[c], scene.places(scene.position, "variance", c))
        return Answer(
            f"{entry('inv_std', c)} = 1/√({entry('variance', c)} + {chosen(layer.eps)})", (part("root", root),)
        )
    if name != "x_hat":
        return None
    inv_std = scene.own("inv_std", c)
    formula = f"{entry('x_hat', *at)} = ({entry('x', *at)} − {entry('mean', c)}) · {entry('inv_std', c)}"
    mean = part("mean", constant("−1", -1), scene.own("mean", c), inv_std)
    return Answer(formula, (part("input", scene.own("x", *at), inv_std), mean))


def _running(layer: BatchNorm, scene: Scene, count: int) -> Answer:
    """A running statistic after the step: what it was, and a share of the batch's, of a variance the unbiased one."""
    (c,), statistic = scene.index, _BATCH[scene.tensor]
    own, new = scene.tensor.removesuffix(" after"), constant("momentum", layer.momentum)
    unbiased = (constant(f"{count}/{count - 1}", count / (count - 1)),) if statistic == "variance" else ()
    before = scene.at(None, f"{scene.layer_index}.{own}", c, label=f"{own} before")
    formula = f"{entry(scene.tensor, c)} = (1 − momentum) · {entry(before.label, c)} + momentum · "
    formula += entry(statistic, c) + "".join(f" · {factor.label}" for factor in unbiased)
    kept = part("running", constant("1 − momentum", 1 - layer.momentum), before)
    batch = part("batch", new, scene.own(statistic, c), *unbiased)
    where = f"the variance is divided by {count - 1} instead of {count}: unbiased" if unbiased else ""
    return Answer(formula, (kept, batch), where=where)


@kept_answer.register
def _(layer: LayerNorm, scene: Scene) -> Answer | None:
    at, x = scene.index, scene.array("x")
    n, count = at[0], x[0].size
    if scene.tensor == "inv_std":
        whole = scene.kept_region("x", n)
        root = derived("1/√(variance + eps)", scene.array("inv_std")[at], whole)
        formula = f"{entry('inv_std', n)} = 1/√(variance of the {count} values of sample {n} + {chosen(layer.eps)})"
        return Answer(formula, (part("root", root),))
    if scene.tensor != "x_hat":
        return None
    inv_std = scene.own("inv_std", *_one(at))
    formula = f"{entry('x_hat', *at)} = ({entry('x', *at)} − Σ x[{n}] / {count}) · {entry('inv_std', n)}"
    mean = part("mean", constant(f"−1/{count}", -1 / count), scene.own("x", *_sample(x.shape, n)), inv_std)
    return Answer(formula, (part("input", scene.own("x", *at), inv_std), mean))


@input_gradient_answer.register
def _(layer: BatchNorm, scene: Scene) -> Answer:
    at, c = scene.index, scene.index[1]
    count = scene.array("dy").size // scene.array("dy").shape[1]
    scale, share = (scene.parameter("weight", c), scene.kept("inv_std", c)), constant(f"−1/{count}", -1 / count)
    formula = (
        f"{by('x', *at)} = {entry('weight', c)} · {entry('inv_std', c)} · ({entry('dy', *at)} − "
        f"{entry('d_bias', c)}/{count} − {entry('x_hat', *at)} · {entry('d_weight', c)}/{count})"
    )
    direct = part(_PATHS[0], scene.own("dy", *at), *scale)
    # Σ dy and Σ dy · x̂ over the channel are the gradients of bias and weight: the layer uses them too.
    mean = part(_PATHS[1], share, scene.own("d_bias", c), *scale)
    variance = part(_PATHS[2], share, scene.own("d_weight", c), scene.kept("x_hat", *at), *scale)
    return Answer(formula, (direct, mean, variance))


@input_gradient_answer.register
def _(layer: LayerNorm, scene: Scene) -> Answer:
    at, shape = scene.index, scene.array("dy").shape
    count, all_of_it = math.prod(shape[1:]), _sample(shape, at[0])
    inv_std, share = scene.kept("inv_std", *_one(at)), constant(f"−1/{count}", -1 / count)
    formula = (
        f"{by('x', *at)} = {entry('inv_std', at[0])} · (g − Σ g[k]/{count} − {entry('x_hat', *at)} · "
        f"Σ g[k] · x_hat[k]/{count})"
    )
    each = (scene.own("dy", *all_of_it), scene.parameter("weight", *all_of_it[1:]))
    direct = part(_PATHS[0], scene.own("dy", *at), scene.parameter("weight", *at[1:]), inv_std)
    mean = part(_PATHS[1], share, *each, inv_std)
    along = (*each, scene.kept("x_hat", *all_of_it))
    variance = part(_PATHS[2], share, *along, scene.kept("x_hat", *at), inv_std)
    return Answer(formula, (direct, mean, variance), where=f"g = weight · dy; the sums are over sample {at[0]}")


def _one(index: tuple[int, ...]) -> tuple[int, ...]:
    """The place of a sample's own number, which keeps the axes of a sample with size 1."""
    return index[0], *(0 for _ in index[1:])


def _channel(shape: Shape, channel: int) -> tuple[int | Array, ...]:
    """Indices of everything that belongs to a channel."""
    if len(shape) == 2:
        return np.arange(shape[0]), channel
    n, h, w = (np.arange(size) for size in (shape[0], *shape[2:]))
    return n[:, None, None], channel, h[:, None], w


def _sample(shape: Shape, n: int) -> tuple[int | Array, ...]:
    """Indices of everything that belongs to a sample."""
    return n, *np.indices(shape[1:]).reshape(len(shape) - 1, -1)
