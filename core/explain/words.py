"""What a place is called in words; layers are counted from 1 as in the window, everything inside them from 0."""

from core.explain.protocol import Place
from core.explain.scene import PENALTY, Step
from core.layers.base import Layer
from core.layers.dense import Dense
from core.layers.normalization import BatchNorm
from core.tape import Record
from core.words import layer_words, numbered_title

_KEPT = {"x_hat": "normalised input", "mask": "mask at input", "gate": "gate of input", "t": "t of input"}
_BY_CHANNEL = {"mean": "mean", "variance": "variance", "inv_std": "1/√(variance + eps)"}


def name_of(step: Step, place: Place) -> str:
    """The name of an entry: "how much the loss changes per unit of weight 3→7 of layer 2"."""
    tensor, index = place.tensor, place.index
    if place.record is None:
        return _outside(step, tensor, index)
    record = step.tape.records[place.record]
    if record.phase == "update":
        return _update(step, record, tensor, index)
    if record.name == PENALTY and record.phase == "loss":
        return _penalty(step, tensor, index)
    if record.phase == "loss":
        return _loss(step, tensor, index)
    layer = step.layers[record.index]
    whose = f"of {layer_words(record.index, layer.title)}"
    if tensor not in record.tensors and record.phase == "backward":
        return f"{name_of(step, Place(step.position('forward', record.index), tensor, index))}, kept for the way back"
    if record.phase == "backward" and tensor not in {"dx", "dy"}:
        return f"how much the loss changes per unit of {parameter(step, _parameter(record, tensor), index)}"
    if tensor.endswith(" after"):
        return f"{_statistic(record.index, tensor.removesuffix(' after'), index)}, after the step"
    if tensor in _BY_CHANNEL and record.phase == "forward":
        group = f"channel {index[0]} over the batch" if isinstance(layer, BatchNorm) else f"sample {index[0]}"
        return f"{_BY_CHANNEL[tensor]} of {group}, {layer_words(record.index, layer.title)}"
    what = {"x": "input", "y": "output", "dx": "input", "dy": "output"}.get(tensor) or _KEPT.get(tensor, tensor)
    entry = f"{what} {position(index[1:])} {whose}, for sample {index[0]}"
    return f"how much the loss changes per unit of {entry}" if record.phase == "backward" else entry


def tensor_title(step: Step, tensor: str) -> str:
    """A tensor from outside the step as cards call it: "1 · Conv2D.weight" for "0.weight"."""
    layer, _, own = tensor.partition(".")
    return f"{numbered_title(int(layer), step.layers[int(layer)].title)}.{own}" if own else tensor


def end_of(step: Step, tensor: str) -> str:
    """What lies outside the step."""
    if tensor in step.tape.params_before:
        moved = "" if step.tape.refused else "; its update, at the end of the tape, says what becomes of it"
        return f"a parameter as it was before this step{moved}"
    if tensor in step.tape.buffers_before:
        return "a running statistic as it was before this step"
    return "the data: what the network is asked" if tensor == "x" else "the data: the answer that is wanted"


def position(index: tuple[int, ...]) -> str:
    """ "5" in a vector, "(channel 2, row 0, column 4)" in an image."""
    if len(index) == 3:
        return "(channel {}, row {}, column {})".format(*index)
    return ", ".join(str(axis) for axis in index)


def parameter(step: Step, name: str, index: tuple[int, ...]) -> str:
    """ "weight 3→7 of layer 2", "bias 4 of layer 1", "weight (filter 1, channel 0, row 2, column 2) of layer 1"."""
    number, kind = name.split(".")
    layer: Layer = step.layers[int(number)]
    of_layer = f"of {layer_words(int(number))}"
    if isinstance(layer, Dense) and len(index) == 2:
        return f"{kind} {index[1]}→{index[0]} {of_layer}"
    if len(index) == 4:
        return f"{kind} (filter {index[0]}, channel {index[1]}, row {index[2]}, column {index[3]}) {of_layer}"
    return f"{kind} {position(index)} {of_layer}, {layer.title}"


def _outside(step: Step, tensor: str, index: tuple[int, ...]) -> str:
    if tensor in step.tape.params_before:
        return f"{parameter(step, tensor, index)}, before the step"
    if tensor in step.tape.buffers_before:
        number, statistic = tensor.split(".")
        return f"{_statistic(int(number), statistic, index)}, before the step"
    sample = f"sample {index[0]} (row {int(step.tape.rows[index[0]])} of the training data)"
    if tensor == "x":
        return f"value {position(index[1:])} of {sample}"
    return f"target {position(index[1:])} of {sample}" if len(index) > 1 else f"target of {sample}"


def _statistic(layer: int, name: str, index: tuple[int, ...]) -> str:
    return f"{name} of channel {index[0]} of {layer_words(layer)}"


def _loss(step: Step, tensor: str, index: tuple[int, ...]) -> str:
    match tensor:
        case "value":
            return f"the loss of the batch, {step.loss.title}"
        case "per_sample":
            return f"the loss of sample {index[0]}"
        case "target":
            return (
                f"target {position(index[1:])} of sample {index[0]}"
                if len(index) > 1
                else f"target of sample {index[0]}"
            )
        case "p":
            return f"the probability the network gives to {_answer(step, index[1])} for sample {index[0]}"
    prediction = f"prediction {position(index[1:])} for sample {index[0]}"
    return f"how much the loss changes per unit of {prediction}" if tensor == "dy" else prediction


def _answer(step: Step, output: int) -> str:
    """What an output of the network is the probability of; a single one is that of class 1."""
    if step.loss.class_targets:
        return f"class {output}"
    return f"output {output}" if step.tape.target.shape[1] > 1 else "class 1"


def _penalty(step: Step, tensor: str, index: tuple[int, ...]) -> str:
    if tensor == "value":
        return f"the penalty on all weights, {step.penalty.title}"
    weight = parameter(step, tensor.removeprefix("d_"), index)
    return f"how much the penalty changes per unit of {weight}" if tensor.startswith("d_") else weight


def _update(step: Step, record: Record, tensor: str, index: tuple[int, ...]) -> str:
    name = parameter(step, record.name, index)
    match tensor:
        case "before" | "after":
            return f"{name}, {tensor} the step"
        case "gradient":
            return f"the gradient of {name}, as the optimizer got it"
        case "raw gradient":
            return f"the gradient of {name}, before clipping"
    slot, when = tensor.rsplit(" ", 1)
    return f"the optimizer's {slot} of {name}, {when} the step"


def _parameter(record: Record, tensor: str) -> str:
    return f"{record.index}.{tensor.removeprefix('d_')}"
