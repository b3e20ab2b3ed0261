"""The pictures of pooling: the window behind an output, and for a gradient who won the windows an input lies in.

Which inputs a window sees and which of them won is asked of `core.explain`.
"""

import numpy as np

from app.panels.explain.gallery import Asked, Gallery
from app.panels.explain.pictures_of_layers import layer_gallery
from app.panels.explain.table import Table
from app.plots.numbers import format_count, format_number
from core.explain import Place, explain
from core.explain.notation import entry
from core.layers.pooling import AvgPool2D, GlobalAvgPool2D, MaxPool2D

NOT_SEEN = "No window sees this input: its gradient is 0."

Window = tuple[int, int, int, int]
"""First row, first column, last row, last column."""


@layer_gallery.register
def _(layer: MaxPool2D, asked: Asked) -> Gallery:
    """An output and its window stand in a picture of their own (`sliding`)."""
    match asked.tensor:
        case "y":
            return Gallery(
                words=f"The first largest input of the window wins: {_worth(asked, _winner(asked, asked.index))}."
            )
        case "dy":
            winner = _winner(asked, asked.index)
            return Gallery(
                f"The window of {_name('y', asked.index)}: the first largest input (framed) gets the whole gradient:",
                tables=_tables(asked, _window(asked, asked.index), winner),
                side_by_side=True,
                words=f"All of it goes to {_worth(asked, winner)}; the others get 0.",
            )
        case "dx":
            return _routed(asked)
    return Gallery()


@layer_gallery.register(AvgPool2D)
@layer_gallery.register(GlobalAvgPool2D)
def _(layer: AvgPool2D | GlobalAvgPool2D, asked: Asked) -> Gallery:
    if asked.tensor == "y":
        count = format_count(_size(_window(asked, asked.index)))
        return Gallery(f"{_name('y', asked.index)} is a mean: its {count} inputs count alike.")
    if asked.tensor == "dy":
        words = f"Every input of the window of {_name('y', asked.index)} gets the same share of this gradient:"
        return Gallery(words, tables=_tables(asked, _window(asked, asked.index), None)[1:])
    return _shared(layer, asked) if asked.tensor == "dx" else Gallery()


def _shared(layer: AvgPool2D | GlobalAvgPool2D, asked: Asked) -> Gallery:
    """From which windows an input has its gradient, and how much of theirs."""
    outputs = _outputs(asked)
    if not outputs:
        return Gallery(NOT_SEEN)
    share = format_number(float(asked.explanation.parts[0].values[0]))
    words = f"{_gradient(asked, outputs[0])} is shared: every input of its window gets {share}."
    if len(outputs) > 1:
        words += f" This input lies in {len(outputs)} windows and adds up what it gets from each."
    # A window of AvgPool2D stands in a picture of its own (`sliding`).
    tables = _tables(asked, _window(asked, outputs[0]), None)[1:] if isinstance(layer, GlobalAvgPool2D) else ()
    return Gallery("What came back to the inputs:" if tables else "", tables=tables, words=words)


def _routed(asked: Asked) -> Gallery:
    """Which of its windows an input won, and who won the others: there the gradient went past it."""
    outputs = _outputs(asked)
    if not outputs:
        return Gallery(NOT_SEEN)
    winners = [_winner(asked, index) for index in outputs]
    won = [winner.index == asked.index for winner in winners]
    sentences = [
        f"It won the window of {_name('y', index)} and gets all of {_gradient(asked, index)}."
        if own
        else f"It lost the window of {_name('y', index)} to {_worth(asked, winner)}, which gets all of "
        f"{_gradient(asked, index)}."
        for index, winner, own in zip(outputs, winners, won, strict=True)
    ]
    if not any(won):
        sentences.append("Here the gradient stops.")
    shown = won.index(True) if any(won) else 0
    return Gallery(
        f"The window of {_name('y', outputs[shown])}: the first largest input (framed) gets its whole gradient "
        "(click any of them):",
        tables=_tables(asked, _window(asked, outputs[shown]), winners[shown]),
        side_by_side=True,
        words="\n".join(sentences),
    )


def _tables(asked: Asked, window: Window, winner: Place | None) -> tuple[Table, ...]:
    """The inputs of a window, and their gradients where there are any; the winner is framed."""
    n, c = asked.index[:2]
    top, left, bottom, right = window
    rows, columns = range(top, bottom + 1), range(left, right + 1)
    frame = () if winner is None else (winner.index[2] - top, winner.index[3] - left)
    frames = ((*frame, *frame),) if len(frame) == 2 else ()
    asked_cell = (asked.index[2] - top, asked.index[3] - left) if asked.tensor == "dx" else None

    def table(name: str, position: int) -> Table:
        plane = asked.step.tensor(position, name)[n, c]
        return Table(
            name,
            plane[top : bottom + 1, left : right + 1],
            tuple(map(str, rows)),
            tuple(map(str, columns)),
            lambda row, column: Place(position, name, (n, c, rows[row], columns[column])),
            asked_cell,
            frames,
            title=f"{name}[{n}, {c}, :, :]",
        )

    has_dx = "dx" in asked.record.tensors
    return (table("x", asked.forward), *([table("dx", asked.position)] if has_dx else []))


def _window(asked: Asked, output: tuple[int, ...]) -> Window:
    """The inputs of one output: the box around everything its explanation names."""
    explanation = explain(asked.step, Place(asked.forward, "y", output))
    seen = np.zeros(asked.kept("x").shape, dtype=bool)
    for region in explanation.regions:
        if region.tensor == "x":
            seen[region.index] = True
    rows, columns = np.nonzero(seen[output[:2]])
    return int(rows.min()), int(columns.min()), int(rows.max()), int(columns.max())


def _winner(asked: Asked, output: tuple[int, ...]) -> Place:
    """The input that became an output."""
    winner = explain(asked.step, Place(asked.forward, "y", output)).same_as
    assert winner is not None
    return winner


def _size(window: Window) -> int:
    top, left, bottom, right = window
    return (bottom - top + 1) * (right - left + 1)


def _outputs(asked: Asked) -> list[tuple[int, ...]]:
    """The outputs in whose windows an input lies: those its gradient was heard from."""
    parts = asked.explanation.parts
    heard = parts[0].factors[0].places if parts else None
    return [] if heard is None else [heard.at(term).index for term in range(len(parts[0]))]


def _gradient(asked: Asked, output: tuple[int, ...]) -> str:
    return f"{_name('dy', output)} = {format_number(asked.step.value(Place(asked.position, 'dy', output)))}"


def _worth(asked: Asked, winner: Place) -> str:
    return f"{_name('x', winner.index)} = {format_number(asked.step.value(winner))}"


def _name(tensor: str, index: tuple[int, ...]) -> str:
    return entry(tensor, *index)
