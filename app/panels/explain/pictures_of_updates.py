"""The pictures of an update: which parts the step consists of, and what the optimizer's memory is made of."""

import math

from app.panels.explain.gallery import Asked, Gallery, behind
from app.panels.explain.stack import Bar, Stack
from app.plots.numbers import Precision, format_number, format_share
from core.explain import Part
from core.optimizers import AdamW

_COLORS = {
    "gradient": "backward",
    "gradient²": "backward",
    "loss": "backward",
    "penalty": "loss",
    "clipping": "backward:45",
    "weight decay": "muted",
    "momentum": "update:60",
    "memory": "update:60",
}
_MEMORIES = ("momentum", "memory")
_ROOT = "1/(√"  # how the labels of factors begin that divide by the size of the gradients so far
_MOST_DIGITS = 9
_SHARES = 1000


def update_gallery(asked: Asked) -> Gallery:
    """A parameter after the step as its step, stacked; other numbers of an update wherever they have parts."""
    parts = [part for part in asked.explanation.parts if part.label != "before"]
    if asked.tensor == "after":
        return _step_gallery(asked, parts)
    if len(parts) < 2:
        return Gallery()
    stack = Stack(_bars(parts), asked.tensor, "update" if asked.tensor.endswith(" after") else "backward")
    return Gallery(f"The parts of this number, one on top of the other:{_empty(parts)}", stack)


def _step_gallery(asked: Asked, parts: list[Part]) -> Gallery:
    stack = Stack(_bars(parts), "step", "update", "the dotted line is the value before")
    tensors = asked.record.tensors
    before, after = (float(tensors[name][asked.index]) for name in ("before", "after"))
    digits = _telling_digits(before, after)
    caption = (
        f"Before {format_number(before, digits)} → after {format_number(after, digits)}: the step "
        f"{format_number(stack.total)}, on a scale of its own, consists of:"
    )
    if stack.total and abs(after - before - stack.total) > 0.01 * abs(stack.total):
        caption += f" (rounded to {tensors['after'].dtype}, the value moved by {format_number(after - before)})"
    words = [_direction(asked, stack), _shares(stack), _empty(parts), _scaling(parts)]
    if isinstance(asked.step.optimizer, AdamW):
        words.append("AdamW's weight decay shrinks the value itself and is not divided.")
    return Gallery(caption, stack, words=" ".join(sentence.strip() for sentence in words if sentence))


def _bars(parts: list[Part]) -> tuple[Bar, ...]:
    return tuple(Bar(part.label, float(part.values.sum()), behind(part), _COLORS[part.label]) for part in parts)


def _telling_digits(before: float, after: float) -> int:
    """As many digits as it takes to see the difference, and one more to see its size."""
    for digits in range(Precision.digits, _MOST_DIGITS):
        if before == after or format_number(before, digits) != format_number(after, digits):
            return digits + (digits > Precision.digits)
    return _MOST_DIGITS


def _direction(asked: Asked, stack: Stack) -> str:
    """Why the value goes up or down: which way the gradient of the loss pushes, and whether the rest is stronger."""
    record = asked.step.tape.records[asked.step.position("backward", asked.record.index)]
    gradient, step = float(record.tensors[f"d_{asked.record.name.partition('.')[2]}"][asked.index]), stack.total
    if not (math.isfinite(gradient) and math.isfinite(step)):
        return ""
    goes = "up" if step > 0 else "down"
    if gradient == 0:
        return f"The gradient of the loss is 0 and does not push{f'; the rest moves it {goes}' if step else ''}."
    sign, size, pushes = ("negative", "smaller", "up") if gradient < 0 else ("positive", "larger", "down")
    words = f"The gradient of the loss is {sign}: a larger value would make the loss {size}, so it pushes {pushes}"
    return f"{words}; what else pushes is stronger, and the value goes {goes}." if gradient * step > 0 else f"{words}."


def _shares(stack: Stack) -> str:
    """How much of what pushes is today's gradient, how much memory, and what pushes the other way."""
    pushes = [bar for bar in stack.bars if bar.value]
    whole = sum(abs(bar.value) for bar in pushes)
    if len(pushes) < 2 or not whole < float("inf"):
        return ""
    words = []
    for bar in pushes:
        share = format_share(max(1, round(_SHARES * abs(bar.value) / whole)), _SHARES)
        against = " against the step" if bar.value * stack.total < 0 else ""
        words.append(f"{bar.label} {share}{against}")
    return f"Of all that pushes: {', '.join(words)}."


def _empty(parts: list[Part]) -> str:
    """That there is nothing to remember yet."""
    memory = next((part for part in parts if part.label in _MEMORIES), None)
    if memory is None or memory.values.any():
        return ""
    return " The memory was still empty, as before the first step."


def _scaling(parts: list[Part]) -> str:
    """By what Adagrad, RMSProp and Adam multiply."""
    scales = {
        part.label: float(factor.values[0])
        for part in parts
        for factor in part.factors
        if factor.label.startswith(_ROOT)
    }
    if not scales:
        return ""
    label = next(f.label for part in parts for f in part.factors if f.label.startswith(_ROOT))
    *first, last = scales
    names = f"{', '.join(first)} and {last} are" if first else f"{last} is"
    return (
        f"{names[0].upper()}{names[1:]} multiplied by {label} = {format_number(next(iter(scales.values())))}: "
        "the smaller the gradients so far, the larger."
    )
