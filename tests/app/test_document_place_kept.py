"""A choice in the middle of a batch: it is made anew as far as the same record, with a penalty's record or without."""

import pytest

from core.tape import Record
from tests.app.documents import batches, tape_of, twin, xor_document

NONE, L2 = {"kind": "none"}, {"kind": "l2"}


def names(records: tuple[Record, ...]) -> list[tuple[str, int, str]]:
    """What some records are, without the penalty's."""
    return [(record.phase, record.index, record.name) for record in records if record.name != "Penalty"]


@pytest.mark.parametrize("cursor", range(13))
@pytest.mark.parametrize(("before", "after"), [(L2, NONE), (NONE, L2)], ids=["removed", "added"])
def test_the_records_that_were_done_are_done(before: dict[str, str], after: dict[str, str], cursor: int) -> None:
    document = xor_document(penalty=before)
    batches(document, 3)
    document.next_layer()
    document.go_to(min(cursor, len(tape_of(document)) - 1))
    done = names(tape_of(document).records[: document.cursor])
    document.edit("penalty", penalty=after)
    assert names(tape_of(document).records[: document.cursor]) == done
    assert document.steps_done == len(document.history.losses) == 3


def test_no_step_is_lost_in_the_curves_when_the_penalty_goes_before_the_last_update() -> None:
    document = xor_document(penalty=L2)
    batches(document, 3)
    document.back()
    document.edit("penalty", penalty=NONE)
    batches(document, 3)
    plain = twin(document)
    plain.restore(xor_trained(2))
    losses = [plain.train_step() for _ in range(3)]
    assert document.steps_done == 5 and list(document.history.losses)[2:] == losses


def xor_trained(steps: int) -> dict[str, object]:
    """The state of a training with a penalty."""
    return twin(xor_document(penalty=L2), steps).state()
