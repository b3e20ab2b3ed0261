"""The lines inside an update: from the gradient by way of the optimizer's memory to the step and the new values."""

import dataclasses
import math
from functools import singledispatch

import numpy as np

from core.clipping import ClipNorm, Clipping, ClipValue
from core.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSProp
from core.substeps.substep import SubStep, given
from core.tape import Record
from core.types import Array
from core.words import chosen

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclasses.dataclass(frozen=True)
class UpdateStep:
    """One parameter's update: its record, the learning rate then, how many updates that made (t), whence g came."""

    record: Record
    learning_rate: float
    updates: int
    penalised: bool  # whether a penalty added to its gradient
    clipping: Clipping

    def __getitem__(self, name: str) -> Array:
        return self.record.tensors[name]


def update_substeps(optimizer: Optimizer, update: UpdateStep) -> list[SubStep]:
    """The sub-steps of an update's record."""
    steps = [*_gradient(update), *_inside(optimizer, update)]
    after = SubStep("new θ", "θ ← θ − step", "The step is taken from each value.", given(update["after"]), "after")
    return [dataclasses.replace(step, per_sample=False, backward=True) for step in (*steps, after)]


def _line(name: str, formula: str, words: str, array: Array, result: str = "") -> SubStep:
    return SubStep(name, formula, words, given(array), result)


def _gradient(update: UpdateStep) -> list[SubStep]:
    """What the optimizer gets: the gradient of the loss, what a penalty adds, what clipping leaves of it."""
    came = "The gradient that came back" + (", and what the penalty adds." if update.penalised else ".")
    whole = "∂L/∂θ + ∂P/∂θ" if update.penalised else "∂L/∂θ"
    if "raw gradient" not in update.record.tensors:
        return [_line("g", f"g = {whole}", came, update["gradient"], "gradient")]
    return [
        _line("raw g", f"raw g = {whole}", came, update["raw gradient"], "raw gradient"),
        _line("g", *_clipped(update.clipping), update["gradient"], "gradient"),
    ]


def _clipped(clipping: Clipping) -> tuple[str, str]:
    """The formula and the sentence of clipping."""
    match clipping:
        case ClipNorm():
            words = "The gradient after clipping; ‖raw g‖ is the norm of the gradients of all parameters together."
            return f"g = raw g · {chosen(clipping.max_norm)} / (‖raw g‖ + 1e-6)", words
        case ClipValue():
            return f"g = raw g, limited to ±{chosen(clipping.limit)}", "The gradient after clipping."
    raise NotImplementedError(f"{clipping.title} does not say how it changes gradients")


@singledispatch
def _inside(optimizer: Optimizer, update: UpdateStep) -> list[SubStep]:
    """From the gradient to the step."""
    raise NotImplementedError


@_inside.register
def _(optimizer: SGD, update: UpdateStep) -> list[SubStep]:
    g, steps = update["gradient"], []
    if optimizer.weight_decay:
        g = g + optimizer.weight_decay * update["before"]
        steps.append(_decayed(optimizer.weight_decay, g))
    moved, name = g, "g"
    if optimizer.momentum:
        moved, name = update["velocity after"], "v"
        formula = f"v ← {chosen(optimizer.momentum)} · v + g"
        words = "The velocity: what is left of the last steps, and the gradient."
        steps.append(_line("v", formula, words, moved, "velocity after"))
        if optimizer.nesterov:
            moved, name = g + optimizer.momentum * moved, "ahead"
            formula = f"g + {chosen(optimizer.momentum)} · v"
            steps.append(_line("ahead", formula, "A look ahead along the new velocity.", moved))
    return [*steps, _step(update, name, moved * update.learning_rate)]


@_inside.register
def _(optimizer: Adagrad, update: UpdateStep) -> list[SubStep]:
    s = update["s after"]
    return [
        _line("s", "s ← s + g²", "The sum of all squared gradients so far.", s, "s after"),
        *_scaled(update, update["gradient"], "g", np.sqrt(s), f"√s + {chosen(optimizer.eps)}", optimizer.eps),
    ]


@_inside.register
def _(optimizer: RMSProp, update: UpdateStep) -> list[SubStep]:
    v, alpha = update["v after"], optimizer.alpha
    formula = f"v ← {chosen(alpha)} · v + {chosen(1 - alpha, 3)} · g²"
    return [
        _line("v", formula, "How large the squared gradients have been of late.", v, "v after"),
        *_scaled(update, update["gradient"], "g", np.sqrt(v), f"√v + {chosen(optimizer.eps)}", optimizer.eps),
    ]


@_inside.register
def _(optimizer: Adam, update: UpdateStep) -> list[SubStep]:
    steps, t = [], update.updates
    if optimizer.weight_decay:
        steps.append(_adam_decay(optimizer, update))
    m, v, beta1, beta2 = update["m after"], update["v after"], optimizer.beta1, optimizer.beta2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    root = np.sqrt(v) / math.sqrt(1 - beta2**t)
    mean = "The mean of the gradients of late, which forgets slowly."
    square = "The mean of their squares, which forgets more slowly."
    power = str(t).translate(_SUPERSCRIPTS)
    early = f"Corrected for having begun at 0, {t} update{'s' * (t != 1)} ago."
    return [
        *steps,
        _line("m", f"m ← {chosen(beta1)} · m + {chosen(1 - beta1, 3)} · g", mean, m, "m after"),
        _line("v", f"v ← {chosen(beta2)} · v + {chosen(1 - beta2, 3)} · g²", square, v, "v after"),
        _line("m̂", f"m̂ = m / (1 − {chosen(beta1)}{power})", early, m_hat),
        _line("v̂", f"v̂ = v / (1 − {chosen(beta2)}{power})", early, v_hat),
        *_scaled(update, m_hat, "m̂", root, f"√v̂ + {chosen(optimizer.eps)}", optimizer.eps),
    ]


def _adam_decay(optimizer: Adam, update: UpdateStep) -> SubStep:
    decay = optimizer.weight_decay
    if not isinstance(optimizer, AdamW):
        return _decayed(decay, update["gradient"] + decay * update["before"])
    formula = f"θ ← θ · (1 − {chosen(update.learning_rate, 3)} · {chosen(decay)})"
    words = "Every value shrinks a little by itself; the gradient has no part in it."
    return _line("decayed θ", formula, words, update["before"] * (1 - update.learning_rate * decay))


def _decayed(decay: float, gradient: Array) -> SubStep:
    words = "Weight decay: the larger a value, the harder it is pulled towards 0."
    return _line("g + decay", f"g ← g + {chosen(decay)} · θ", words, gradient)


def _scaled(update: UpdateStep, moved: Array, name: str, root: Array, formula: str, eps: float) -> list[SubStep]:
    """Division by the size of the gradients, then the step."""
    words = "How large the gradients have been; the small number keeps it above 0."
    return [
        _line("size", formula, words, root + eps),
        _step(update, f"{name} / size", update.learning_rate * moved / (root + eps)),
    ]


def _step(update: UpdateStep, moved: str, step: Array) -> SubStep:
    words = "Times the learning rate: how far each value moves."
    return _line("step", f"step = {chosen(update.learning_rate, 3)} · {moved}", words, step)
