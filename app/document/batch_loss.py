"""Explains the loss of a batch that was trained, if its numbers are at hand: on the tape, or in a kept state."""

from app.document.document import Document
from core.explain.protocol import Place


def explain_loss(document: Document, step: int) -> bool:
    """Explain the loss of batch number `step`, going there if need be; returns whether its numbers are at hand.

    While a training runs elsewhere, it is the loss of the batch that is shown.
    """
    if not document.running:
        _go_to_batch(document, step)
    tape = document.tape
    if tape is None or (tape.step != step and not document.running):
        return False
    position = tape.position("loss", len(document.experiment.layers))
    if position >= document.cursor:
        document.go_to(position + 1)
    document.questions.ask(Place(position, "value", ()))
    return True


def at_hand(document: Document, step: int) -> bool:
    """Whether the tape is that of batch number `step`, or the state before it was kept."""
    tape = document.tape
    return tape is not None and (tape.step == step or step - 1 in document.course.snapshots.steps)


def _go_to_batch(document: Document, step: int) -> None:
    tape, cursor = document.tape, document.cursor
    if tape is None or tape.step == step:
        return
    if tape.step == step + 1:
        document.batch_start()
        document.back()
        if document.tape is not tape:
            document.go_to(len(tape))
            return
        document.go_to(cursor)
    if step - 1 in document.course.snapshots.steps:
        document.travel(step - 1)
