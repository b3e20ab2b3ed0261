"""The docstrings a person reads in the window: everything that can be chosen explains itself."""

import re

import pytest

from core.docs import sections, summary
from core.options import Configurable, Option
from tests.core.registries import CHOICES, OPTIONS

each_choice = pytest.mark.parametrize(("what", "kind", "thing"), CHOICES, ids=[f"{w}-{k}" for w, k, _ in CHOICES])

NEEDED = {
    "layer": {"Shapes", "Formula", "Gradient", "Source"},
    "loss": {"Shapes", "Formula", "Gradient", "Source"},
    "optimizer": {"Formula", "Source"},
    "schedule": {"Formula", "Source"},
    "penalty": {"Formula"},
    "clipping": {"Formula"},
    "initialiser": {"Formula", "Source"},
    "data set": set(),
}


class Example:
    """What it is,
    over two lines.

    More that is not shown first.

    Shapes:   x (N, in),
              y (N, out)
    Formula:  y = 2 · x;  z: y
    Source:   a book
    """


def test_sections_are_read_as_written():
    assert summary(Example) == "What it is, over two lines."
    assert sections(Example) == {"Shapes": "x (N, in), y (N, out)", "Formula": "y = 2 · x; z: y", "Source": "a book"}


def test_a_class_without_a_docstring_has_no_sections():
    class Silent:
        pass

    assert summary(Silent) == "" and sections(Silent) == {}


@each_choice
def test_everything_explains_itself(what: str, kind: str, thing: type[Configurable]):
    text = summary(thing)
    assert text.endswith(".") and text[0].isupper()
    assert 15 < len(text) < 200
    found = sections(thing)
    assert NEEDED[what] <= found.keys()
    assert all(len(part) > 2 for part in found.values())
    assert thing.__doc__ != Configurable.__doc__


@each_choice
def test_a_formula_names_its_numbers(what: str, kind: str, thing: type[Configurable]):
    """Whoever changes a number in the window finds it in the text beside it."""
    if what == "data set":
        return
    text = thing.__doc__ or ""
    greek = {"beta1": "β₁", "beta2": "β₂", "alpha": "α", "delta": "delta", "momentum": "momentum"}
    for choice in (choice for choice in thing.options() if choice.type is float):
        names = {choice.name, choice.name.replace("_", " "), greek.get(choice.name, choice.name)}
        assert any(name in text for name in names), choice.name


@pytest.mark.parametrize(("thing", "choice"), OPTIONS, ids=[f"{t.kind}-{o.name}" for t, o in OPTIONS])
def test_every_option_has_a_help_text(thing: type[Configurable], choice: Option):
    assert re.fullmatch(r"[A-Z\"].{8,160}\.", choice.help), choice.help
    assert choice.range_text()


@each_choice
def test_titles_are_for_people(what: str, kind: str, thing: type[Configurable]):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", kind)
    assert thing.title and "_" not in thing.title and thing.title[0].isupper()
