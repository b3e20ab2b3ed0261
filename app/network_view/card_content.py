"""What one card of the network shows, as plain values that can be compared: a card is painted when they differ."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from app.document.document import Document
from app.network_view.pictures import Picture
from core.layers import layer_from_spec
from core.losses import loss_from_spec
from core.tape import Phase
from core.types import Arrays, Shape, ShapeError, shape_text
from core.words import numbered_title

NO_PLACE = "The mean over the batch stands at no single place of the tape: choose a sample to have a number explained."

RowState = Literal["shown", "ahead", "not needed"]


@dataclass(frozen=True)
class Row:
    """One row of a card: shown with its picture, still ahead of the cursor, or never computed."""

    name: str
    state: RowState
    picture: Picture | None = None
    phase: Phase | None = None  # of the record whose sub-step is shown here instead
    hint: str = ""  # what a click on the picture does, where that is not plain

    @property
    def note(self) -> str:
        """The words at the right: the range of what is shown."""
        return self.picture.note if self.picture else self.state if self.state == "not needed" else ""


@dataclass(frozen=True)
class CardContent:
    """Everything one card shows; `index` as in the document: −1 the input, the number of layers the loss."""

    index: int
    title: str
    subtitles: tuple[str, ...]  # from the longest to the shortest wording
    top: Row
    bottom: Row
    shape: str = ""  # of what it gives for one sample
    neurons: int = 0  # how many heat maps the top row has or will have
    tall_top: bool = False  # the top rows get the larger part of all cards, because somewhere there are heat maps
    active: Phase | None = None  # the direction of the record that was just done here
    selected: bool = False
    name: str = ""  # for screen readers
    value: tuple[str, ...] = ()  # beside the title, as subtitles are: the loss of the batch, once it is reached


def titles_only(document: Document) -> list[CardContent]:
    """The cards of a network that does not work: shapes as far as they fit, nothing in the rows."""
    empty, shape = Row("", "ahead"), document.data.input_shape
    cards = [CardContent(-1, "0 · Input", (shape_text(shape),), empty, empty, shape_text(shape), name="0, Input")]
    known: Shape | None = shape
    for index, spec in enumerate(document.experiment.layers):
        layer = layer_from_spec(spec)
        try:
            known = layer.out_shape(known) if known is not None else None
        except ShapeError:
            known = None
        subtitle = shape_text(known) if known is not None else "does not fit"
        cards.append(
            CardContent(index, numbered_title(index, layer.title), (subtitle,), empty, empty, name=layer.title)
        )
    loss = loss_from_spec(document.experiment.loss)
    cards.append(CardContent(len(cards) - 1, "Loss", (loss.title,), empty, empty, name="Loss"))
    return [replace(card, selected=card.index == document.selected_layer) for card in cards]


def link_weights(document: Document, cards: list[CardContent]) -> Arrays:
    """The weights drawn as links, by the index of the card they lead to: between layers that are both heat maps.

    Shapes: each (out, in)
    """
    parameters = document.parameters()
    weights = {}
    for before, card in pairwise(cards):
        weight = parameters.get(f"{card.index}.weight")
        if weight is not None and weight.shape == (card.neurons, before.neurons):
            weights[str(card.index)] = weight
    return weights
