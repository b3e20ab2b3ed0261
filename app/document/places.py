"""Where on the tape a number stands that is known by its parameter's name and not by a record."""

from core.explain.protocol import Place
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
