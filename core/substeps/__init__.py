"""The lines of calculation inside one record of the tape, for those who want to see more than its beginning and end.

They are computed from the record's own tensors, one function for each layer, loss and optimizer, and their last ones
are the record's results. What happens in a single line has no sub-steps.
"""

from core.explain.notation import numbered
from core.explain.penalties import pull_formula
from core.explain.scene import PENALTY, Step
from core.substeps.backward import backward_substeps
from core.substeps.forward import forward_substeps
from core.substeps.losses import loss_substeps
from core.substeps.optimizers import UpdateStep, update_substeps
from core.substeps.substep import SubStep, given
from core.tape import Record, Tape
from core.types import Arrays
from core.words import parameter_words

__all__ = ["SubStep", "substeps"]


def substeps(step: Step, position: int) -> list[SubStep]:
    """The sub-steps of record number `position`, in order; empty where there is nothing smaller to see."""
    tape = step.tape
    record = tape.records[position]
    match record.phase:
        case "forward":
            return forward_substeps(step.layers[record.index], _parameters(tape, record), record)
        case "backward":
            return backward_substeps(step.layers[record.index], _parameters(tape, record), record)
        case "loss" if record.name == PENALTY:
            return _penalty_substeps(step, record)
        case "loss":
            return loss_substeps(step.loss, record, tape.loss)
        case _:
            return update_substeps(step.optimizer, _update(step, record))


def _parameters(tape: Tape, record: Record) -> Arrays:
    """The parameters of the record's layer, by their names in the layer; they change only with the updates."""
    own = f"{record.index}."
    return {name.removeprefix(own): array for name, array in tape.params_before.items() if name.startswith(own)}


def _update(step: Step, record: Record) -> UpdateStep:
    position = step.penalty_position
    penalised = position is not None and f"d_{record.name}" in step.tape.records[position].tensors
    return UpdateStep(record, step.tape.learning_rate, step.updates, penalised, step.clipping)


def _penalty_substeps(step: Step, record: Record) -> list[SubStep]:
    pulls = [name for name in record.tensors if name.startswith("d_")]
    return [
        SubStep(
            f"pull on {numbered('W', int(name.removeprefix('d_').partition('.')[0]))}",
            pull_formula(step.penalty),
            f"What the penalty adds to the gradient of {parameter_words(name.removeprefix('d_'))}.",
            given(record.tensors[name]),
            result=name,
            per_sample=False,
            backward=True,
        )
        for name in pulls
    ]
