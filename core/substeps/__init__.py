"""The lines of calculation inside one record of the tape, for those who want to see more than its beginning and end.

They are computed from the record's own tensors, one function for each layer, loss and optimizer, and their last ones
are the record's results. What happens in a single line has no sub-steps.
"""

from core.substeps.backward import backward_substeps
from core.substeps.forward import forward_substeps
from core.substeps.losses import loss_substeps
from core.substeps.optimizers import UpdateStep, update_substeps
from core.substeps.substep import SubStep, given
from core.tape import Record, Tape
from core.trainer import Trainer
from core.types import Arrays

__all__ = ["SubStep", "substeps"]


def substeps(trainer: Trainer, tape: Tape, position: int) -> list[SubStep]:
    """The sub-steps of record number `position`, in order; empty where there is nothing smaller to see.

    The trainer has to have the options with which it recorded the tape; its weights may be ahead of it.
    """
    record, network = tape.records[position], trainer.network
    match record.phase:
        case "forward":
            layer = network.layers[record.index]
            return forward_substeps(layer, _parameters(tape, record), record)
        case "backward":
            layer = network.layers[record.index]
            return backward_substeps(layer, _parameters(tape, record), record)
        case "loss" if record.name == "Penalty":
            return _penalty_substeps(record)
        case "loss":
            return loss_substeps(network.loss, record, tape.loss)
        case _:
            updates = trainer.optimizer.steps - (trainer.steps - tape.step)
            return update_substeps(trainer.optimizer, UpdateStep(record, tape.learning_rate, updates))


def _parameters(tape: Tape, record: Record) -> Arrays:
    """The parameters of the record's layer, by their names in the layer; they change only with the updates."""
    own = f"{record.index}."
    return {name.removeprefix(own): array for name, array in tape.params_before.items() if name.startswith(own)}


def _penalty_substeps(record: Record) -> list[SubStep]:
    pulls = [name for name in record.tensors if name.startswith("d_")]
    return [
        SubStep(
            f"pull on {name.removeprefix('d_')}",
            record.formula,
            f"What the penalty adds to the gradient of {name.removeprefix('d_')}.",
            given(record.tensors[name]),
            result=name,
            per_sample=False,
            backward=True,
        )
        for name in pulls
    ]
