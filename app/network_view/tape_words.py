"""What the tape bar says below its segments."""

from collections.abc import Sequence

from app.document.document import Document
from app.plots.numbers import format_count
from core.substeps import SubStep
from core.words import memory_text

TAPE_SIZE = " · tape "
"""What stands before the memory that a tape takes, at the end of the words."""


def tape_words(document: Document) -> str:
    """Which record or sub-step was done last and what it did, or why nothing can be said."""
    tape, walk = document.tape, document.walk
    if tape is None:
        return document.problem
    if document.running:
        return "Training runs. Pause to step through a batch."
    if walk.substeps:
        return substep_words(walk.substeps, walk.position)
    record = document.record
    if record is None and not walk.note:
        return f"Start of batch {format_count(tape.step)}: press Next layer."
    ended = tape.refused if document.cursor == len(tape) else ""
    said = walk.note or ended or (record.account if record else "")
    size = f"{TAPE_SIZE}{memory_text(document.tapes.current)}" if document.tapes else ""
    return f"{document.cursor} of {len(tape)} · {said}{size}"


def substep_words(steps: Sequence[SubStep], position: int) -> str:
    """A sub-step with its formula and its sentence."""
    step = steps[position]
    return f"sub-step {position + 1} of {len(steps)} · {step.name}: {step.formula} · {step.words}"


def memory_words(document: Document) -> str:
    """What the tapes take: "this tape: 12 MB, 14 kept: 80 MB, limit 134 MB"."""
    tapes = document.tapes
    if tapes is None:
        return ""
    current, total, limit = (memory_text(size) for size in (tapes.current, tapes.total, tapes.limit))
    return f"this tape: {current}, {tapes.kept} kept: {total}, limit {limit}"
