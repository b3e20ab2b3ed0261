"""Explanations as rich text: the breadcrumb, the formula and the terms, with links to the numbers behind them."""

from html import escape

import numpy as np

from app.plots.numbers import format_count, format_number
from app.theme import current_theme, readable
from core.explain.protocol import Explanation, Place, Region, Term, TermFactor
from core.explain.scene import Step

MOST_TERMS = 12
"""Terms that are shown one by one; they are the largest."""


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
        layer, _, parameter = place.tensor.partition(".")
        if parameter:
            return f"{int(layer) + 1} · {step.layers[int(layer)].title}.{parameter}{index}"
        return f"{place.tensor}{index}"
    record = step.tape.records[place.record]
    if record.phase == "update":
        layer, _, parameter = record.name.partition(".")
        return f"{int(layer) + 1} · {step.layers[int(layer)].title}.{parameter} {place.tensor}{index}"
    owner = "loss" if record.phase == "loss" else f"{record.index + 1} · {record.name}"
    return f"{owner}.{place.tensor}{index}"


def trail_text(step: Step, trail: tuple[Place, ...]) -> str:
    """The way to the number that is explained; every stop but the last is a link back."""
    stops = [
        f'<a href="{position}" style="color:{_color(place)};">{escape(place_name(step, place))}</a>'
        for position, place in enumerate(trail[:-1])
    ]
    return " › ".join([*stops, f"<b>{escape(place_name(step, trail[-1]))}</b>"])


def formula_text(explanation: Explanation) -> str:
    """The formula and the number it gives."""
    value = format_number(explanation.value)
    return f'<span style="font-family:monospace">{escape(explanation.formula)} = <b>{value}</b></span>'


def terms_text(explanation: Explanation, links: Links, step: Step) -> str:
    """The largest terms, a row each: the product, its factors as links, and where they stand."""
    muted = current_theme().muted
    rows = [
        f"<tr><td align='right'><b>{_signed(term.value)}</b>&nbsp;=&nbsp;</td>"
        f"<td>{_product(term, links, step)}</td></tr>"
        f"<tr><td></td><td style='color:{muted}; font-size:8pt'>{_whereabouts(term)}</td></tr>"
        for term in explanation.largest(MOST_TERMS)
        if term.value or len(explanation.values) == 1
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
    shown = f"The largest {MOST_TERMS} of " if count - zeros > MOST_TERMS else "Its "
    none = f" ({format_count(zeros)} of them {'is' if zeros == 1 else 'are'} 0)" if zeros else ""
    return f"{shown}{format_count(count)} terms{none}, which add up to {format_number(explanation.total)}:"


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


def _whereabouts(term: Term) -> str:
    names = []
    for factor in term.factors:
        index = f"[{', '.join(map(str, factor.place.index))}]" if factor.place else ""
        names.append(f"{escape(factor.label)}{index}")
    label = f"{escape(term.part)}: " if term.part else ""
    return label + " · ".join(names)


def _signed(value: float) -> str:
    text = format_number(value)
    return text if text.startswith("−") else f"+{text}"


def _color(place: Place) -> str:
    """Vermilion for gradients, blue for values."""
    theme = current_theme()
    is_gradient = place.tensor in ("dx", "dy", "gradient", "raw gradient") or place.tensor.startswith("d_")
    return readable(theme.backward if is_gradient else theme.forward).name()
