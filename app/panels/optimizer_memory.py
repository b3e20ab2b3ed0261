"""What the optimizer remembers of a layer's parameters (Adam's m and v, a velocity), as the tape has recorded it."""

from app.document.document import Document
from app.panels.reached import UPDATE_MISSING, update_record
from core.explain.protocol import Place
from core.tape import Record
from core.types import Array

_AFTER = " after"


def memory_slots(document: Document, names: list[str]) -> tuple[str, ...]:
    """What is remembered of these parameters in the batch that is shown: ("m", "v"), or nothing."""
    record = _update_of(document, names[0]) if names else None
    tensors = () if record is None else record.tensors
    return tuple(name.removesuffix(_AFTER) for name in tensors if name.endswith(_AFTER))


def memory(document: Document, name: str, slot: str) -> Array | str:
    """What is remembered of a parameter after its update, or why it cannot be seen yet."""
    record = update_record(document, name)
    if record is None:
        return UPDATE_MISSING.format(f"the {name.split('.')[1]}") if document.tape else document.problem
    return record.tensors[slot + _AFTER]


def memory_place(document: Document, name: str, slot: str, index: tuple[int, ...]) -> Place:
    """Where that stands on the tape."""
    assert document.tape
    record = _update_of(document, name)
    position = next(at for at, one in enumerate(document.tape.records) if one is record)
    return Place(position, slot + _AFTER, index)


def _update_of(document: Document, name: str) -> Record | None:
    """The update of a parameter, whether or not the cursor has reached it."""
    records = document.tape.records if document.tape else ()
    return next((record for record in records if record.phase == "update" and record.name == name), None)
