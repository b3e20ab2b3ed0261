"""Whether the training process dies or hangs: the weights are kept, and Run goes on."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from app.document.presets import load_preset
from app.engine.in_process import InProcessEngine
from app.engine.protocol import Frame, Stopped, unmoved
from tests.engine.conftest import MakeDesk
from tests.engine.desk import KEPT, assert_goes_on, child, needs_stop
from tests.engine.faulty import faulty_xor

# The child dies


def test_killed_while_training(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run(frames=3)
    child().kill()
    desk.wait_for_end()
    (sentence,) = desk.problems
    assert sentence.startswith("The training process ended unexpectedly") and sentence.endswith(KEPT)
    assert desk.document.steps_done > desk.states()[0]["steps"]
    assert_goes_on(desk)


def test_losses_of_steps_whose_weights_are_lost_are_forgotten(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"), InProcessEngine)
    assert desk.document.begin_run()
    twin = desk.document.experiment.trainer(desk.document.data)
    losses = [twin.train_step() for _ in range(4)]
    state = twin.state()
    losses += [twin.train_step() for _ in range(6)]
    desk.engine.frame.emit(Frame(1, np.array(losses), {}, None, 1e6))
    desk.engine.stopped.emit(Stopped(unmoved(state), "The process died.", is_problem=True))
    assert desk.document.steps_done == 4
    desk.assert_as_if_never_interrupted()


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows a killed process looks like any other")
def test_a_killed_process_may_have_run_out_of_memory(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    child().kill()
    desk.wait_for_end()
    assert "(it was killed, as the system does when memory runs out)" in desk.problems[0]


def test_killed_while_evaluating(make_desk: MakeDesk, tmp_path: Path) -> None:
    sign = tmp_path / "evaluating"
    desk = make_desk(faulty_xor("hang", in_evaluation=True, sign=sign))
    desk.control.run()  # on a busy machine it may be evaluating before there is a frame
    desk.wait(sign.exists)
    child().kill()
    desk.wait_for_end()
    assert desk.problems[0].endswith(KEPT)
    desk.assert_as_if_never_interrupted()


@needs_stop
def test_killed_before_it_takes_up_the_run(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.wait(lambda: desk.engine.waiting() == 1)  # it is up
    os.kill(child().pid or 0, signal.SIGSTOP)
    desk.control.run()
    child().kill()
    desk.wait_for_end()
    assert desk.problems and desk.problems[0].endswith(KEPT)
    assert desk.document.steps_done == 0
    assert_goes_on(desk)


@needs_stop
def test_killed_while_it_hands_the_weights_back(make_desk: MakeDesk, tmp_path: Path) -> None:
    sign = tmp_path / "going to die"
    desk = make_desk(faulty_xor("die handing back", sign=sign))
    desk.run(frames=3)
    desk.wait(sign.exists)
    desk.pause()
    assert len(desk.problems) == 1 and desk.problems[0].endswith(KEPT)
    assert desk.document.steps_done > 1
    desk.assert_as_if_never_interrupted()


def test_killed_while_nothing_runs(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.train_to(50)
    process = child()
    process.kill()
    process.join()
    desk.train_to(80)
    assert not desk.problems
    desk.assert_as_if_never_interrupted()


def test_ends_by_itself(make_desk: MakeDesk) -> None:
    desk = make_desk(faulty_xor("end"))
    desk.control.run()
    desk.wait_for_end()
    assert "ended unexpectedly" in desk.problems[0]
    desk.assert_as_if_never_interrupted()


# The child hangs


@needs_stop
def test_a_stopped_process_is_replaced_when_the_person_pauses(make_desk: MakeDesk, impatient: None) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    before = child()
    os.kill(before.pid or 0, signal.SIGSTOP)
    desk.wait(lambda: bool(desk.slow))
    assert desk.slow[0] > 0.3 and desk.document.running
    desk.pause()
    assert "did not stop when told to" in desk.problems[0] and desk.problems[0].endswith(KEPT)
    assert desk.slow[-1] == 0
    assert child() is not before
    assert_goes_on(desk)


@needs_stop
def test_whoever_cannot_wait_gets_the_weights_of_a_stopped_process(make_desk: MakeDesk, impatient: None) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    os.kill(child().pid or 0, signal.SIGSTOP)
    desk.document.edit("batch size", batch_size=20)
    assert not desk.document.running and desk.document.experiment.batch_size == 20
    assert desk.problems and desk.document.steps_done > 1


@pytest.mark.parametrize("in_evaluation", [False, True])
def test_a_layer_that_never_returns(make_desk: MakeDesk, tmp_path: Path, impatient: None, in_evaluation: bool) -> None:
    sign = tmp_path / "hanging"
    desk = make_desk(faulty_xor("hang", in_evaluation=in_evaluation, sign=sign))
    desk.control.run()
    desk.wait(sign.exists)
    desk.pause()
    assert desk.problems[0].endswith(KEPT)
    desk.assert_as_if_never_interrupted()


@needs_stop
def test_a_process_that_never_began_is_left_without_a_word(make_desk: MakeDesk, impatient: None) -> None:
    desk = make_desk(load_preset("xor"))
    os.kill(child().pid or 0, signal.SIGSTOP)
    desk.control.run()
    desk.pause()
    assert not desk.problems
    assert_goes_on(desk)


@needs_stop
def test_a_process_that_wakes_up_in_time_is_kept(make_desk: MakeDesk) -> None:
    desk = make_desk(load_preset("xor"))
    desk.run()
    process = child()
    os.kill(process.pid or 0, signal.SIGSTOP)
    desk.control.pause()
    os.kill(process.pid or 0, signal.SIGCONT)
    desk.wait_for_end()
    assert not desk.problems and child() is process
    assert_goes_on(desk)
