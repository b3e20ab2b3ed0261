"""Asks the right family about an entry of the tape, and hands on what only came from the record before."""

import numpy as np

from core.explain.dispatch import (
    clipping_answer,
    input_gradient_answer,
    kept_answer,
    loss_gradient_answer,
    memory_answer,
    output_answer,
    parameter_gradient_answer,
    penalty_answer,
    penalty_gradient_answer,
    probability_answer,
    sample_loss_answer,
    update_answer,
)
from core.explain.notation import by, entry
from core.explain.protocol import Answer, Explanation, Part, Place, PlaceError
from core.explain.scene import PENALTY, Scene, Step, constant, part
from core.explain.words import end_of, name_of, tensor_title
from core.types import Array
from core.words import layer_words


def explain(step: Step, place: Place) -> Explanation:
    """Where the number at a place comes from.

    Errors: PlaceError when there is no such record, tensor or entry
    """
    value, name = step.value(place), name_of(step, place)
    if place.record is None:
        formula = entry(tensor_title(step, place.tensor), *place.index)
        return Explanation(place, name, formula, value, end=end_of(step, place.tensor))
    answer = _answer(step.tape.records[place.record].phase, Scene(step, place.record, place.tensor, place.index))
    if answer is None:
        raise PlaceError(f"“{place.tensor}” is kept for backward and has no story of its own.")
    return Explanation(place, name, answer.formula, value, tuple(answer.parts), answer.end, answer.where)


def by_sample(step: Step, place: Place) -> Array:
    """The share of every sample of the batch in a parameter's gradient, or in the loss: (N,), which sum to it.

    Errors: PlaceError for a number that is not a sum over the samples
    """
    shares = np.zeros(len(step.tape.rows))
    for one in explain(step, place).parts:
        samples = _samples(one)
        if samples is None:
            raise PlaceError(f"{name_of(step, place)}: that is not a sum over the samples of the batch.")
        shares += np.bincount(samples, one.values, len(shares))
    return shares


def _samples(one: Part) -> Array | None:
    """The sample each term belongs to."""
    for factor in one.factors:
        if factor.places is not None and factor.places.tensor in {"dy", "per_sample"}:
            return factor.places.index[0]
    return None


def _answer(phase: str, scene: Scene) -> Answer | None:
    if phase == "forward":
        return _forward(scene)
    if phase == "backward":
        return _backward(scene)
    if phase == "update":
        return _update(scene)
    return _penalty(scene) if scene.record.name == PENALTY else _loss(scene)


def _forward(scene: Scene) -> Answer | None:
    layer = scene.step.layers[scene.layer_index]
    if scene.tensor == "y":
        return output_answer(layer, scene)
    if scene.tensor == "x":
        return _output_before(scene, scene.layer_index)
    return kept_answer(layer, scene)


def _output_before(scene: Scene, layer: int) -> Answer:
    """The input of layer number `layer`, or of the loss, is what the layer before it gave."""
    if layer == 0:
        return _handed_on(scene, None, "x", "of the data")
    position = scene.step.position("forward", layer - 1)
    return _handed_on(scene, position, "y", f"of {layer_words(layer - 1, scene.step.layers[layer - 1].title)}")


def _loss(scene: Scene) -> Answer:
    loss = scene.step.loss
    match scene.tensor:
        case "prediction":
            return _output_before(scene, len(scene.step.layers))
        case "target":
            return _handed_on(scene, None, "target", "of the data")
        case "dy":
            return loss_gradient_answer(loss, scene)
        case "per_sample":
            return sample_loss_answer(loss, scene)
        case "p":
            return probability_answer(loss, scene)
    samples = len(scene.step.tape.rows)
    share = constant(f"1/{samples}", 1 / samples)
    losses = scene.own("per_sample", np.arange(samples))
    return Answer(f"L = Σₙ loss of sample n / {samples}", (part("share of a sample", losses, share),))


def _penalty(scene: Scene) -> Answer:
    penalty, tensor = scene.step.penalty, scene.tensor
    if tensor == "value":
        return penalty_answer(penalty, scene)
    if tensor.startswith("d_"):
        return penalty_gradient_answer(penalty, scene, tensor.removeprefix("d_"))
    return _handed_on(scene, None, tensor, "before the step")


def _backward(scene: Scene) -> Answer:
    step, index = scene.step, scene.layer_index
    layer = step.layers[index]
    if scene.tensor == "dx":
        return input_gradient_answer(layer, scene)
    if scene.tensor not in scene.record.tensors:
        return _handed_on(scene, step.position("forward", index), scene.tensor, "of the way forward")
    if scene.tensor != "dy":
        return parameter_gradient_answer(layer, scene, scene.tensor.removeprefix("d_"))
    if index == len(step.layers) - 1:
        return _handed_on(scene, step.position("loss", index + 1), "dy", f"of the loss, {step.loss.title}")
    position = step.position("backward", index + 1)
    return _handed_on(scene, position, "dx", f"of {layer_words(index + 1, step.layers[index + 1].title)}")


def _update(scene: Scene) -> Answer:
    optimizer, tensor = scene.step.optimizer, scene.tensor
    if tensor == "before":
        return _handed_on(scene, None, scene.record.name, "before the step")
    if tensor == "after":
        return update_answer(optimizer, scene)
    if tensor.endswith(" after"):
        return memory_answer(optimizer, scene, tensor.removesuffix(" after"))
    if tensor.endswith(" before"):
        return Answer(entry(tensor, *scene.index), end="what the optimizer remembers of earlier steps")
    if tensor == "gradient" and "raw gradient" in scene.record.tensors:
        return clipping_answer(scene.step.clipping, scene)
    return _whole_gradient(scene)


def _whole_gradient(scene: Scene) -> Answer:
    """The gradient of the objective: of the loss, as backward gave it, and of the penalty."""
    step, at, name = scene.step, scene.index, scene.record.name
    parameter = f"d_{name.split('.')[1]}"
    of_loss = scene.at(step.position("backward", scene.layer_index), parameter, *at)
    formula = f"{entry(scene.tensor, *at)} = {by(name.split('.')[1], *at)}"
    position = step.penalty_position
    if position is None or f"d_{name}" not in step.tape.records[position].tensors:
        return Answer(formula, (part("loss", of_loss),))
    formula += f" + ∂P/∂{entry(name.split('.')[1], *at)}"
    of_penalty = scene.at(position, f"d_{name}", *at, label=parameter)
    return Answer(formula, (part("loss", of_loss), part("penalty", of_penalty)), where="P is the penalty")


def _handed_on(scene: Scene, record: int | None, tensor: str, whose: str) -> Answer:
    """The very same number, where it was made."""
    own, title = (tensor_title(scene.step, name) for name in (scene.tensor, tensor))
    # "dy = dy" would tell nothing: where both have the same name, what follows says whose it is.
    formula = entry(own, *scene.index) if own == title else f"{entry(own, *scene.index)} = {entry(title, *scene.index)}"
    same = part("the same number", scene.at(record, tensor, *scene.index, label=title))
    return Answer(formula, (same,), where=f"{title} is that {whose}")
