"""Options: checked in the constructor, saved as plain data, and rebuilt; a wrong value gets a sentence."""

import dataclasses
import json
import math
import re
from typing import Any, ClassVar, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.options import Configurable, Option, from_spec, option
from core.types import LARGEST_WHOLE, ChainruleError, OptionError
from tests.core.registries import CHOICES, OPTIONS, REGISTRIES, smallest_spec

each_choice = pytest.mark.parametrize(("what", "kind", "thing"), CHOICES, ids=[f"{w}-{k}" for w, k, _ in CHOICES])
each_option = pytest.mark.parametrize(("thing", "choice"), OPTIONS, ids=[f"{t.kind}-{o.name}" for t, o in OPTIONS])


@dataclasses.dataclass(frozen=True)
class Thing(Configurable):
    """A thing with one option of every sort."""

    kind: ClassVar[str] = "thing"
    title: ClassVar[str] = "Thing"

    count: int = option(minimum=1, maximum=9, help="How many.")
    share: float = option(0.5, above=0, below=1, help="Which share.")
    level: float = option(0.0, minimum=-2.5, help="How high.")
    active: bool = option(True, help="Whether.")
    size: int | str = option(0, minimum=0, choices=("same",), help="How large.")
    mode: str = option("mean", choices=("mean", "sum"), help="Which way.")


ANY_SIZE = "of at least 0 and at most 1\u202f000\u202f000\u202f000"
"""What a whole number without a maximum of its own may be."""


def refusal(**values: Any) -> str:
    with pytest.raises(OptionError) as error:
        Thing.from_options({"count": 1, **values})
    return str(error.value)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"count": 0}, "Thing: count must be a whole number of at least 1 and at most 9, not 0."),
        ({"count": 10}, "Thing: count must be a whole number of at least 1 and at most 9, not 10."),
        ({"count": "abc"}, "Thing: count must be a whole number of at least 1 and at most 9, not 'abc'."),
        ({"count": 2.0}, "Thing: count must be a whole number of at least 1 and at most 9, not 2.0."),
        ({"count": True}, "Thing: count must be a whole number of at least 1 and at most 9, not True."),
        ({"count": None}, "Thing: count must be a whole number of at least 1 and at most 9, not None."),
        ({"share": 0}, "Thing: share must be a number above 0 and below 1, not 0."),
        ({"share": 1.0}, "Thing: share must be a number above 0 and below 1, not 1.0."),
        ({"share": math.nan}, "Thing: share must be a number above 0 and below 1, not nan."),
        ({"level": math.inf}, "Thing: level must be a number of at least −2.5, not inf."),
        ({"level": -2.6}, "Thing: level must be a number of at least −2.5, not -2.6."),
        ({"active": 1}, "Thing: active must be true or false, not 1."),
        ({"active": "yes"}, "Thing: active must be true or false, not 'yes'."),
        ({"size": "valid"}, f"Thing: size must be a whole number {ANY_SIZE} or \"same\", not 'valid'."),
        ({"size": -1}, f'Thing: size must be a whole number {ANY_SIZE} or "same", not -1.'),
        ({"size": 10**9 + 1}, f'Thing: size must be a whole number {ANY_SIZE} or "same", not 1000000001.'),
        (
            {"size": -(10**400)},
            f'Thing: size must be a whole number {ANY_SIZE} or "same", not a number of about 401 digits.',
        ),
        ({"level": 10**5000}, "Thing: level must be a number of at least −2.5, not a number of about 5001 digits."),
        ({"level": [10**5000]}, "Thing: level must be a number of at least −2.5, not [a number of about 5001 digits]."),
        ({"mode": "median"}, "Thing: mode must be one of mean, sum, not 'median'."),
        ({"mode": 3}, "Thing: mode must be one of mean, sum, not 3."),
        ({"mode": ["mean"]}, "Thing: mode must be one of mean, sum, not ['mean']."),
    ],
)
def test_a_wrong_value_gets_a_sentence(values: dict[str, Any], sentence: str):
    assert refusal(**values) == sentence


def test_values_at_the_bounds_are_allowed():
    for values in ({"count": 1}, {"count": 9}, {"level": -2.5}, {"size": "same"}, {"size": 0}, {"share": 1e-300}):
        Thing.from_options({"count": 1, **values})
    assert Thing(count=3, level=2).level == 2
    assert Thing(count=3, size=LARGEST_WHOLE).size == LARGEST_WHOLE


def test_numbers_of_numpy_become_python_s():
    """An option of float64 would make float64 of every float32 result, and json cannot write it."""
    given: dict[str, Any] = {"count": np.int64(3), "share": np.float64(0.1), "level": np.float32(0.5)}
    made = Thing(**given, active=cast(bool, np.bool_(False)))
    values = (made.count, made.share, made.level, made.active)
    assert values == (3, 0.1, 0.5, False) and [type(value) for value in values] == [int, float, float, bool]
    assert json.loads(json.dumps(made.spec())) == made.spec()
    assert refusal(count=np.float64(2.0)).endswith("not 2.0.")
    assert refusal(share=np.float64(math.nan)).endswith("not nan.")
    assert refusal(count=np.bool_(True)).endswith("not True.")
    assert refusal(share=np.array(0.5)).endswith("not array(0.5).")


def test_what_was_given_is_not_repeated_at_length():
    assert len(refusal(mode="x" * 5000)) < 150
    assert len(refusal(count=list(range(5000)))) < 150
    with pytest.raises(OptionError) as error:
        from_spec({"thing": Thing}, {"kind": "x" * 5000}, "thing")
    assert len(str(error.value)) < 150


def test_options_are_what_was_declared():
    options = {choice.name: choice for choice in Thing.options()}
    assert list(options) == ["count", "share", "level", "active", "size", "mode"]
    assert [o.type for o in options.values()] == [int, float, float, bool, int, str]
    assert options["count"].default is dataclasses.MISSING
    assert (options["share"].above, options["share"].below, options["size"].choices) == (0, 1, ("same",))
    assert [options[name].maximum for name in ("count", "level", "size")] == [9, None, LARGEST_WHOLE]


@given(
    st.builds(
        Thing,
        count=st.integers(1, 9),
        share=st.floats(0, 1, exclude_min=True, exclude_max=True),
        level=st.floats(-2.5, allow_infinity=False),
        active=st.booleans(),
        size=st.one_of(st.just("same"), st.integers(0, LARGEST_WHOLE)),
        mode=st.sampled_from(["mean", "sum"]),
    )
)
def test_a_spec_rebuilds_an_equal_thing(thing: Thing):
    spec = json.loads(json.dumps(thing.spec()))
    assert spec["kind"] == "thing" and list(spec)[1:] == [choice.name for choice in Thing.options()]
    assert from_spec({"thing": Thing}, spec, "thing") == thing


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (None, 'A thing is described by an object with a "kind", not by None.'),
        ("thing", "A thing is described by an object with a \"kind\", not by 'thing'."),
        ({"count": 1}, "A thing is described by an object with a \"kind\", not by {'count': 1}."),
        ({"kind": 7}, "A thing is described by an object with a \"kind\", not by {'kind': 7}."),
        ({"kind": "thong"}, "There is no thing of kind 'thong'; known are thing."),
        ({"kind": "thing"}, "Thing: the option 'count' is missing."),
        (
            {"kind": "thing", "count": 1, "colour": "red"},
            "Thing: there is no option 'colour'; the options are active, count, level, mode, share, size.",
        ),
        (
            {"kind": "thing", "count": "many"},
            "Thing: count must be a whole number of at least 1 and at most 9, not 'many'.",
        ),
    ],
)
def test_a_wrong_spec_gets_a_sentence(spec: Any, sentence: str):
    with pytest.raises(OptionError) as error:
        from_spec({"thing": Thing}, spec, "thing")
    assert str(error.value) == sentence


@each_choice
def test_everything_that_can_be_chosen_can_be_saved_and_rebuilt(what: str, kind: str, thing: type[Configurable]):
    rebuild = REGISTRIES[what][1]
    made = rebuild(smallest_spec(kind, thing))
    assert type(made) is thing and made.kind == kind
    spec = json.loads(json.dumps(made.spec()))
    assert rebuild(spec).spec() == spec


@each_choice
def test_an_unknown_option_is_refused(what: str, kind: str, thing: type[Configurable]):
    with pytest.raises(OptionError, match=r"there is no option 'colour'"):
        REGISTRIES[what][1]({**smallest_spec(kind, thing), "colour": 1})


def test_kinds_are_told_apart():
    for registry, rebuild in REGISTRIES.values():
        assert all(thing.kind == kind for kind, thing in registry.items())
        assert len({thing.title for thing in registry.values()}) == len(registry)
        with pytest.raises(OptionError, match=r"There is no .* of kind 'nonsense'; known are "):
            rebuild({"kind": "nonsense"})


def outside(choice: Option) -> list[Any]:
    """Values that no option of this sort can take."""
    values: list[Any] = ["nonsense", [], math.nan, *([None] if choice.default is not None else [])]
    if choice.type in (int, float):
        values += [math.inf, -math.inf, True]
        assert choice.maximum is not None or choice.below is not None, "so that no number is too large for NumPy"
        values += [choice.minimum - 1] if choice.minimum is not None else []
        values += [choice.maximum + 1] if choice.maximum is not None else []
        values += [bound for bound in (choice.above, choice.below) if bound is not None]
    if choice.type is int:
        values.append(1.5)
    return values


@each_option
def test_every_option_refuses_nonsense_by_name(thing: type[Configurable], choice: Option):
    values = {k: v for k, v in smallest_spec(thing.kind, thing).items() if k != "kind"}
    for wrong in outside(choice):
        with pytest.raises(ChainruleError) as error:
            thing.from_options({**values, choice.name: wrong})
        assert str(error.value).startswith(f"{thing.title}: {choice.name} must be "), wrong
        assert str(error.value).endswith(f", not {wrong!r}.")
        if choice.type in (int, float):
            for huge in (10**400, -(10**400)):
                with pytest.raises(ChainruleError, match=f"^{re.escape(thing.title)}: .* about 401 digits"):
                    thing.from_options({**values, choice.name: huge})


@each_option
def test_every_default_is_allowed(thing: type[Configurable], choice: Option):
    if choice.default is not dataclasses.MISSING:
        choice.check(choice.default, thing.title)


@each_option
def test_numbers_have_a_lower_bound_or_a_range(thing: type[Configurable], choice: Option):
    """A form needs to know where its fields begin."""
    if choice.type in (int, float):
        assert choice.minimum is not None or choice.above is not None
