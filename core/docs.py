"""Reads the docstrings of layers, losses and optimizers, so that the window shows the very text beside the code."""

import inspect
import re

_SECTION = re.compile(r"^(Shapes|Formula|Gradient|Range|Errors|Source|Note):\s*", re.MULTILINE)


def summary(thing: type) -> str:
    """The first paragraph of the docstring, as one line."""
    return " ".join(_SECTION.split(_doc(thing))[0].split("\n\n")[0].split())


def sections(thing: type) -> dict[str, str]:
    """The labelled lines of the docstring: "Shapes", "Formula", "Gradient", "Source" and so on, where present."""
    parts = _SECTION.split(_doc(thing))
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _doc(thing: type) -> str:
    return inspect.cleandoc(thing.__doc__ or "")
