"""Which states of a training are kept: as many as there is room for, evenly spread, also those an undo may need."""

import gc
from typing import Any

import numpy as np
import pytest

from app.document.snapshots import STATES, Snapshots, state_bytes

SIZE = 4000
FEW = 40


def state(steps: int, size: int = SIZE) -> dict[str, Any]:
    return {"steps": steps, "weights": {"w": np.zeros(size, np.uint8)}, "optimizer": {"memory": {}}}


def filled(count: int, budget: int = FEW * SIZE, every: int = 1) -> Snapshots:
    kept = Snapshots(budget)
    for number in range(count):
        kept.add(state(number * every))
    return kept


def assert_even(steps: list[int], apart: int) -> None:
    """No gap is larger than twice the mean, or than the states once came apart; few are smaller than half of it."""
    gaps = np.diff(steps)
    assert gaps.max() <= max(2 * gaps.mean(), apart)
    assert (gaps >= gaps.mean() / 2).mean() >= 0.9


def test_bytes_are_those_of_weights_and_optimizer_memory() -> None:
    memory = {"m": {"0.weight": np.zeros(5, np.float32)}, "v": {"0.weight": np.zeros(5, np.float32)}}
    one = {"steps": 3, "weights": {"0.weight": np.zeros(5, np.float32)}, "optimizer": {"memory": memory}}
    kept = Snapshots()
    kept.add(one)
    assert state_bytes(one) == kept.bytes == 60


def test_memory_stays_level_once_it_is_full() -> None:
    kept = Snapshots(FEW * SIZE)
    for steps in range(1000):
        kept.add(state(steps))
        assert len(kept) == min(steps + 1, FEW) and kept.bytes == len(kept) * SIZE
        assert (kept.steps[0], kept.steps[-1]) == (0, steps)


def test_there_are_never_more_states_than_the_slider_can_tell_apart() -> None:
    kept = Snapshots()
    for steps in range(3 * STATES):
        kept.add(state(steps))
        assert len(kept) == min(steps + 1, STATES)


@pytest.mark.parametrize(
    "arrival", ["one by one", "seven by seven", "at random", "rarely by chance", "slower", "faster"]
)
def test_states_lie_evenly_however_they_come(arrival: str) -> None:
    rng = np.random.default_rng(3)
    distances = {
        "one by one": np.full(3000, 1),
        "seven by seven": np.full(3000, 7),
        "at random": rng.integers(1, 100, 3000),
        "rarely by chance": 1 + rng.exponential(300, 3000).astype(int),
        "slower": np.arange(3000, 0, -1),
        "faster": np.arange(1, 3001),
    }[arrival]
    kept, step = Snapshots(), 0
    for number, distance in enumerate(distances):
        kept.add(state(step))
        step += int(distance)
        if number > 3 * STATES and number % 10 == 0:
            assert_even(kept.steps, int(distances.max()) if arrival != "faster" else int(distance))
            assert kept.steps[0] == 0


def test_states_larger_than_the_budget_are_not_kept() -> None:
    kept = filled(20, budget=SIZE // 2)
    assert kept.steps == [] and kept.bytes == 0 and kept.nearest(5) is None


def test_where_there_is_room_for_one_state_that_is_the_first() -> None:
    kept = filled(20, budget=SIZE)
    assert kept.steps == [0]
    kept.add(state(20, size=100 * SIZE))
    assert kept.steps == [0] and kept.bytes == SIZE


def test_a_smaller_budget_makes_room_at_once_and_a_larger_one_is_filled_again() -> None:
    kept = filled(100, budget=100 * SIZE)
    kept.budget = 10 * SIZE
    assert kept.bytes == kept.budget and (kept.steps[0], kept.steps[-1]) == (0, 99)
    assert_even(kept.steps, 1)
    kept.budget = 50 * SIZE
    for steps in range(100, 300):
        kept.add(state(steps))
    assert kept.bytes == kept.budget
    assert_even(kept.steps, 16)


def test_the_nearest_state_is_the_newest_that_is_not_later() -> None:
    kept = filled(5, every=10)
    assert [(found := kept.nearest(step)) and found["steps"] for step in (-1, 0, 9, 10, 44)] == [None, 0, 0, 10, 40]


def test_a_step_is_kept_once() -> None:
    kept = filled(5)
    kept.add(state(4))
    kept.add(state(2))
    assert kept.steps == [0, 1, 2, 3, 4] and kept.bytes == 5 * SIZE


# What was cut off


def test_what_was_cut_off_goes_unless_somebody_holds_on_to_it() -> None:
    kept = filled(20)
    kept.truncate(9)
    gc.collect()
    assert kept.steps == list(range(10)) and kept.bytes == 10 * SIZE
    line = kept.line()
    kept.truncate(4)
    assert kept.steps == list(range(5)) and kept.bytes == 10 * SIZE
    del line
    gc.collect()
    assert kept.bytes == 5 * SIZE


def test_a_line_is_taken_up_again_with_the_very_states() -> None:
    kept = filled(20)
    line, wanted = kept.line(), [kept.nearest(step) for step in range(20)]
    kept.truncate(9)
    for steps in (15, 25):
        kept.add(state(steps))
    other = kept.line()
    kept.take_up(line)
    assert kept.steps == list(range(20)) and kept.bytes == 22 * SIZE
    assert all(kept.nearest(step) is wanted[step] for step in range(20))
    kept.take_up(other)
    assert kept.steps == [*range(10), 15, 25]
    kept.take_up(())
    assert len(kept) == 0 and kept.nearest(99) is None


@pytest.mark.parametrize("cut", [5, 20, 35])
def test_what_was_cut_off_shares_the_room_and_stays_evenly_spread(cut: int) -> None:
    kept = filled(FEW, every=10)
    line = kept.line()
    kept.truncate(cut * 10)
    for steps in range(cut * 10 + 1, cut * 10 + 1000):
        kept.add(state(steps))
        assert kept.bytes == min(FEW, steps - cut * 10 + FEW) * SIZE
    later = [one.step for one in line if one.state is not None and one.step > cut * 10]
    assert len(later) == min(FEW - cut - 1, FEW // 2) and later[-1] == (FEW - 1) * 10
    assert len(kept) == FEW - len(later)
    other = kept.line()
    kept.take_up(line)
    assert kept.steps[-len(later) :] == later and kept.bytes == kept.budget
    kept.take_up(other)
    assert len(kept) == FEW - len(later) and kept.bytes == kept.budget
    assert np.diff(later).max() <= 2 * np.diff(later).mean()


def test_of_several_courses_that_were_cut_off_the_longest_makes_room() -> None:
    kept = filled(30)
    first = kept.line()
    kept.truncate(-1)
    for steps in range(10):
        kept.add(state(steps))
    second = kept.line()
    kept.truncate(-1)
    for steps in range(20):
        kept.add(state(steps))
    assert [sum(one.state is not None for one in line) for line in (first, second)] == [10, 10]
    assert len(kept) == 20


def test_huge_states_that_were_cut_off_go_before_the_budget_is_passed() -> None:
    kept = filled(3, budget=3 * SIZE)
    line = kept.line()
    kept.truncate(-1)
    kept.add(state(0, 3 * SIZE))
    assert kept.steps == [0] and kept.bytes == kept.budget
    assert all(one.state is None for one in line)
    kept.take_up(line)
    assert len(kept) == 0
