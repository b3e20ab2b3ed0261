"""Questions keep to what was asked when another tape has other records, and let go of what no longer exists."""

import dataclasses

from app.document.questions import Questions
from core.explain import Place
from core.tape import Tape
from tests.app.documents import tape_of, xor_document

L2 = {"kind": "l2", "strength": 0.1}


def position_of(tape: Tape, phase: str, name: str) -> int:
    return next(at for at, record in enumerate(tape.records) if (record.phase, record.name) == (phase, name))


def test_a_question_follows_its_record_when_a_penalty_shifts_the_tape() -> None:
    document = xor_document()
    plain = tape_of(document)
    document.edit("penalty", penalty=L2)
    document.next_batch()
    penalised = tape_of(document)
    assert len(penalised) == len(plain) + 1
    for phase, name, tensor, index in (
        ("forward", "Tanh", "y", (0, 1)),
        ("backward", "Tanh", "dx", (0, 1)),
        ("update", "0.weight", "after", (2, 1)),
        ("loss", document.experiment.network().loss.title, "value", ()),
    ):
        questions = Questions()
        questions.know(plain)
        questions.ask(Place(position_of(plain, phase, name), tensor, index))
        there = Place(position_of(penalised, phase, name), tensor, index)
        questions.know(penalised)
        assert questions.current == there and not questions.lost, name
        questions.know(None)
        questions.know(plain)
        assert questions.current == Place(position_of(plain, phase, name), tensor, index)


def test_what_no_longer_exists_is_let_go_with_a_word_and_the_way_here_stays() -> None:
    document = xor_document(penalty=L2)
    penalised = tape_of(document)
    questions = Questions()
    questions.know(penalised)
    weight, first = (
        Place(None, "0.weight", (1, 1)),
        Place(position_of(penalised, "update", "0.weight"), "after", (1, 1)),
    )
    pull = Place(position_of(penalised, "loss", "Penalty"), "d_0.weight", (1, 1))
    for place in (first, pull):
        questions.follow(place)
    document.edit("none", penalty={"kind": "none"})
    document.next_batch()
    questions.know(tape_of(document))
    assert questions.lost == "weight[1, 1] of the penalty"
    assert questions.trail == (dataclasses.replace(first, record=(first.record or 0) - 1),)
    changes = []
    questions.changed.connect(lambda: changes.append(1))
    questions.ask(weight)
    assert not questions.lost and questions.trail == (weight,) and len(changes) == 1
    questions.know(penalised)
    assert questions.trail == (weight,)


def test_a_neighbour_takes_the_place_of_the_last_number_and_keeps_the_trail() -> None:
    questions = Questions()
    first, second, third = (Place(3, "y", (0, number)) for number in range(3))
    questions.ask(first)
    questions.follow(second)
    questions.move(third)
    assert questions.trail == (first, third)
    questions.move(first)
    assert list(questions.trail) == [first]
    questions.forget()
    assert questions.current is None
