"""From what is chosen to be seen of a parameter to its numbers and their places on the tape, and back."""

from app.document.document import Document
from app.document.places import buffer_place, parameter_place
from app.panels.optimizer_memory import memory, memory_place
from app.panels.reached import parameter_change, parameter_gradient
from app.panels.weight_choice import BUFFERS, CHOICES
from core.explain.protocol import Place
from core.types import Array


def parameter_at(document: Document, place: Place) -> str:
    """The name of the parameter or buffer that a place speaks of ("0.weight"), be it of its gradient or its update."""
    if document.tape is None:
        return ""
    if place.record is None:
        return place.tensor if "." in place.tensor else ""
    record = document.tape.records[place.record]
    if record.phase == "update":
        return record.name
    if record.phase == "forward" and place.tensor.endswith(" after"):
        return f"{record.index}.{place.tensor.removesuffix(' after')}"
    if record.phase == "backward" and place.tensor.startswith("d_"):
        return f"{record.index}.{place.tensor.removeprefix('d_')}"
    return ""


def buffer_names(document: Document, index: int) -> list[str]:
    """The names of what a layer keeps beside its parameters: ["1.running_mean", "1.running_var"]."""
    buffers = document.network.buffers() if document.network and document.shows_weights else {}
    return [name for name in buffers if int(name.split(".")[0]) == index]


def array_at_cursor(document: Document, name: str) -> Array:
    """A parameter or buffer as it stands at the cursor."""
    return document.weights()[name]


def shown_array(document: Document, name: str, choice: str) -> Array | str:
    """What is to be seen of a parameter or buffer, or why it cannot be seen yet."""
    if choice == "Gradient":
        return parameter_gradient(document, name)
    if choice == "Change":
        return parameter_change(document, name)
    return array_at_cursor(document, name) if choice in ("Value", BUFFERS) else memory(document, name, choice)


def shown_place(document: Document, name: str, index: tuple[int, ...], choice: str) -> Place | None:
    """Where an entry of that stands on the tape; None where it stands nowhere."""
    tape = document.tape
    if tape is None:
        return None
    if choice == BUFFERS:
        return buffer_place(tape, document.cursor, name, index)
    if choice not in CHOICES:
        return memory_place(document, name, choice, index)
    return parameter_place(tape, document.cursor, name, index, gradient=choice == "Gradient")


def called(name: str, choice: str) -> str:
    """What is to be seen of a parameter: "weight", "d_weight", "change of weight", "m of weight"."""
    prefix = {"Value": "", BUFFERS: "", "Gradient": "d_", "Change": "change of "}.get(choice, f"{choice} of ")
    return prefix + name.split(".")[1]
