"""What is told of the end of a run is true of what the window shows then: the same step, loss and accuracy."""

from typing import Any

import pytest

from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.engine import Engine
from app.engine.in_process import InProcessEngine
from app.engine.protocol import Until
from core.words import count, number
from tests.engine.conftest import MakeDesk
from tests.engine.desk import child

ENGINES: list[Any] = [ProcessEngine, InProcessEngine]


@pytest.mark.parametrize("kind", ENGINES)
def test_a_loss_that_was_wanted_is_the_one_that_is_shown(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(load_preset("xor"), kind)
    desk.control.run(Until(loss=0.3))
    desk.wait_for_end()
    document, step = desk.document, desk.document.steps_done
    loss = document.history.losses[step - 1]
    assert len(document.history.losses) == step and loss <= 0.3
    assert desk.notes == [f"The loss of step {count(step)} is {number(loss)}: the run is over, as wanted."]
    assert step in document.history.evaluations["test"], "its accuracy is known too"


@pytest.mark.parametrize("kind", ENGINES)
def test_an_accuracy_that_was_wanted_is_that_of_the_weights_that_are_shown(
    make_desk: MakeDesk, kind: type[Engine]
) -> None:
    desk = make_desk(load_preset("xor"), kind)
    desk.control.run(Until(accuracy=0.9))
    desk.wait_for_end()
    document = desk.document
    found = document.history.evaluation_at(document.steps_done)
    assert found and found[0] == document.steps_done and (found[1].accuracy or 0.0) >= 0.9
    assert f"after step {count(document.steps_done)} is" in desk.notes[0]


def test_after_a_loss_of_the_process_the_step_that_was_saved_is_shown(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run(frames=3)
    child().kill()
    desk.wait_for_end()
    assert f"The weights after step {count(desk.document.steps_done)} are here" in desk.problems[0]


def test_the_batch_that_follows_is_there_before_its_updates_and_is_gone_on_with(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"), InProcessEngine)
    desk.control.run(Until(loss=0.3))
    desk.wait_for_end()
    document, step = desk.document, desk.document.steps_done
    assert document.tape and document.record and document.record.phase == "backward"
    assert document.tape.step == step + 1 and document.tape.records[document.cursor].phase == "update"
    document.next_batch()
    assert document.steps_done == step + 1
    desk.assert_as_if_never_interrupted()
    desk.train_to(step + 20)
    desk.assert_as_if_never_interrupted()
