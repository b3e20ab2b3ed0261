"""The texts that explain a choice when the pointer rests on it: the docstrings of the core, laid out to be read."""

from html import escape

from core.docs import sections, summary
from core.options import Configurable, Option

_SHOWN = ("Shapes", "Formula", "Gradient", "Range", "Errors", "Source")


def explanation(thing: type[Configurable]) -> str:
    """What a layer, loss, optimizer and so on does, with its formulas and where it comes from, as rich text."""
    found = sections(thing)
    parts = [f"<b>{escape(thing.title)}</b><br>{escape(summary(thing))}"]
    parts += [f"{name}:<br>{_lines(found[name])}" for name in _SHOWN if name in found]
    return "".join(f"<p>{part}</p>" for part in parts)


def option_explanation(option: Option) -> str:
    """What an option does and which values it takes; first its name in formulas, where the form calls it otherwise."""
    name = f"{option.name}: " if option.label else ""
    return f"{name}{option.help}\n{option.range_text(open_is='empty').capitalize()}."


def _lines(text: str) -> str:
    """One formula a line."""
    return "<br>".join(escape(line) for line in text.replace("`", "").replace("; ", ";\n").split("\n"))
