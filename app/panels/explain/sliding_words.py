"""The sum below a sliding window, line by line: what its tiles add up to, its channels, its bias, what comes out."""

import dataclasses

import numpy as np

from app.panels.explain.slides import Cell, Slide
from app.plots.numbers import format_count, format_number
from core.explain import Place, Step
from core.explain.notation import entry


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a sum; the numbers stand below one another."""

    words: str
    value: float
    strong: bool = False


def sum_lines(slide: Slide, behind: Line | None, hint: str) -> list[Line]:
    """All lines; `behind` takes the place of the first one, `hint` follows the last one."""
    lines = [behind or _first_line(slide)]
    if len(slide.sums) > 1:
        words = f"{format_count(len(slide.sums))} {slide.channel_word}s together"
        lines.append(Line(words, float(slide.sums.sum())))
    if slide.bias is not None:
        lines.append(Line("bias", slide.bias))
    return [*lines, Line(f"{_name(slide.place)}{hint}", slide.value, strong=True)]


def number_line(step: Step, place: Place) -> Line:
    """One number of the tape."""
    return Line(_name(place), step.value(place))


def tile_line(step: Step, slide: Slide, number: int, cell: Cell) -> Line | None:
    """The product that a cell of a tile belongs to, or the number there where nothing is multiplied."""
    tile = slide.tiles[number]
    if not tile.has(cell):
        return None
    if len(slide.tiles) > 1 and number >= len(slide.tiles) - 3:
        *factors, product = slide.tiles[-3:]
        words = " × ".join(format_number(factor.values[cell]) for factor in factors)
        return Line(words, float(product.values[cell]))
    place = tile.place_at(*cell)
    return None if place is None else number_line(step, place)


def _first_line(slide: Slide) -> Line:
    """What the tiles add up to, or who won."""
    tile = slide.tiles[-1] if slide.tiles else None
    count = int(np.count_nonzero(tile.there)) if tile else 0
    if tile is not None and len(slide.tiles) == 1:
        return Line(f"the first largest of {count}", float(slide.sums.sum()))
    products = f"{format_count(count)} product{'s' * (count != 1)}"
    if not slide.channel_word:
        return Line(products, float(slide.sums.sum()))
    return Line(f"{slide.channel_word} {slide.channel}: {products}", float(slide.sums[slide.channel]))


def _name(place: Place) -> str:
    return entry(place.tensor.rpartition(".")[2], *place.index)
