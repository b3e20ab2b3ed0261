"""Walking over tapes: what is kept, what is dropped when memory runs out, and the states handed out on the way."""

import tracemalloc

import pytest

from app.document import stepper as stepper_module
from app.document.document import Document
from app.document.stepper import Stepper
from tests.app.documents import Maker, assert_same, twin, with_memory, xor_document


def stepper_of(make: Maker = xor_document) -> tuple[Stepper, Document]:
    document = make()
    return Stepper(twin(document)), document


def test_tapes_are_kept_and_found_again_while_there_is_room() -> None:
    stepper, _ = stepper_of()
    tapes = [stepper.tape]
    for _ in range(4):
        stepper.finish_batch()
        stepper.forward()
        tapes.append(stepper.tape)
    while stepper.can_go_back:
        assert stepper.tape is tapes[stepper.tape.step - 1]
        stepper.back()
    assert (stepper.tape, stepper.cursor) == (tapes[0], 0)
    for tape in tapes:
        stepper.finish_batch()
        assert stepper.tape is tape


def test_old_tapes_go_when_memory_runs_out_and_the_current_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stepper, _ = stepper_of()
    size = stepper.memory
    assert size >= sum(array.nbytes for record in stepper.tape.records[-4:] for array in record.tensors.values())
    monkeypatch.setattr(stepper_module, "TAPE_BUDGET", 3 * size)
    for _ in range(10):
        stepper.finish_batch()
    stepper.finish_batch()
    assert stepper.steps_done == 11 and size < stepper.memory <= 3 * size
    while stepper.can_go_back:
        stepper.back()
    assert 8 <= stepper.steps_done < 11 and stepper.cursor == 0
    monkeypatch.setattr(stepper_module, "TAPE_BUDGET", 1)
    while stepper.steps_done < 12:
        stepper.forward()
    tape = stepper.tape
    stepper.go_to(0)
    assert stepper.tape is tape and not stepper.can_go_back


def test_dropped_tapes_do_not_change_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepper_module, "TAPE_BUDGET", 1)
    stepper, document = stepper_of(with_memory)
    for _ in range(5 * len(stepper.tape)):
        stepper.forward()
    assert_same(stepper.state_at_cursor()["weights"], twin(document, 5).network.state_dict())


@pytest.mark.parametrize("make", [xor_document, with_memory])
def test_the_state_to_go_on_from_is_before_the_batch_at_its_start_and_behind_it_anywhere_else(make: Maker) -> None:
    stepper, document = stepper_of(make)
    length = len(stepper.tape)
    for _ in range(3 * length):
        stepper.forward()
    for back in range(3 * length + 1):
        place = 3 * length - back  # records done in all
        assert stepper.steps_done == place // length
        for state, steps in (
            (stepper.state_at_cursor(), -(-place // length)),
            (stepper.state_to_resume(), place // length),
        ):
            wanted = twin(document, steps)
            assert state["steps"] == steps
            assert_same(state["weights"], wanted.network.state_dict())
            assert state["rng"] == wanted.rng.bit_generator.state
        stepper.back()


def test_a_place_is_enough_to_stand_there_again() -> None:
    stepper, document = stepper_of(with_memory)
    for _ in range(2 * len(stepper.tape) + 3):
        stepper.forward()
        state, cursor = stepper.place()
        trainer = twin(document)
        trainer.restore(state)
        again = Stepper(trainer)
        again.go_to(cursor)
        assert again.steps_done == stepper.steps_done
        assert_same(again.tape.parameters_at(again.cursor), stepper.tape.parameters_at(stepper.cursor))


def test_another_trainer_takes_over_behind_what_is_done() -> None:
    stepper, document = stepper_of()
    for _ in range(3):
        stepper.finish_batch()
    done = stepper.tape
    stepper.finish_batch()  # a later one, which goes
    while stepper.tape is not done:
        stepper.back()
    stepper.forward()
    other = twin(document)
    other.set_optimizer_options({"learning_rate": 0.5})
    stepper.go_on_with(other)
    assert stepper.tape is done and stepper.cursor == len(done)
    stepper.forward()
    assert (stepper.tape.step, stepper.tape.learning_rate) == (4, 0.5)
    wanted = twin(document, 3)
    wanted.set_optimizer_options({"learning_rate": 0.5})
    wanted.train_step()
    assert_same(stepper.tape.params_after, wanted.network.parameters())
    for _ in range(2):
        stepper.back()
    assert stepper.tape is done


def test_another_trainer_records_a_batch_that_is_not_done_anew_and_later_ones_go() -> None:
    stepper, document = stepper_of()
    for _ in range(3):
        stepper.finish_batch()
    stepper.back()
    while stepper.tape.step > 2 or stepper.cursor > 5:
        stepper.back()
    other = twin(document)
    other.set_optimizer_options({"learning_rate": 0.5})
    stepper.go_on_with(other)
    assert (stepper.tape.step, stepper.cursor, stepper.tape.learning_rate) == (2, 5, 0.5)
    stepper.finish_batch()
    stepper.forward()
    assert (stepper.tape.step, stepper.tape.learning_rate) == (3, 0.5)
    seen = [stepper.tape]
    while stepper.can_go_back:
        stepper.back()
        if stepper.tape is not seen[-1]:
            seen.append(stepper.tape)
    assert [(tape.step, tape.learning_rate) for tape in seen] == [(3, 0.5), (2, 0.5), (1, 0.03)]


def test_what_tapes_take_is_counted_with_the_objects_around_their_arrays() -> None:
    stepper, _ = stepper_of()
    stepper.finish_batch()
    tracemalloc.start()
    counted, real = stepper.memory, tracemalloc.get_traced_memory()[0]
    for _ in range(100):
        stepper.finish_batch()
    counted, real = stepper.memory - counted, tracemalloc.get_traced_memory()[0] - real
    tracemalloc.stop()
    assert 0.7 < counted / real < 1.4
