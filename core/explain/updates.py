"""Updates: a parameter after the step as what it was before, plus parts: gradient, penalty, clipping, decay, memory.

The parts are named alike for all optimizers, so that they can be compared.
"""

import math

import numpy as np

from core.clipping import ClipNorm, ClipValue
from core.explain.dispatch import clipping_answer, memory_answer, update_answer
from core.explain.notation import entry
from core.explain.protocol import Answer, Factor, Part, Places, Region
from core.explain.scene import Scene, constant, derived, part
from core.optimizers import SGD, Adagrad, Adam, AdamW, RMSProp
from core.words import chosen

_RATE = "−learning rate"


@update_answer.register
def _(optimizer: SGD, scene: Scene) -> Answer:
    at, momentum = scene.index, optimizer.momentum
    rate, before = _rate(scene), scene.own("before", *at)
    ahead = (constant("1 + momentum", 1 + momentum),) if momentum and optimizer.nesterov else ()
    parts = [part("before", before)]
    parts += [part(label, rate, *ahead, factor) for label, factor in _gradients(scene)]
    if optimizer.weight_decay:
        parts.append(part("weight decay", rate, *ahead, constant("weight decay", optimizer.weight_decay), before))
    step = "g"
    if momentum:
        kept = constant("momentum", momentum)
        look = (kept,) if optimizer.nesterov else ()
        parts.append(part("momentum", rate, *look, kept, scene.own("velocity before", *at)))
        step = "(g + momentum · v)" if optimizer.nesterov else "v"
    letters = [f"v = {entry('velocity after', *at)}"] if momentum else []
    if not momentum or optimizer.nesterov:
        letters.append(_gradient(scene))
    formula = f"{_after(scene)} = {entry('before', *at)} − learning_rate · {step}"
    return Answer(formula, parts, where=", ".join(letters))


@memory_answer.register
def _(optimizer: SGD, scene: Scene, slot: str) -> Answer:
    at = scene.index
    before = scene.own("velocity before", *at)
    if not optimizer.momentum:
        formula = f"{_after(scene)} = {entry('velocity before', *at)}"
        return Answer(formula, (part("memory", before),), where="it is unused without momentum")
    parts = [
        part("memory", constant("momentum", optimizer.momentum), before),
        part("gradient", scene.own("gradient", *at)),
    ]
    if optimizer.weight_decay:
        decay = constant("weight decay", optimizer.weight_decay)
        parts.append(part("weight decay", decay, scene.own("before", *at)))
    formula = f"{_after(scene)} = momentum · {entry('velocity before', *at)} + g"
    return Answer(formula, parts, where=_gradient(scene))


@update_answer.register
def _(optimizer: Adagrad, scene: Scene) -> Answer:
    return _scaled_step(scene, "s", optimizer.eps)


@memory_answer.register
def _(optimizer: Adagrad, scene: Scene, slot: str) -> Answer:
    at = scene.index
    gradient = scene.own("gradient", *at)
    formula = f"{_after(scene)} = {entry('s before', *at)} + {entry('gradient', *at)}²"
    return Answer(formula, (part("memory", scene.own("s before", *at)), part("gradient²", gradient, gradient)))


@update_answer.register
def _(optimizer: RMSProp, scene: Scene) -> Answer:
    return _scaled_step(scene, "v", optimizer.eps)


@memory_answer.register
def _(optimizer: RMSProp, scene: Scene, slot: str) -> Answer:
    at, gradient = scene.index, scene.own("gradient", *scene.index)
    kept, new = constant("alpha", optimizer.alpha), constant("1 − alpha", 1 - optimizer.alpha)
    formula = f"{_after(scene)} = alpha · {entry('v before', *at)} + (1 − alpha) · {entry('gradient', *at)}²"
    return Answer(
        formula, (part("memory", kept, scene.own("v before", *at)), part("gradient²", new, gradient, gradient))
    )


def _scaled_step(scene: Scene, slot: str, eps: float) -> Answer:
    """θ − learning_rate · g / (√s + eps)."""
    at = scene.index
    after = scene.array(f"{slot} after")[at]
    scale = derived(f"1/(√{slot} + eps)", 1 / (np.sqrt(float(after)) + eps), _places(scene, f"{slot} after"))
    formula = f"{_after(scene)} = {entry('before', *at)} − learning_rate · {entry('gradient', *at)} / "
    formula += f"(√{entry(f'{slot} after', *at)} + eps)"
    step = [part(label, _rate(scene), factor, scale) for label, factor in _gradients(scene)]
    return Answer(formula, (part("before", scene.own("before", *at)), *step))


@update_answer.register
def _(optimizer: Adam, scene: Scene) -> Answer:
    at, before = scene.index, scene.own("before", *scene.index)
    t, root = scene.step.updates, math.sqrt(float(scene.array("v after")[at]))
    unbiased = constant("1/(1 − β₁ᵗ)", 1 / (1 - optimizer.beta1**t))
    size = root / math.sqrt(1 - optimizer.beta2**t) + optimizer.eps
    scale = derived("1/(√v/√(1 − β₂ᵗ) + eps)", 1 / size, _places(scene, "v after"))
    moment = _moment(optimizer, scene, _gradients(scene))
    *parts, memory = (part(one.label, _rate(scene), *one.factors, unbiased, scale) for one in moment)
    if isinstance(optimizer, AdamW):
        parts.append(part("weight decay", _rate(scene), constant("weight decay", optimizer.weight_decay), before))
    shrunk = " · (1 − learning_rate · weight_decay)" if isinstance(optimizer, AdamW) else ""
    formula = f"{_after(scene)} = {entry('before', *at)}{shrunk} − learning_rate · m̂ / (√v̂ + eps)"
    letters = f"m̂ = {entry('m after', *at)} / (1 − β₁ᵗ), v̂ = {entry('v after', *at)} / (1 − β₂ᵗ), t = {t}"
    return Answer(formula, (part("before", before), *parts, memory), where=letters)


@memory_answer.register
def _(optimizer: Adam, scene: Scene, slot: str) -> Answer:
    at = scene.index
    if slot == "m":
        formula = f"{_after(scene)} = β₁ · {entry('m before', *at)} + (1 − β₁) · g"
        terms = _moment(optimizer, scene, [("gradient", scene.own("gradient", *at))])
        return Answer(formula, terms, where=_gradient(scene))
    kept, new = constant("β₂", optimizer.beta2), constant("1 − β₂", 1 - optimizer.beta2)
    g = scene.own("gradient", *at)
    if optimizer.weight_decay and not isinstance(optimizer, AdamW):
        decayed = g.values + optimizer.weight_decay * scene.array("before")[at]
        g = derived("g + weight decay · θ", decayed, _places(scene, "gradient"), _places(scene, "before"))
    formula = f"{_after(scene)} = β₂ · {entry('v before', *at)} + (1 − β₂) · g²"
    parts = (part("memory", kept, scene.own("v before", *at)), part("gradient²", new, g, g))
    return Answer(formula, parts, where=_gradient(scene))


def _moment(optimizer: Adam, scene: Scene, gradients: list[tuple[str, Factor]]) -> list[Part]:
    """The terms of m; what was remembered is the last."""
    at, new = scene.index, constant("1 − β₁", 1 - optimizer.beta1)
    parts = [part(label, new, factor) for label, factor in gradients]
    if optimizer.weight_decay and not isinstance(optimizer, AdamW):
        decay = constant("weight decay", optimizer.weight_decay)
        parts.append(part("weight decay", new, decay, scene.own("before", *at)))
    return [*parts, part("memory", constant("β₁", optimizer.beta1), scene.own("m before", *at))]


def _gradients(scene: Scene) -> list[tuple[str, Factor]]:
    """The gradient the optimizer got, taken apart: of the loss, of the penalty, and what clipping changed."""
    at, step, name = scene.index, scene.step, scene.record.name
    raw = _raw(scene, scene.position)
    parts = [("gradient", scene.own(raw, *at))]
    position = step.penalty_position
    if position is not None and f"d_{name}" in step.tape.records[position].tensors:
        parameter = f"d_{name.split('.')[1]}"
        of_loss = scene.at(step.position("backward", scene.layer_index), parameter, *at)
        parts = [("gradient", of_loss), ("penalty", scene.at(position, f"d_{name}", *at, label=parameter))]
    if raw != "gradient":
        before, after = (scene.array(tensor)[at].astype(np.float64) for tensor in (raw, "gradient"))
        change = derived("clipped − raw", after - before, _places(scene, "gradient"), _places(scene, raw))
        parts.append(("clipping", change))
    return parts


@clipping_answer.register
def _(clipping: ClipNorm, scene: Scene) -> Answer:
    raw = {at: _raw(scene, at) for at in scene.step.update_positions.values()}
    arrays = (scene.step.tensor(at, name).astype(np.float64) for at, name in raw.items())
    scale = np.ones(1)
    clipping.clip(scale, math.sqrt(sum(float((array * array).sum()) for array in arrays)))
    everything = (Region(at, name, ()) for at, name in raw.items())
    factor = derived("max_norm / (‖g‖ + 1e-6)", scale, *everything)
    limit = chosen(clipping.max_norm)
    formula = f"{entry('gradient', *scene.index)} = {entry('raw gradient', *scene.index)} · {limit} / "
    formula += "(‖g‖ + 1e-6)"
    parts = (part("clipped", scene.own("raw gradient", *scene.index), factor),)
    return Answer(formula, parts, where="‖g‖ is the norm of the raw gradients of all parameters together")


@clipping_answer.register
def _(clipping: ClipValue, scene: Scene) -> Answer:
    raw = scene.own("raw gradient", *scene.index)
    limited = raw.values.copy()
    clipping.clip(limited, 0.0)
    same = limited == raw.values
    scale = np.where(same, 1.0, limited / np.where(same, 1.0, raw.values))
    formula = f"{entry('gradient', *scene.index)} = {entry('raw gradient', *scene.index)}"
    formula += "" if same.all() else f" · {chosen(clipping.limit)} / |g|"
    label = "1" if same.all() else "limit / |g|"
    parts = (part("clipped", raw, derived(label, scale, _places(scene, "raw gradient"))),)
    return Answer(formula, parts, where=f"every gradient is limited to ±{chosen(clipping.limit)}")


def _raw(scene: Scene, position: int) -> str:
    """The name of the gradient before clipping; where clipping changed nothing there is only one."""
    return "raw gradient" if "raw gradient" in scene.step.tape.records[position].tensors else "gradient"


def _rate(scene: Scene) -> Factor:
    return constant(_RATE, -scene.step.tape.learning_rate)


def _places(scene: Scene, tensor: str) -> Places:
    return scene.places(scene.position, tensor, *scene.index)


def _after(scene: Scene) -> str:
    return entry(scene.tensor, *scene.index)


def _gradient(scene: Scene) -> str:
    """What g stands for in the formula of an optimizer that may add weight decay to it."""
    decay = getattr(scene.step.optimizer, "weight_decay", 0) if not isinstance(scene.step.optimizer, AdamW) else 0
    more = f" + {chosen(decay)} · {entry('before', *scene.index)}" if decay else ""
    return f"g = {entry('gradient', *scene.index)}{more}"
