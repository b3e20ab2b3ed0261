"""The pictures of a loss: every sample's loss, sorted, how their mean arises, and one sample's way from its prediction
to its gradient, line by line as the loss computes it.
"""

import numpy as np

from app.panels.explain.gallery import Asked, Gallery, Losses
from app.panels.explain.jacobian import jacobian, jacobian_table
from app.panels.explain.table import Table
from app.plots.numbers import format_count, format_number
from core.explain import Place
from core.losses import CrossEntropy
from core.types import Array

MOST_CLASSES = 12
"""Classes that a table of classes shows; of more, those that matter."""

_LEFT_OUT = ("x − max", "p − q")  # lines of cross-entropy that differ from another column by a constant only


def loss_gallery(asked: Asked) -> Gallery:
    """The losses of the batch, with the sample of the number marked, and the table of that sample."""
    step, position = asked.step, asked.position
    losses = step.tensor(position, "per_sample")
    n = asked.index[0] if asked.index else asked.sample
    words = (
        f"The {format_count(len(losses))} losses add up to {format_number(float(losses.sum()))}; divided by "
        f"{format_count(len(losses))} that is {format_number(step.tape.loss)}, the loss."
    )
    if not asked.index:
        caption = "The loss of every sample, the largest first (click one to select it):"
        return Gallery(caption, losses=Losses(losses, n), words=words)
    mean = f"Sample {n} has a loss of {format_number(float(losses[n]))}. {words}"
    softmax = isinstance(step.loss, CrossEntropy) and asked.tensor in ("dy", "p", "prediction")
    return Gallery(
        _caption(asked, n),
        tables=(_sample_table(asked, n), *([_softmax_jacobian(asked)] if softmax else [])),
        losses=Losses(losses, n),
        proof=_entry_words(asked),
        words=mean,
    )


def _caption(asked: Asked, n: int) -> str:
    if isinstance(asked.step.loss, CrossEntropy):
        if asked.tensor == "p":
            return f"Sample {n}, class by class: the exponentials of logit − max, divided by their sum Σ, are p:"
        return (
            f"Sample {n}, class by class: softmax makes probabilities p of the logits, q is the truth, and dy is "
            "(p − q) / N. The Jacobian of the softmax says why (below):"
        )
    return f"Sample {n}, from its prediction to its gradient:"


def _sample_table(asked: Asked, n: int) -> Table:
    """A row an output; the columns are the loss's own lines of calculation."""
    record, position = asked.record, asked.position
    prediction, target = record.tensors["prediction"], record.tensors["target"]
    shown_as = {"logits": "logit", "probabilities": "p"}.get(asked.step.loss.takes, "y")
    columns: dict[str, Array] = {shown_as: prediction[n]}
    if target.shape == prediction.shape:
        columns["t"] = target[n]
    lines = asked.lines(position)
    for line in lines.values():
        if line.name not in _LEFT_OUT and line.tensor.shape == prediction.shape:
            columns["dy" if line.result == "dy" else line.name] = line.tensor[n]
    asked_class = asked.index[1] if len(asked.index) > 1 else None
    true = int(target[n]) if target.ndim == 1 else None
    chosen = chosen_classes(prediction[n], asked_class, true)
    values = np.stack(list(columns.values()), axis=1)[chosen].astype(np.float64)
    rows, sums = tuple(f"{c} ✓" if c == true else str(c) for c in chosen), 0
    if "Σ exp" in lines:
        values, rows, sums = with_sum(values, [*columns].index("exp"), lines["Σ exp"].tensor[n]), (*rows, "Σ"), 1
    tensors = {"t": "target", "q": "target", "dy": "dy"} | ({"p": "p"} if "p" in asked.step.of_loss else {})

    def place(row: int, column: int) -> Place | None:
        c = chosen[row] if row < len(chosen) else None
        tensor = tensors.get([*columns][column], "prediction")
        if tensor == "target":
            index: tuple[int, ...] = (n,) if target.ndim == 1 or c is None else (n, c)
            return Place(position, tensor, index)
        return None if c is None else Place(position, tensor, (n, c))

    shown = {"dy": "dy", "p": "p", "target": "t"}.get(asked.tensor, shown_as)
    marked = None if asked_class is None else (chosen.index(asked_class), [*columns].index(shown))
    return Table("loss", values, rows, (*columns,), place, marked, by_column=True, moves=True, sums=sums)


def _softmax_jacobian(asked: Asked) -> Table:
    """How the probabilities answer to the logits: framed the column of a probability, or the row of a logit and in it
    what the true class adds.
    """
    n, c = asked.index
    true = int(asked.record.tensors["target"][n])
    chosen = chosen_classes(asked.record.tensors["prediction"][n], c, true)
    row, column, last = chosen.index(c), chosen.index(true), len(chosen) - 1

    def place(i: int, k: int) -> Place:
        return Place(asked.position, asked.tensor, (n, chosen[k if asked.tensor == "p" else i]))

    of_logit = ((row, 0, row, last), (row, column, row, column))
    frames = ((0, row, last, row),) if asked.tensor == "p" else of_logit
    return jacobian_table(asked.lines(asked.position)["p"].tensor[n], chosen, "p", place, frames)


def chosen_classes(scores: Array, asked: int | None, true: int | None = None) -> list[int]:
    """The classes a table shows: all, or the asked one, the true one and those with the largest scores."""
    if len(scores) <= MOST_CLASSES:
        return list(range(len(scores)))
    first = dict.fromkeys([c for c in (asked, true) if c is not None] + np.argsort(-scores).tolist())
    return sorted(list(first)[:MOST_CLASSES])


def with_sum(values: Array, column: int, total: float) -> Array:
    """A row below the others that holds one sum and nothing else."""
    row = np.full((1, values.shape[1]), np.nan)
    row[0, column] = total
    return np.concatenate([values, row])


def _entry_words(asked: Asked) -> str:
    """For an entry of cross-entropy's probabilities or gradient: how it arises, with its numbers."""
    if asked.tensor not in ("dy", "p") or not isinstance(asked.step.loss, CrossEntropy):
        return ""
    n, c = asked.index
    lines = asked.lines(asked.position)
    numbers = {name: format_number(float(lines[name].tensor[n, c])) for name in ("exp", "p", "q")}
    total = format_number(float(lines["Σ exp"].tensor[n]))
    share = f"p[{c}] = {numbers['exp']} / {total} = {numbers['p']}."
    if asked.tensor == "p":
        return share
    samples = format_count(len(asked.record.tensors["target"]))
    combined = f"({numbers['p']} − {numbers['q']}) / {samples} = {format_number(asked.explanation.value)}"
    return f"{share}\n\n{_why(asked, n, c, samples)}\n\nSo dy[{n}, {c}] = (p − q) / N = {combined}."


def _why(asked: Asked, n: int, c: int, samples: str) -> str:
    """Why p − q is left of the Jacobian and of the slope of the logarithm, with the numbers of one logit."""
    p, q = (asked.lines(asked.position)[name].tensor[n].astype(np.float64) for name in ("p", "q"))
    row, true = jacobian(p)[c], int(asked.record.tensors["target"][n])
    intro = (
        f"Why: the loss is −Σₖ q[k] · log p[k], so it changes by −q[k]/p[k] per unit of p[k], and p[k] changes by "
        f"row {c} of the Jacobian per unit of logit {c}."
    )
    if not p.all():
        none = format_count(int(np.count_nonzero(p == 0)))
        return (
            f"{intro} Here {none} of the p are so small that they are rounded to 0, and −q/p cannot be computed: one "
            "more reason to compute p − q, in which p cancels."
        )
    products = row * -q / p
    slope, entry = -q[true] / p[true], row[true]
    first = f"{format_number(entry)} · ({format_number(slope)}) = {format_number(products[true])}"
    own = f"p[{c}] · (1 − p[{c}])" if c == true else f"−p[{c}] · p[{true}]"
    name = f"∂p[{true}]/∂x[{c}]"
    if not asked.step.loss.spec().get("label_smoothing"):
        left = f"p[{c}] − 1" if c == true else f"p[{c}]"
        return (
            f"{intro} Only the true class {true} has q = 1: {name} · (−1/p[{true}]) = {first}, divided by {samples}. "
            f"As {name} = {own}, p[{true}] cancels, and {left} is left, which is p[{c}] − q[{c}]."
        )
    others = format_number(float(products.sum() - products[true]))
    return (
        f"{intro} With label smoothing every class counts. The true class {true} gives {name} · (−q[{true}]/p[{true}]) "
        f"= {first}, all others together {others}; that is {format_number(float(products.sum()))}, divided by "
        f"{samples}. In each product p[k] cancels: q[k] · p[{c}] is left of every class and −q[{c}] of class {c} "
        f"itself, and as all q add up to 1, that is p[{c}] − q[{c}]."
    )
