"""Schedules against PyTorch's learning rates, step by step."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.docs import sections
from core.schedules import (
    SCHEDULES,
    ConstantRate,
    CosineRate,
    ExponentialRate,
    OneCycleRate,
    Schedule,
    StepRate,
    WarmUpRate,
    schedule_from_spec,
)
from core.types import OptionError
from tests.golden.store import load

GOLDEN = {
    name: rates
    for name, rates in load(Path(__file__).parents[1] / "golden" / "optimizers.npz").items()
    if name.startswith("schedule.")
}

CASES: dict[str, Schedule] = {
    "constant": ConstantRate(),
    "step": StepRate(step_size=7, gamma=0.3),
    "exponential": ExponentialRate(gamma=0.9),
    "cosine": CosineRate(total_steps=20, eta_min=0.01),
    "warmup": WarmUpRate(warmup_steps=9, start_factor=0.2),
    "one_cycle": OneCycleRate(total_steps=40),
    "one_cycle_options": OneCycleRate(total_steps=33, pct_start=0.45, div_factor=7.0, final_div_factor=30.0),
}
each_kind = pytest.mark.parametrize("kind", SCHEDULES)


def rates(schedule: Schedule, base: float, steps: int) -> np.ndarray:
    return np.array([schedule.rate(base, step) for step in range(steps)])


def agrees(schedule: Schedule, case: str) -> bool:
    expected = GOLDEN[f"schedule.{case}"]
    return bool(np.allclose(rates(schedule, 0.4, len(expected)), expected, rtol=1e-10, atol=0))


@pytest.mark.parametrize("case", CASES)
def test_rates_are_pytorch_s(case: str):
    assert agrees(CASES[case], case)


def test_every_schedule_has_golden_rates():
    assert {type(schedule).kind for schedule in CASES.values()} == set(SCHEDULES)
    assert {f"schedule.{case}" for case in CASES} == set(GOLDEN)


class OneStepLate(Schedule):
    """A schedule that counts from 1."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule

    def rate(self, base: float, step: int) -> float:
        return self.schedule.rate(base, step + 1)


@pytest.mark.parametrize(
    ("case", "wrong"),
    [
        *((case, OneStepLate(schedule)) for case, schedule in CASES.items() if case != "constant"),
        ("step", StepRate(step_size=8, gamma=0.3)),
        ("exponential", ExponentialRate(gamma=0.91)),
        ("cosine", CosineRate(total_steps=20)),
        ("cosine", CosineRate(total_steps=21, eta_min=0.01)),
        ("warmup", WarmUpRate(warmup_steps=10, start_factor=0.2)),
        ("warmup", WarmUpRate(warmup_steps=9, start_factor=0.1)),
        ("one_cycle", OneCycleRate(total_steps=41)),
        ("one_cycle", OneCycleRate(total_steps=40, final_div_factor=2.5e5)),
        ("one_cycle_options", OneCycleRate(total_steps=33, div_factor=7.0, final_div_factor=30.0)),
    ],
)
def test_mistakes_are_rejected(case: str, wrong: Schedule):
    assert not agrees(wrong, case)


def test_what_ends_stays_at_its_end():
    assert CosineRate(total_steps=20, eta_min=0.01).rate(0.4, 10**6) == pytest.approx(0.01, rel=1e-12)
    assert WarmUpRate(warmup_steps=9).rate(0.4, 10**6) == pytest.approx(0.4, rel=1e-12)
    assert OneCycleRate(total_steps=40).rate(0.4, 10**6) == pytest.approx(0.4 / 25 / 1e4, rel=1e-9)
    assert ExponentialRate(gamma=0.5).rate(0.4, 10**9) == 0.0


def test_the_peak_of_one_cycle_is_the_chosen_rate():
    assert rates(OneCycleRate(total_steps=50, pct_start=0.2), 0.3, 50).max() == pytest.approx(0.3, rel=1e-12)


@given(st.integers(1, 60), st.integers(0, 99), st.integers(0, 80))
@example(total=10, percent=10, step=0)
def test_one_cycle_has_no_hole_at_any_size(total: int, percent: int, step: int):
    """Also where the rise ends exactly at the first step, which divides by zero in PyTorch."""
    rate = OneCycleRate(total_steps=total, pct_start=percent / 100).rate(1.0, step)
    assert 1 / 25 / 1e4 - 1e-12 <= rate <= 1 + 1e-12


@each_kind
def test_rates_are_a_share_of_the_chosen_one(kind: str):
    """So that the chosen learning rate can be changed in the middle of a run."""
    schedule = SCHEDULES[kind]()
    for step in (0, 1, 400, 9999, 10**7):
        assert schedule.rate(2.0, step) == pytest.approx(20 * schedule.rate(0.1, step), rel=1e-12)
        assert 0 <= schedule.rate(0.1, step) <= 0.1 * (1 + 1e-12)


@each_kind
def test_a_schedule_is_rebuilt_from_its_spec(kind: str):
    schedule = SCHEDULES[kind]()
    assert schedule_from_spec(schedule.spec()) == schedule
    assert "Formula" in sections(type(schedule))


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "step", "step_size": 0},
        {"kind": "step", "gamma": 1.5},
        {"kind": "exponential", "gamma": 0.0},
        {"kind": "cosine", "total_steps": 0},
        {"kind": "cosine", "eta_min": -0.1},
        {"kind": "warmup", "start_factor": 0.0},
        {"kind": "one_cycle", "pct_start": 1.0},
        {"kind": "one_cycle", "total_steps": 2.5},
        {"kind": "triangle"},
    ],
)
def test_options_that_make_no_sense_are_refused(spec: dict[str, Any]):
    with pytest.raises(OptionError):
        schedule_from_spec(spec)
