"""Losses: how the loss of a sample arises, and the gradient with which backpropagation begins.

Values come from the losses' own functions, asked for one sample or one entry.
"""

import numpy as np

from core.explain.activations import sigmoid_answer, softmax_answer
from core.explain.dispatch import loss_gradient_answer, probability_answer, sample_loss_answer
from core.explain.notation import by, entry
from core.explain.protocol import Answer, Factor, Places, Region
from core.explain.scene import Scene, constant, derived, part
from core.losses import MAE, MSE, BCEWithLogits, BinaryCrossEntropy, CrossEntropy, Hinge, Huber, Loss
from core.losses import NegativeLogLikelihood as NLL
from core.types import Array
from core.words import chosen

_EACH: dict[type[Loss], str] = {
    MSE: "(y − t)²",
    MAE: "|y − t|",
    Huber: "½ (y − t)², beyond delta a line",
    BinaryCrossEntropy: "−t · log y − (1 − t) · log(1 − y)",
    BCEWithLogits: "−t · log σ(y) − (1 − t) · log(1 − σ(y))",
}
_SLOPES: dict[type[Loss], str] = {
    MAE: "sign(y − t)",
    Huber: "y − t, limited to ±delta",
    BinaryCrossEntropy: "(y − t) / (y · (1 − y))",
}


@sample_loss_answer.register(MSE)
@sample_loss_answer.register(MAE)
@sample_loss_answer.register(Huber)
@sample_loss_answer.register(BinaryCrossEntropy)
@sample_loss_answer.register(BCEWithLogits)
def _(loss: Loss, scene: Scene) -> Answer:
    (n,) = scene.index
    y, t = scene.array("prediction")[n], scene.array("target")[n]
    o = np.arange(len(y))
    text = _EACH[type(loss)]
    each = loss.per_sample(y[:, None], t[:, None])
    factor = derived(text, each, *(scene.places(scene.position, name, n, o) for name in ("prediction", "target")))
    if isinstance(loss, Huber):
        text = "h(y − t)"
    # Only what is a sum itself needs brackets behind Σ.
    formula = f"loss of sample {n} = Σₒ {f'({text})' if text.startswith('−') else text} / {len(y)}"
    more = f"; h(d) = ½ d², beyond ±{chosen(loss.delta)} a line" if isinstance(loss, Huber) else ""
    where = f"y = {entry('prediction', n, 'o')}, t = {entry('target', n, 'o')}{more}"
    return Answer(formula, (part("output", factor, constant(f"1/{len(y)}", 1 / len(y))),), where=where)


@loss_gradient_answer.register(MAE)
@loss_gradient_answer.register(Huber)
@loss_gradient_answer.register(BinaryCrossEntropy)
def _(loss: Loss, scene: Scene) -> Answer:
    at, text = scene.index, _SLOPES[type(loss)]
    y, t = (scene.array(name)[at].reshape(1, 1) for name in ("prediction", "target"))
    _, slope = loss.value_and_gradient(y, t)
    factor = derived(text, slope, *(scene.places(scene.position, name, *at) for name in ("prediction", "target")))
    where = f"slope = {text}, y = {entry('prediction', *at)}, t = {entry('target', *at)}"
    where += f", delta = {chosen(loss.delta)}" if isinstance(loss, Huber) else ""
    return Answer(
        f"{by('prediction', *at)} = slope / {_size(scene)}", (part("slope", factor, _share(scene)),), where=where
    )


@loss_gradient_answer.register
def _(loss: MSE, scene: Scene) -> Answer:
    at = scene.index
    formula = f"{by('prediction', *at)} = 2 · ({entry('prediction', *at)} − {entry('target', *at)}) / {_size(scene)}"
    two = constant("2", 2)
    less = part("target", constant("−2", -2), scene.own("target", *at), _share(scene))
    return Answer(formula, (part("prediction", two, scene.own("prediction", *at), _share(scene)), less))


@loss_gradient_answer.register
def _(loss: BCEWithLogits, scene: Scene) -> Answer:
    at = scene.index
    formula = f"{by('prediction', *at)} = (σ({entry('prediction', *at)}) − {entry('target', *at)}) / {_size(scene)}"
    less = part("target", constant("−1", -1), scene.own("target", *at), _share(scene))
    return Answer(formula, (part("probability", scene.own("p", *at), _share(scene)), less))


@probability_answer.register
def _(loss: BCEWithLogits, scene: Scene) -> Answer:
    return sigmoid_answer(scene, "prediction", scene.array("p")[scene.index])


@sample_loss_answer.register
def _(loss: CrossEntropy, scene: Scene) -> Answer:
    (n,) = scene.index
    x = scene.array("prediction")[n]
    c = np.arange(len(x))
    # The loss of a sample whose true class is c, without smoothing, is −log p[c].
    surprise = CrossEntropy().per_sample(np.broadcast_to(x, (len(x), len(x))), c)
    factor = derived("−log p", surprise, *_row(scene, n))
    where = f"p = softmax of {entry('prediction', n)}, {_truth(loss)}"
    parts = (part("class", _wanted(loss, scene, n, c), factor),)
    return Answer(f"loss of sample {n} = Σ_c q[c] · (−log p[c])", parts, where=where)


@loss_gradient_answer.register
def _(loss: CrossEntropy, scene: Scene) -> Answer:
    n, c = scene.index
    samples = len(scene.array("target"))
    over, less = constant(f"1/{samples}", 1 / samples), constant(f"−1/{samples}", -1 / samples)
    parts = (part("probability", scene.own("p", n, c), over), part("target", _wanted(loss, scene, n, c), less))
    where = f"p = softmax of the prediction, {_truth(loss)}"
    return Answer(
        f"{by('prediction', n, c)} = ({entry('p', n, c)} − {entry('q', n, c)}) / {samples}", parts, where=where
    )


@probability_answer.register
def _(loss: CrossEntropy, scene: Scene) -> Answer:
    return softmax_answer(scene, "prediction")


def _truth(loss: CrossEntropy) -> str:
    smoothed = f", smoothed by {chosen(loss.label_smoothing)}" if loss.label_smoothing else ""
    return f"q = 1 for the true class, otherwise 0{smoothed}"


def _wanted(loss: CrossEntropy, scene: Scene, n: int, c: int | Array) -> Factor:
    """What the probability should be, q."""
    classes = scene.array("prediction").shape[1]
    hit = np.asarray(scene.array("target")[n] == c, np.float64)
    q = (1 - loss.label_smoothing) * hit + loss.label_smoothing / classes
    return derived("q", q, scene.places(scene.position, "target", n))


@sample_loss_answer.register
def _(loss: NLL, scene: Scene) -> Answer:
    (n,) = scene.index
    t = int(scene.array("target")[n])
    value = loss.per_sample(scene.array("prediction")[n : n + 1], scene.array("target")[n : n + 1])
    places = (scene.places(scene.position, "prediction", n, t), scene.places(scene.position, "target", n))
    parts = (part("true class", derived("−log p", value, *places)),)
    return Answer(f"loss of sample {n} = −log {entry('prediction', n, t)}", parts, where=f"{t} is the true class")


@loss_gradient_answer.register
def _(loss: NLL, scene: Scene) -> Answer:
    n, c = scene.index
    samples, t = len(scene.array("target")), int(scene.array("target")[n])
    _, slope = loss.value_and_gradient(scene.array("prediction")[n : n + 1], scene.array("target")[n : n + 1])
    places = (scene.places(scene.position, "prediction", n, c), scene.places(scene.position, "target", n))
    why = "−1 / p" if c == t else "0, not the true class"
    how = f"−1 / {entry('prediction', n, c)} / {samples}" if c == t else f"0 / {samples}"
    parts = (part("slope", derived(why, slope[0, c], *places), constant(f"1/{samples}", 1 / samples)),)
    return Answer(f"{by('prediction', n, c)} = {how}", parts, where=f"{t} is the true class")


@sample_loss_answer.register
def _(loss: Hinge, scene: Scene) -> Answer:
    (n,) = scene.index
    others, shortfall, t, classes = _shortfalls(loss, scene, n)
    formula = f"loss of sample {n} = Σ max(0, {chosen(loss.margin)} − {entry('prediction', n, t)} + "
    formula += f"{entry('prediction', n, 'c')}) / {classes}"
    factor = derived("shortfall", shortfall, *_pair(scene, n, others, t))
    parts = (part("other class", factor, constant(f"1/{classes}", 1 / classes)),)
    return Answer(formula, parts, where=f"the sum is over the classes c other than {t}, the true one")


@loss_gradient_answer.register
def _(loss: Hinge, scene: Scene) -> Answer:
    n, c = scene.index
    others, shortfall, t, _ = _shortfalls(loss, scene, n)
    within, which = (shortfall > 0).astype(np.float64), np.flatnonzero(others == c) if c != t else slice(None)
    sign = constant("−1", -1) if c == t else constant("1", 1)
    count, meaning = (
        ("−k", "k = how many other classes are within the margin of the true one")
        if c == t
        else ("k", "k = 1 where this class is within the margin of the true one, otherwise 0")
    )
    formula = f"{by('prediction', n, c)} = {count} / {_size(scene)}"
    factor = derived("1 within the margin, otherwise 0", within[which], *_pair(scene, n, others[which], t))
    return Answer(formula, (part("class", sign, factor, _share(scene)),), where=meaning)


def _shortfalls(loss: Hinge, scene: Scene, n: int) -> tuple[Array, Array, int, int]:
    """The other classes, by how much the true one fails to lead each by the margin, the true class, all classes."""
    x, t = scene.array("prediction")[n], int(scene.array("target")[n])
    others = np.delete(np.arange(len(x)), t)
    # Between two classes the loss is half the shortfall.
    pairs = np.stack([np.full(len(others), x[t]), x[others]], axis=1)
    return others, 2 * loss.per_sample(pairs, np.zeros(len(others), np.int64)), t, len(x)


def _pair(scene: Scene, n: int, others: Array, t: int) -> tuple[Places, ...]:
    return (
        scene.places(scene.position, "prediction", n, others),
        scene.places(scene.position, "prediction", n, t),
        scene.places(scene.position, "target", n),
    )


def _row(scene: Scene, n: int) -> tuple[Region]:
    return (scene.region("prediction", n, slice(None)),)


def _size(scene: Scene) -> int:
    return scene.array("prediction").size


def _share(scene: Scene) -> Factor:
    return constant(f"1/{_size(scene)}", 1 / _size(scene))
