"""The curves of a run and of those before it, and the states kept to travel back to."""

from typing import Any

import numpy as np
import pytest

from app.document.course import LIMIT, Course
from app.document.history import MOST_EVALUATIONS, History
from app.document.snapshots import Snapshots, state_bytes
from app.panels.curve_lines import EvaluationCopy
from core.metrics import Evaluation


def found(loss: float) -> Evaluation:
    return Evaluation(loss, 0.5, 10)


def test_losses_are_appended_by_step() -> None:
    history = History()
    history.add_losses(1, [0.5])
    history.add_losses(2, np.array([0.4, 0.3]))
    assert list(history.losses) == [0.5, 0.4, 0.3]
    history.add_losses(4, [])
    assert list(history.losses) == [0.5, 0.4, 0.3]


def test_losses_of_steps_that_stood_there_are_replaced_with_all_that_came_after() -> None:
    history = History()
    history.add_losses(1, [0.5, 0.4, 0.3, 0.2])
    history.evaluations["test"] = {2: found(2), 3: found(3)}
    history.add_losses(3, [9.0])
    assert list(history.losses) == [0.5, 0.4, 9.0]
    assert list(history.evaluations["test"]) == [2]


def test_truncation_keeps_what_was_done_up_to_there() -> None:
    history = History()
    history.add_losses(1, [0.5, 0.4, 0.3])
    history.evaluations = {"train": {1: found(1), 3: found(3)}, "test": {0: found(0), 2: found(2)}}
    history.truncate(2)
    assert list(history.losses) == [0.5, 0.4]
    assert (list(history.evaluations["train"]), list(history.evaluations["test"])) == ([1], [0, 2])
    history.truncate(100)
    assert len(history.losses) == 2
    history.truncate(0)
    assert list(history.losses) == [] and list(history.evaluations["test"]) == [0]


def test_the_newest_evaluation_that_is_not_later() -> None:
    history = History()
    assert history.evaluation_at(10) is None
    # Reports of a run may come in any order.
    history.evaluations["test"] = {20: found(20), 5: found(5), 10: found(10)}
    assert history.evaluation_at(4) is None
    assert history.evaluation_at(5) == (5, found(5))
    assert history.evaluation_at(19) == (10, found(10))
    assert history.evaluation_at(10**9) == (20, found(20))
    assert history.evaluation_at(20, "train") is None


def test_evaluations_are_thinned_out_evenly_and_the_newest_stays() -> None:
    course = Course()
    for step in range(10, 10 * (5 * MOST_EVALUATIONS + 7), 10):
        course.add(step + 1, [], {"test": {step: Evaluation(step, 0.5, 10)}})
        assert next(reversed(course.history.evaluations["test"])) == step
    steps = list(course.history.evaluations["test"])
    assert MOST_EVALUATIONS / 2 <= len(steps) <= MOST_EVALUATIONS and steps[0] == 10 and steps == sorted(steps)
    assert np.diff(steps).max() <= 2.5 * steps[-1] / (MOST_EVALUATIONS / 2)


def test_the_columns_of_evaluations_follow_when_they_are_thinned_out() -> None:
    history, copy = History(), EvaluationCopy()
    for step in range(1, MOST_EVALUATIONS + 1):
        history.add_evaluations("test", {step: Evaluation(float(step), 0.5, 10)})
    copy.follow(history.evaluations["test"])
    for step in range(MOST_EVALUATIONS + 1, 2 * MOST_EVALUATIONS):
        history.add_evaluations("test", {step: Evaluation(float(step), 0.5, 10)})
    steps, losses, _ = copy.follow(history.evaluations["test"])
    assert steps.tolist() == losses.tolist() == list(history.evaluations["test"])


def test_a_copy_does_not_change_with_the_original() -> None:
    history = History()
    history.add_losses(1, [0.5])
    history.evaluations["test"][1] = found(1)
    kept = history.copy()
    history.add_losses(1, [0.1, 0.2])
    history.evaluations["test"][2] = found(2)
    assert list(kept.losses) == [0.5] and list(kept.evaluations["test"]) == [1]


# Runs


def test_what_is_left_behind_becomes_a_past_run() -> None:
    course = Course()
    course.add(1, [0.5, 0.4, 0.3], {"test": {3: found(3)}})
    course.go_on_from(1, "left")
    assert list(course.history.losses) == [0.5]
    course.add(2, [0.9, 0.8], {})
    course.start_anew("xor")
    assert list(course.history.losses) == []
    first, second = course.past_runs
    assert (list(first.history.losses), first.first_step) == ([0.5, 0.4, 0.3], 1)
    assert (list(second.history.losses), second.first_step) == ([0.5, 0.9, 0.8], 0)
    assert list(first.history.evaluations["test"]) == [3]
    assert len({first.name, second.name}) == 2


def test_going_on_from_the_end_leaves_nothing_behind() -> None:
    course = Course()
    course.add(1, [0.5, 0.4, 0.3], {})
    course.mark(3, "rate")
    course.go_on_from(3, "left")
    assert course.past_runs == [] and len(course.history.losses) == 3 and course.marks == [(3, "rate")]
    course.go_on_from(2, "left")
    assert course.marks == []


def test_only_the_last_past_runs_are_kept() -> None:
    course = Course()
    for number in range(LIMIT + 3):
        course.add(1, [float(number), 0.0], {})
        course.start_anew("run")
    assert [run.history.losses[0] for run in course.past_runs] == [float(n) for n in range(3, LIMIT + 3)]


# States


def state(steps: int, size: int = 1000) -> dict[str, Any]:
    weights = {"0.weight": np.full(size, steps, np.float32)}
    return {"steps": steps, "weights": weights, "optimizer": {"memory": {"m": dict(weights)}}}


def test_the_newest_state_that_is_not_later() -> None:
    kept = Snapshots()
    assert kept.nearest(10) is None
    for steps in (0, 5, 20):
        kept.add(state(steps))
    for step, steps in ((0, 0), (4, 0), (5, 5), (19, 5), (10**6, 20)):
        nearest = kept.nearest(step)
        assert nearest and nearest["steps"] == steps
    kept.add(state(20))
    assert kept.steps == [0, 5, 20]
    kept.truncate(5)
    assert kept.steps == [0, 5] and kept.bytes == 2 * state_bytes(state(0))


@pytest.mark.parametrize("count", [9, 100, 1000])
def test_states_stay_within_their_memory_and_evenly_spread(count: int) -> None:
    assert state_bytes(state(0)) == 8000
    kept = Snapshots(budget=10 * 8000)
    for steps in range(count):
        kept.add(state(steps))
    assert kept.bytes == len(kept) * 8000 <= 10 * 8000
    assert len(kept) >= min(count, 5) and kept.steps[0] == 0
    gaps = np.diff([*kept.steps, count])
    assert gaps.max() <= 2 * max(gaps[0], 1)
