"""What the panels ask of the document: the tensors the cursor has reached, and what to say of those it has not.

Every answer is an array or a sentence for the person; so no panel can show a number before the tape gets there.
"""

import dataclasses

import numpy as np

from app.document.document import Document
from core.explain.protocol import Place
from core.norms import update_ratio
from core.substeps import SubStep
from core.tape import Record
from core.types import Array, shape_text
from core.words import plural

FORWARD_MISSING = "The forward pass has not reached this layer yet: press Next layer."
LOSS_MISSING = "The forward pass has not reached the loss yet: press Next layer."
BACKWARD_MISSING = "The backward pass has not reached this layer yet: press Next layer."
UPDATE_MISSING = "This step has not updated {} yet: press Next layer."
NOT_NEEDED = "No gradient is computed here: no layer before it has anything to learn."

NORM_HELP = "A norm is the root of the sum of the squares of all entries."
RATIO_HELP = "update/parameter is the norm of after − before, divided by the norm of before."


@dataclasses.dataclass(frozen=True, eq=False)
class Inside:
    """The sub-step that is shown of a layer's record, where the record's own tensors would stand otherwise."""

    line: SubStep
    words: str  # "sub-step 3 of 7 · x̂: …", so that nobody takes it for what the layer gives
    parameter: str  # "0.weight" where it is about a parameter, otherwise empty
    color: str  # of the direction, as a field of the theme
    place: int  # of the record on the tape

    @property
    def about_values(self) -> bool:
        """Whether it is on the way to what the layer gives, rather than on the way back or to a parameter."""
        return not (self.line.backward or self.parameter)

    def index_of(self, place: Place | None) -> tuple[int, ...] | None:
        """The entry of what is shown that stands at a place on the tape."""
        is_here = place is not None and (place.record, place.tensor) == (self.place, self.line.result)
        return place.index if place is not None and is_here else None


def inside(document: Document, index: int) -> Inside | None:
    """The sub-step that is shown, if its record is one of layer number `index`."""
    walk, record = document.walk, document.record
    line = walk.substep
    if line is None or record is None or record.index != index:
        return None
    parameter = record.name if record.phase == "update" else ""
    if record.phase == "backward" and line.leads_to.startswith("d_"):
        parameter = f"{index}.{line.leads_to.removeprefix('d_')}"
    words = f"sub-step {walk.position + 1} of {len(walk.substeps)} · {line.name}: {line.formula}"
    return Inside(line, words, parameter, record.phase, document.cursor - 1)


def layer_note(document: Document, index: int) -> str:
    """A layer's size in words, which stand beside its title: "8 units · 24 parameters"."""
    network = document.network
    if network is None:
        return ""
    if index < 0:
        return f"{document.data.title} · {shape_text(network.input_shape)}"
    if index >= len(network.layers):
        return network.loss.title
    layer = network.layers[index]
    weight = layer.params.get("weight")
    if weight is not None and weight.ndim == 2:
        size = plural(len(weight), "unit")
    elif weight is not None and weight.ndim == 4:
        size = f"{plural(len(weight), 'filter')} {shape_text(weight.shape[2:])}"
    else:
        size = f"{shape_text(network.shapes[index])} out"
    count = sum(param.size for param in layer.params.values())
    return f"{size} · {plural(count, 'parameter') if count else 'no parameters'}"


def parameter_names(document: Document, index: int) -> list[str]:
    """The names of a layer's parameters: ["0.weight", "0.bias"]; empty for the input, the loss and most others."""
    return [name for name in document.parameters() if int(name.split(".")[0]) == index]


def nothing_to_learn(document: Document, index: int) -> str:
    """Why a layer has no parameters to show: it has none, or no step can be made."""
    if document.network is None or not document.shows_weights:
        return document.problem
    if index < 0:
        return "The input has no weights: it is the data."
    layers = document.network.layers
    name = layers[index].title if index < len(layers) else "The loss"
    return f"{name} has no weights: its values and their gradients are under Activations."


def output(document: Document, index: int) -> Array | str:
    """What went forward out of a layer; of the loss, the prediction as probabilities."""
    step = document.step
    if step is None:
        return document.problem
    if index < 0:
        return step.tape.x
    if index < len(step.layers):
        record = step.tape.find("forward", index, document.cursor)
        return FORWARD_MISSING if record is None else record.tensors["y"]
    record = step.tape.find("loss", index, document.cursor)
    return LOSS_MISSING if record is None else step.loss.probabilities(record.tensors["prediction"])


def output_gradient(document: Document, index: int) -> Array | str:
    """The gradient of the loss by what went out of a layer; of the loss, by the prediction."""
    tape, network = document.tape, document.network
    if tape is None or network is None:
        return document.problem
    if index < network.first_trainable:
        return NOT_NEEDED
    is_loss = index == len(network.layers)
    record = tape.find("loss" if is_loss else "backward", index, document.cursor)
    if record is None:
        return LOSS_MISSING if is_loss else BACKWARD_MISSING
    return record.tensors["dy"]


def parameter_gradient(document: Document, name: str) -> Array | str:
    """The gradient of the loss by a parameter such as "0.weight"."""
    if document.tape is None:
        return document.problem
    layer, parameter = name.split(".")
    record = document.tape.find("backward", int(layer), document.cursor)
    return BACKWARD_MISSING if record is None else record.tensors[f"d_{parameter}"]


def parameter_change(document: Document, name: str) -> Array | str:
    """By how much this step changes a parameter: after − before."""
    record = update_record(document, name)
    if record is None:
        return UPDATE_MISSING.format(f"the {name.split('.')[1]}") if document.tape else document.problem
    # Weights that have gone astray are shown as they are: ∞ − ∞ is NaN.
    with np.errstate(all="ignore"):
        return record.tensors["after"] - record.tensors["before"]


def update_record(document: Document, name: str) -> Record | None:
    """The record that updated a parameter, if the cursor has reached it."""
    done = document.tape.records[: document.cursor] if document.tape else ()
    return next((record for record in done if record.phase == "update" and record.name == name), None)


def parameter_ratio(document: Document, name: str) -> float | None:
    """‖after − before‖ / ‖before‖ of a parameter, once its update is reached."""
    record = update_record(document, name)
    return None if record is None else update_ratio(record.tensors["before"], record.tensors["after"])
