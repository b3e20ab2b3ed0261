"""Where on the tape a number stands that is known by its layer or its parameter's name and not by a record."""

from core.explain.protocol import Place
from core.explain.scene import Step
from core.tape import Tape


def parameter_place(tape: Tape, cursor: int, name: str, index: tuple[int, ...], *, gradient: bool = False) -> Place:
    """Where an entry of a parameter, as it stands when `cursor` records are done, or of its gradient stands."""
    layer, own = name.split(".")
    for position, record in enumerate(tape.records):
        if gradient and record.phase == "backward" and record.index == int(layer):
            return Place(position, f"d_{own}", index)
        if not gradient and record.name == name and position < cursor:
            return Place(position, "after", index)
    return Place(None, name, index)


def buffer_place(tape: Tape, cursor: int, name: str, index: tuple[int, ...]) -> Place:
    """Where an entry of a buffer stands, such as a running mean, as it is when `cursor` records are done."""
    layer, own = name.split(".")
    if tape.refused or tape.buffers_at(cursor) is tape.buffers_before:
        return Place(None, name, index)
    return Place(tape.position("forward", int(layer)), f"{own} after", index)


def output_place(step: Step, layer: int, index: tuple[int, ...], *, gradient: bool = False) -> Place:
    """Where an entry of what a layer gave stands (−1 is the data), or of the gradient that came back to it.

    Of the loss that is the prediction as it is read: the probabilities, where the loss makes them of logits.
    """
    if layer < 0:
        return Place(None, "x", index)
    if layer == len(step.layers):
        read = "p" if "p" in step.of_loss else "prediction"
        return Place(step.position("loss", layer), "dy" if gradient else read, index)
    if gradient:
        return Place(step.position("backward", layer), "dy", index)
    return Place(step.position("forward", layer), "y", index)
