"""Reads the docstrings of layers, losses and optimizers, so that the window shows the very text beside the code."""

import inspect
import re
from functools import cache

_SECTION = re.compile(r"^(Shapes|Formula|Gradient|Range|Errors|Source|Note):\s*", re.MULTILINE)


def summary(thing: type) -> str:
    """The first paragraph of the docstring, as one line."""
    return " ".join(_SECTION.split(inspect.cleandoc(thing.__doc__ or ""))[0].split("\n\n")[0].split())


def sections(thing: type) -> dict[str, str]:
    """The labelled lines of the docstring: "Shapes", "Formula", "Gradient", "Source" and so on, where present."""
    return dict(_sections(thing.__doc__ or ""))


@cache  # asked for with every record of a tape
def _sections(doc: str) -> dict[str, str]:
    parts = _SECTION.split(inspect.cleandoc(doc))
    return {name: " ".join(text.split()) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
