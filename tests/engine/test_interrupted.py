"""A change that a running training cannot take up as it goes: it pauses, and goes on by itself."""

import os
import signal
from typing import Any

import pytest

from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.engine import Engine
from app.engine.in_process import InProcessEngine
from app.engine.protocol import Until
from app.window.run_control import LAST_BATCH, OTHER_WEIGHTS, WAITING
from core.trainer import Trainer
from core.words import number
from tests.engine.conftest import MakeDesk
from tests.engine.desk import Desk, child, needs_stop
from tests.engine.faulty import faulty_xor

ENGINES: list[type[Engine]] = [ProcessEngine, InProcessEngine]
each_engine = pytest.mark.parametrize("kind", ENGINES)
XOR = load_preset("xor")


def assert_trains_on(desk: Desk, mark: str) -> None:
    """Demand that the run goes on by itself, with the change marked where it was made."""
    step = desk.document.steps_done
    desk.wait(lambda: desk.document.running)
    desk.wait_for_states(2)
    assert desk.document.course.marks[-1] == (step, mark)
    assert len(desk.document.history.losses) > step and not desk.notes and not desk.problems


@each_engine
@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({"schedule": {"kind": "cosine", "total_steps": 5000}}, "schedule constant → cosine"),
        ({"clipping": {"kind": "norm"}}, "clipping none → norm"),
        ({"penalty": {"kind": "l2"}}, "penalty none → l2"),
        ({"batch_size": 20}, "batch size 10 → 20"),
    ],
)
def test_the_training_goes_on_with_what_was_changed(
    make_desk: MakeDesk, kind: type[Engine], change: dict[str, Any], mark: str
) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=2)
    desk.document.edit("a change", **change)
    assert_trains_on(desk, mark)
    desk.pause()
    history, document = desk.document.history, desk.document
    twin = XOR.trainer(document.data)
    ((changed_at, _),) = document.course.marks
    losses = [twin.train_step() for _ in range(changed_at)]
    state, twin = twin.state(), document.experiment.trainer(document.data)
    twin.restore(state)
    losses += [twin.train_step() for _ in range(document.steps_done - changed_at)]
    assert list(history.losses) == losses


@each_engine
def test_undo_and_redo_do_not_end_the_run(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=2)
    desk.document.edit("rate", optimizer={**XOR.optimizer, "learning_rate": 0.1})
    desk.wait(lambda: bool(desk.document.course.marks))
    desk.document.undo()
    assert_trains_on(desk, "learning rate 0.1 → 0.03")
    desk.document.redo()
    assert_trains_on(desk, "learning rate 0.03 → 0.1")
    desk.document.redo()  # there is nothing
    desk.wait(lambda: desk.document.running)
    desk.pause()


@each_engine
def test_a_change_that_begins_anew_stays_paused_and_says_so(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=2)
    desk.document.edit("new weights", seed=9)
    desk.wait(lambda: bool(desk.notes))
    assert desk.notes == [OTHER_WEIGHTS] and not desk.document.running and desk.document.steps_done == 0


@each_engine
def test_a_run_that_was_to_end_somewhere_still_ends_there(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(Until(loss=0.0, steps=20_000))
    desk.document.edit("clipping", clipping={"kind": "norm"})
    step = desk.document.steps_done
    desk.wait(lambda: desk.document.running)
    desk.wait_for_end()
    assert step < desk.document.steps_done == 20_001


@each_engine
def test_a_new_share_for_evaluations_counts_at_once(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=2)
    desk.control.evaluation_share = 0.2
    desk.control.renew()
    desk.wait(lambda: desk.document.running)
    desk.wait_for_states(1)
    desk.pause()
    desk.assert_as_if_never_interrupted()


# Pause


def test_run_pressed_after_pause_runs_on(make_desk: MakeDesk) -> None:
    desk = make_desk(XOR)
    told: list[bool] = []
    desk.control.pausing_changed.connect(told.append)
    for presses in range(1, 5):
        desk.run(frames=1)
        stops = len(desk.stops)
        for _ in range(presses):
            desk.control.toggle()
        desk.wait(lambda wanted=stops + 1: len(desk.stops) == wanted)
        if presses % 2 == 0:
            desk.wait(lambda: desk.document.running)
            desk.control.pause_now()
        assert not desk.document.running
    assert told[:4] == [True, False, True, False] and not desk.problems
    desk.assert_as_if_never_interrupted()


def test_a_slow_child_that_did_report_is_waited_for(make_desk: MakeDesk, impatient: None) -> None:
    desk = make_desk(faulty_xor("slow", after=5))
    desk.run(frames=3)
    process = child()
    desk.pause()
    assert not desk.problems and child() is process
    desk.run(frames=2)
    desk.document.edit("batch size", batch_size=20)  # which cannot wait
    assert not desk.problems and child() is process
    desk.control.pause_now()


@needs_stop
def test_whoever_has_to_wait_is_told(make_desk: MakeDesk) -> None:
    desk = make_desk(faulty_xor("slow", after=5))
    told: list[str] = []
    desk.control.busy.connect(told.append)
    desk.run(frames=3)
    # However soon the step would have ended: there is no pause before somebody was told.
    pid = child().pid or 0
    os.kill(pid, signal.SIGSTOP)
    desk.engine.waits.connect(lambda: os.kill(pid, signal.SIGCONT))
    desk.control.pause_now()
    assert told[0] == WAITING and told[-1] == ""
    assert any(sentence.startswith(LAST_BATCH.partition("{")[0]) for sentence in told)


def test_cards_of_a_slow_training_stay_and_the_curves_go_on(make_desk: MakeDesk) -> None:
    desk = make_desk(faulty_xor("slow", after=0))
    desk.run(frames=3)
    assert desk.document.steps_done == 0 and len(desk.document.history.losses) >= 2
    desk.control.pause_now()
    assert desk.document.batch_waits
    desk.assert_as_if_never_interrupted()


def test_a_change_during_a_slow_training_records_no_batch(make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk(faulty_xor("slow", after=0))
    recorded: list[Trainer] = []
    monkeypatch.setattr(Trainer, "record_step", recorded.append)
    desk.run(frames=2)
    desk.document.edit("batch size", batch_size=20)
    desk.wait(lambda: desk.document.running)
    desk.wait_for_states(1)
    desk.control.pause_now()
    assert desk.document.batch_waits and desk.document.steps_done > 1 and not recorded


@each_engine
def test_a_goal_that_the_window_reaches_while_the_run_is_interrupted_ends_it(
    make_desk: MakeDesk, kind: type[Engine]
) -> None:
    desk = make_desk(XOR, kind)
    twin, losses = XOR.trainer(desk.document.data), [1.0]
    while losses[-1] > 0.3:
        losses.append(twin.train_step())
    desk.train_to(twin.steps - 1)
    desk.control.run(Until(loss=0.3))
    desk.control.renew()  # the batch that follows is done in the window: it is the one
    desk.wait(lambda: bool(desk.notes) or len(desk.stops) > 2)
    sentence = f"The loss of step {twin.steps} is {number(losses[-1])}: the run is over, as wanted."
    assert desk.notes == [sentence] and desk.document.steps_done == twin.steps and not desk.document.running


@each_engine
def test_data_that_was_loaded_anew_begins_anew_as_it_does_while_nothing_runs(
    make_desk: MakeDesk, kind: type[Engine]
) -> None:
    """To open the preset once more whose learning rate was changed."""
    desk = make_desk(XOR, kind)
    desk.document.edit("options", optimizer={**XOR.optimizer, "learning_rate": 0.1, "beta1": 0.5})
    desk.run(frames=2)
    data = XOR.source().load()
    desk.document.change("choice of the preset", XOR, data)
    assert not desk.document.running and desk.document.steps_done == 0 and desk.document.data is data
    desk.wait(lambda: bool(desk.notes))
    assert desk.notes == [OTHER_WEIGHTS]
    desk.train_to(20)
    desk.assert_as_if_never_interrupted()
