"""Options of the optimizer that change while it runs: the curves say from which step on they counted, to the step."""

import dataclasses
import itertools
import os
import signal
from typing import Any

import numpy as np
import pytest

from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.engine import Engine
from app.engine.in_process import InProcessEngine
from app.engine.protocol import Frame, Stopped, Until, unmoved
from tests.engine.conftest import MakeDesk
from tests.engine.desk import KEPT, SECONDS, Desk, assert_same, child, comes_about, needs_stop

ENGINES: list[type[Engine]] = [ProcessEngine, InProcessEngine]
each_engine = pytest.mark.parametrize("kind", ENGINES)
XOR = load_preset("xor")


def adam(rate: float) -> dict[str, Any]:
    return {**XOR.optimizer, "learning_rate": rate}


def edit(desk: Desk, rate: float) -> None:
    desk.document.edit("change of the learning rate", optimizer=adam(rate))
    assert desk.document.experiment.optimizer == adam(rate)


def assert_curves_say_what_was_trained(desk: Desk) -> None:
    """Demand that plain training with the options the curves tell of gives the same losses and weights."""
    document, history = desk.document, desk.document.history
    assert not document.running
    start, *changes = history.experiments
    twin, losses = start[1].trainer(document.data), []
    for step in range(1, document.steps_done + 1):
        experiment = history.experiment_of(step)
        assert experiment
        twin.set_optimizer_options({"learning_rate": experiment.optimizer["learning_rate"]})
        losses.append(twin.train_step())
    assert list(history.losses) == losses
    assert_same(document.weights(), twin.network.state_dict())
    assert changes[-1][1] == document.experiment and desk.trainer.learning_rate == twin.learning_rate
    # Two changes that fall on one step are two marks and one part of the history.
    marked = [*dict.fromkeys(step for step, _ in document.course.marks)]
    assert marked[-len(changes) :] == [step for step, _ in changes]


@each_engine
def test_a_change_is_marked_at_the_step_at_which_it_took_effect(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=3)
    seen = desk.document.steps_done
    edit(desk, 0.1)
    desk.wait(lambda: bool(desk.document.course.marks))
    ((step, words),) = desk.document.course.marks
    assert desk.document.running and words == "learning rate 0.03 → 0.1" and step >= seen - 1
    desk.wait_for_states(2)
    desk.pause()
    assert desk.document.course.marks == [(step, words)]
    assert_curves_say_what_was_trained(desk)


@each_engine
def test_several_changes_in_quick_succession_are_each_marked(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=2)
    for rate in (0.1, 0.2, 0.05):
        edit(desk, rate)
    desk.wait(lambda: len(desk.document.course.marks) == 3)
    desk.wait_for_states(1)
    edit(desk, 0.01)
    desk.wait_for_states(2)
    edit(desk, 0.002)
    desk.pause()
    words = [words for _, words in desk.document.course.marks]
    rates = ["0.03", "0.1", "0.2", "0.05", "0.01", "0.002"]
    assert words == [f"learning rate {old} → {new}" for old, new in itertools.pairwise(rates)]
    assert_curves_say_what_was_trained(desk)


@each_engine
def test_a_change_right_before_or_after_the_run_is_paused(make_desk: MakeDesk, kind: type[Engine]) -> None:
    desk = make_desk(XOR, kind)
    desk.run(frames=2)
    edit(desk, 0.1)
    desk.control.pause()
    if desk.document.running:  # the order to pause is on its way
        edit(desk, 0.2)
    desk.wait_for_end()
    assert_curves_say_what_was_trained(desk)
    desk.run(frames=1)
    edit(desk, 0.01)
    desk.control.pause_now()
    assert_curves_say_what_was_trained(desk)


def test_a_change_that_comes_when_the_run_has_ended_by_itself(make_desk: MakeDesk) -> None:
    desk = make_desk(XOR)
    desk.control.run(Until(steps=3000))  # more than anybody does before the first frame is sent
    assert comes_about(lambda: desk.engine.waiting() == 4, SECONDS)  # ready, begun, a frame, stopped
    edit(desk, 0.1)
    desk.wait_for_end()
    assert [step for step, _ in desk.document.course.marks] == [3000] and desk.document.steps_done == 3001
    assert_curves_say_what_was_trained(desk)


def test_a_mark_goes_with_the_steps_that_died_and_the_change_counts_from_the_weights_that_are_left(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk(XOR, InProcessEngine)
    document = desk.document
    assert document.begin_run()
    trainer = document.experiment.trainer(document.data)
    first = np.array([trainer.train_step() for _ in range(4)])
    state = trainer.state()
    desk.engine.frame.emit(Frame(1, first, {}, state, 1e6))
    document.experiment = dataclasses.replace(document.experiment, optimizer=adam(0.1))
    later = np.array([trainer.train_step() for _ in range(3)])
    desk.engine.frame.emit(Frame(5, later, {}, None, 1e6, changes=((6, adam(0.1)),)))
    assert document.course.marks == [(6, "learning rate 0.03 → 0.1")]
    desk.engine.stopped.emit(Stopped(unmoved(state), "The process died.", is_problem=True))
    assert document.course.marks == [(4, "learning rate 0.03 → 0.1")] and document.steps_done == 4
    document.next_batch()
    assert_curves_say_what_was_trained(desk)


@needs_stop
def test_a_change_that_a_dead_process_never_heard_of_counts_all_the_same(make_desk: MakeDesk) -> None:
    desk = make_desk(XOR)
    desk.run(frames=2)
    os.kill(child().pid or 0, signal.SIGSTOP)
    edit(desk, 0.1)
    child().kill()
    desk.wait_for_end()
    assert desk.problems[0].endswith(KEPT)
    desk.document.next_batch()
    assert_curves_say_what_was_trained(desk)
    desk.train_to(desk.document.steps_done + 20)
    assert_curves_say_what_was_trained(desk)


def test_until_the_engine_says_so_batches_are_shown_with_the_options_it_still_has(make_desk: MakeDesk) -> None:
    desk = make_desk(XOR, InProcessEngine)
    document = desk.document
    assert document.begin_run()
    trainer = document.experiment.trainer(document.data)
    losses = np.array([trainer.train_step() for _ in range(4)])
    document.experiment = dataclasses.replace(document.experiment, optimizer=adam(0.1))
    document.show_progress(1, losses[:2], {})
    document.show_state(trainer.state())
    assert document.tape and (document.tape.step, document.tape.learning_rate) == (5, 0.03)
    document.show_progress(3, losses[2:], {}, ((4, adam(0.1)),))
    document.show_state(trainer.state())
    assert (document.tape.step, document.tape.learning_rate) == (5, 0.1)


@each_engine
def test_what_a_running_training_shows_is_what_it_computed(make_desk: MakeDesk, kind: type[Engine]) -> None:
    """Also between the change of an option and the step from which it counts: the tape has the loss of the curve."""
    desk = make_desk(XOR, kind)
    shown: list[tuple[int, float, float]] = []

    def note() -> None:
        if desk.document.running and desk.document.tape:
            shown.append((desk.document.tape.step, desk.document.tape.loss, desk.document.tape.learning_rate))

    desk.document.position_changed.connect(note)
    desk.control.run()
    for count, rate in enumerate((0.1, 0.3, 0.01)):
        desk.wait(lambda wanted=2 * count + 1: len(shown) >= wanted)
        edit(desk, rate)
    desk.wait(lambda: len(shown) >= 8)
    desk.pause()
    history = desk.document.history
    for step, loss, rate in shown:
        assert loss == history.losses.at(step)
        # The batch before which the options changed may have been shown before anybody changed them.
        in_force = [history.experiment_of(since) for since in (step, max(step - 1, 1))]
        assert rate in [experiment.optimizer["learning_rate"] for experiment in in_force if experiment]
