"""Explanations as rich text: the breadcrumb, the formula and the terms, with links to the numbers behind them."""

import re
from html import escape

import numpy as np

from app.plots.numbers import format_count, format_number, format_signed
from app.theme import current_theme, readable
from core.explain.notation import entry
from core.explain.protocol import Explanation, Place, Region, Term, TermFactor
from core.explain.scene import PENALTY, Step
from core.explain.words import tensor_title
from core.words import numbered_title

MOST_TERMS = 12
"""Terms that are shown one by one; they are the largest."""

MOST_ZEROS = 4
"""Terms that are shown where all of them are 0: enough to see which factor makes them so."""

LET_GO = "let go"
"""The link behind the breadcrumb that asks for nothing any more."""

_SUM_OVER = re.compile(r"Σ(?:_(\w)|([ᵢⱼₖₙₒ]))")
_LETTERS = dict(zip("ᵢⱼₖₙₒ", "ijkno", strict=True))
_IN_BRACKETS = re.compile(r"\([^()]*\)")

_SAME = 1e-3
"""How far in proportion the sum of the terms may lie from the number before that is explained."""


class Links:
    """Numbers the links of a text, so that a click can be turned back into a place."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def to(self, place: Place, text: str) -> str:
        """A link to a place."""
        self.places.append(place)
        return f'<a href="{len(self.places) - 1}" style="color:{_color(place)};">{text}</a>'


def place_name(step: Step, place: Place) -> str:
    """A place as the field writes it: "3 · Dense.d_weight[3, 7]"."""
    index = f"[{', '.join(map(str, place.index))}]" if place.index else ""
    if place.record is None:
        return f"{tensor_title(step, place.tensor)}{index}"
    record = step.tape.records[place.record]
    if record.phase == "update":
        return f"{tensor_title(step, record.name)} {place.tensor}{index}"
    if record.phase == "loss" and record.name == PENALTY:
        if place.tensor == "value":
            return "penalty.value"
        weight = f"{tensor_title(step, place.tensor.removeprefix('d_'))}{index}"
        return f"penalty on {weight}" if place.tensor.startswith("d_") else weight
    owner = "loss" if record.phase == "loss" else numbered_title(record.index, record.name)
    return f"{owner}.{place.tensor}{index}"


def record_name(step: Step, position: int) -> str:
    """`2 · BatchNorm, forward`, or `1 · Dense, the update of weight`."""
    record = step.tape.records[position]
    if record.phase == "loss":
        return record.name
    owner = numbered_title(record.index, step.layers[record.index].title)
    parameter = record.name.rpartition(".")[2]
    return f"{owner}, the update of {parameter}" if record.phase == "update" else f"{owner}, {record.phase}"


def trail_text(step: Step, trail: tuple[Place, ...]) -> str:
    """The way to the number that is explained; every stop but the last is a link back, and the end lets go of it."""
    stops = [
        f'<a href="{position}" style="color:{_color(place)};">{escape(place_name(step, place))}</a>'
        for position, place in enumerate(trail[:-1])
    ]
    away = f'<a href="{LET_GO}" style="color:{current_theme().muted}; text-decoration:none;">✕</a>'
    return " › ".join([*stops, f"<b>{escape(place_name(step, trail[-1]))}</b>&nbsp;&nbsp;{away}"])


def typeset(formula: str) -> str:
    """A formula as rich text: what a sum runs over stands below the line."""
    return _SUM_OVER.sub(lambda found: f"Σ<sub>{found[1] or _LETTERS[found[2]]}</sub>", escape(formula))


def formula_text(explanation: Explanation) -> str:
    """The formula and the number it gives; what its letters stand for follows in a line of its own."""
    value, muted = format_number(explanation.value), current_theme().muted
    where = f'<br><span style="color:{muted};">where {typeset(explanation.where)}</span>' if explanation.where else ""
    formula = f"{typeset(explanation.formula)} = <b>{value}</b>"
    return f'<span style="font-family:monospace">{formula}{where}</span>'


def terms_text(explanation: Explanation, links: Links, step: Step) -> str:
    """The largest terms, a row each: the product, its factors as links, and where they stand."""
    muted = current_theme().muted
    largest = explanation.largest(MOST_TERMS)
    shown, parts = [term for term in largest if term.value] or largest[:MOST_ZEROS], len(explanation.parts)
    rows = [
        f"<tr><td align='right'><b>{format_signed(term.value)}</b>&nbsp;=&nbsp;</td>"
        f"<td>{_product(term, links, step)}</td></tr>"
        f"<tr><td></td><td style='color:{muted}; font-size:8pt'>{_whereabouts(term, parts, step)}</td></tr>"
        for term in shown
    ]
    return f"<table cellspacing='2'>{''.join(rows)}</table>"


def terms_title(explanation: Explanation) -> str:
    """How many terms there are, and that they add up to the number."""
    count = len(explanation.values)
    if count == 0:
        return "Nothing reaches this number, so it is 0."
    if count == 1:
        return "It is this one term:"
    zeros = count - int(np.count_nonzero(explanation.values))
    if zeros == count:
        some = f"; {'the first' if count > MOST_ZEROS else 'all'} {min(count, MOST_ZEROS)} of them"
        return f"All its {format_count(count)} terms are 0, and so is their sum{some}:"
    shown = f"The largest {MOST_TERMS} of " if count - zeros > MOST_TERMS else "Its "
    none = f" ({format_count(zeros)} of them {'is' if zeros == 1 else 'are'} 0)" if zeros else ""
    total, value = explanation.total, explanation.value
    written = format_number(total)
    why = ", the number above but for rounding" if written != format_number(value) else ""
    if abs(total - value) > _SAME * max(abs(total), abs(value)):
        why += ", as almost everything cancels"
    return f"{shown}{format_count(count)} terms{none}, which add up to {written}{why}:"


def _product(term: Term, links: Links, step: Step) -> str:
    return " × ".join(_factor(factor, links, step) for factor in term.factors)


def _factor(factor: TermFactor, links: Links, step: Step) -> str:
    text = format_number(factor.value)
    place = factor.place or _behind(factor, step)
    return links.to(place, text) if place else text


def _behind(factor: TermFactor, step: Step) -> Place | None:
    """For a derived factor: the number behind it that weighs most."""
    if not factor.depends:
        return None
    first = factor.depends[0]
    if not isinstance(first, Region):
        return first
    tensor = step.tensor(first.record, first.tensor)
    largest = int(np.argmax(np.abs(tensor[first.index]).ravel()))
    return first.at(largest, tensor.shape)


def _whereabouts(term: Term, parts: int, step: Step) -> str:
    """The factors' places, and where there are several parts that of the term."""
    part = f"{escape(term.part)}: " if parts > 1 else ""
    return part + " · ".join(escape(_whose(factor, step, is_single=len(term.factors) == 1)) for factor in term.factors)


def _whose(factor: TermFactor, step: Step, *, is_single: bool) -> str:
    """A factor with its index; of one that stands nowhere, the entries it was made from, or where a click leads."""
    if factor.place is not None:
        return entry(factor.label, *factor.place.index)
    label = factor.label if is_single else _bracketed(factor.label)
    behind = [entry(given.tensor, *given.index) for given in factor.depends if isinstance(given, Place)]
    if behind:
        return f"{label} of {' and '.join(behind)}"
    largest = _behind(factor, step)
    return f"{label} (see {entry(largest.tensor, *largest.index)})" if largest else label


def _bracketed(label: str) -> str:
    """A factor in brackets where its neighbours could be taken for a part of it: "(1 − y²)"."""
    bare = label
    while (shorter := _IN_BRACKETS.sub("", bare)) != bare:
        bare = shorter
    return f"({label})" if any(sign in bare for sign in (" − ", " + ", " where ")) else label


def _color(place: Place) -> str:
    """Vermilion for gradients, blue for values."""
    theme = current_theme()
    is_gradient = place.tensor in ("dx", "dy", "gradient", "raw gradient") or place.tensor.startswith("d_")
    return readable(theme.backward if is_gradient else theme.forward).name()
