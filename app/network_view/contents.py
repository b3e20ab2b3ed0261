"""What every card shows at the cursor, made from the tape alone: words, pictures, and why what is empty is so."""

from dataclasses import replace
from typing import Literal

import numpy as np

from app.document.document import Document
from app.document.names import layer_title
from app.network_view.bars import Bars, Chances, Predictions, Scores
from app.network_view.card_content import NO_PLACE, CardContent, Row, titles_only
from app.network_view.kept_pictures import BATCH, NO_PLANES, KeptPictures, of_sample
from app.network_view.matrices import LONGEST_BARS, tensor_picture
from app.network_view.pictures import Cells, Maps, Picture, Scale
from app.network_view.planes import LARGEST_NEURONS, Planes
from app.network_view.style import limit_words, range_words, short_number
from app.plots.color_maps import finite_limit, finite_range
from app.plots.numbers import format_count, format_number
from core.layers.base import Layer
from core.tape import Phase, Record, Tape
from core.types import Array, Shape, shape_text

ScaleChoice = Literal["unit", "layer", "network"]
ONE_OUTPUT = "The network gives one probability, p({}); the other is 1 − p. A click on either explains it."


class Contents:
    """Makes the contents of all cards."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._kept = KeptPictures(document)

    def cards(self, scale: ScaleChoice) -> list[CardContent]:
        """Input, layers, loss; without a tape only their titles."""
        document = self._document
        if document.tape is None or document.network is None:
            self._kept.forget()
            return titles_only(document)
        maker = _Cards(self._kept, document, document.tape, scale)
        layers = [maker.layer(index, layer) for index, layer in enumerate(document.network.layers)]
        return [maker.input(), *layers, maker.loss()]


class _Cards:
    """Makes the cards of one refresh."""

    def __init__(self, kept: KeptPictures, document: Document, tape: Tape, choice: ScaleChoice) -> None:
        self._kept, self._document, self._tape, self._choice = kept, document, tape, choice
        self._sample = BATCH if document.whole_batch else min(document.sample, len(tape.rows) - 1)
        self._mean = "mean " if document.whole_batch else ""
        self._hint = NO_PLACE if document.whole_batch else ""
        self._planes = kept.planes() if document.data.is_plane else NO_PLANES
        self._limits = kept.network_limits(tape, self._sample, self._planes) if choice == "network" else {}

    def input(self) -> CardContent:
        """The selected sample itself, or their mean; nobody asks for its gradient."""
        shape = self._document.data.input_shape
        tape, planes = self._tape, self._drawn_planes(-1)

        def make() -> Picture:
            values = of_sample(tape.x, self._sample)
            shown = values if planes is None else planes
            high = finite_limit(shown)
            scale = Scale(-high, high, True) if values.ndim == 1 else Scale(*finite_range(values), False)
            return self._picture_of(self._mean + "y", values, range_words(shown), scale, -1, planes)

        key = (id(tape), self._sample, id(self._planes))
        top = self._shown(self._mean + "y", self._kept.picture((-1, "y"), key, (tape, self._planes), make))
        return self._card(-1, layer_title(self._document, -1), (shape_text(shape),), top, Row("dy", "not needed"))

    def layer(self, index: int, layer: Layer) -> CardContent:
        """One layer: what it gave, and the gradient of the loss by what it gave."""
        network = self._document.network
        assert network
        subtitles = _subtitles(network.shapes[index], sum(p.size for p in layer.params.values()))
        title = layer_title(self._document, index)
        return self._card(index, title, subtitles, self._forward_row(index), self._backward_row(index))

    def loss(self) -> CardContent:
        """What the loss makes of the prediction, and its gradient, where the way back begins."""
        step = self._document.step
        assert step
        index, loss = len(step.layers), step.loss
        record = self._find("loss", index)
        chances = not self._document.data.is_regression and (loss.takes != "values")
        read = "p" if loss.takes == "logits" else "prediction"
        name, back = self._mean + ("p(class)" if chances else read), self._mean + "dy"
        top, bottom = Row(name, "ahead"), Row(back, "ahead")
        if record is not None:
            key = (id(record), self._sample)
            make = self._chances if chances else self._scores if loss.class_targets else self._predictions
            picture = self._kept.picture((index, "y"), key, record, lambda: make(record))
            single = chances and record.tensors["prediction"].shape[1] == 1
            hint = ONE_OUTPUT.format(self._document.data.class_names[1]) if single else ""
            top = Row(name, "shown", picture, hint=self._hint or hint)
            bottom = self._gradient_row(index, back, record)
        card = self._card(index, "Loss", (loss.title,), top, bottom)
        value = format_number(self._tape.loss), short_number(self._tape.loss)
        return card if record is None else replace(card, value=value)

    def _card(self, index: int, title: str, subtitles: tuple[str, ...], top: Row, bottom: Row) -> CardContent:
        record, planes = self._document.record, self._drawn_planes(index)
        active = record.phase if record and record.index == index else None
        if record and active:
            top, bottom = self._with_substep(top, bottom, record)
        return CardContent(
            index=index,
            title=title,
            subtitles=subtitles,
            top=top,
            bottom=bottom,
            shape=shape_text(self._shape(index)),
            neurons=0 if planes is None else len(planes),
            tall_top=bool(self._planes),
            active=active,
            selected=self._document.selected_layer == index,
            name=f"{title.replace(' ·', ',')}, {subtitles[0].replace(' par.', ' parameters')}",
        )

    def _shape(self, index: int) -> Shape:
        """The shape of what a card gives for one sample; the loss gives one number."""
        network = self._document.network
        assert network
        shapes = (network.input_shape, *network.shapes)
        return shapes[index + 1] if index + 1 < len(shapes) else ()

    def _with_substep(self, top: Row, bottom: Row, record: Record) -> tuple[Row, Row]:
        """The rows with what the sub-step gives in place of what the record gave."""
        step = self._document.walk.substep
        if step is None:
            return top, bottom
        name = self._mean + step.name if step.per_sample else step.name

        def shown(tensor: Array) -> Array:
            return of_sample(tensor, self._sample) if step.per_sample else tensor

        def make() -> Picture:
            whole = record.tensors.get(step.like)
            return tensor_picture(name, shown(step.tensor), None if whole is None else shown(whole))

        picture = self._kept.picture((record.index, "sub-step"), (id(step), self._sample), step, make)
        row = Row(name, "shown", picture, record.phase)
        return (top, row) if step.backward else (row, bottom)

    def _shown(self, name: str, picture: Picture) -> Row:
        return Row(name, "shown", picture, hint=self._hint)

    def _find(self, phase: Phase, index: int) -> Record | None:
        return self._tape.find(phase, index, self._document.cursor)

    def _drawn_planes(self, index: int) -> Array | None:
        """The heat maps of a layer (−1: the input), if it is drawn so."""
        if not 0 <= index + 1 < len(self._planes):
            return None
        planes = self._planes[index + 1]
        return planes if len(planes) <= LARGEST_NEURONS else None

    def _forward_row(self, index: int) -> Row:
        record = self._find("forward", index)
        if record is None:
            return Row(self._mean + "y", "ahead")
        planes = self._drawn_planes(index)

        def make() -> Picture:
            values = of_sample(record.tensors["y"], self._sample)
            shown = values if planes is None else planes
            high = self._limits.get("y", finite_limit(shown))
            # Of the whole batch, so that the kind of picture does not change with the sample.
            has_negative = not record.tensors["y"].min() >= 0
            signed = has_negative or planes is not None or self._choice == "network"
            scale = Scale(-high if signed else 0.0, high, signed, self._choice == "unit")
            return self._picture_of(self._mean + "y", values, range_words(shown), scale, index, planes)

        key = (id(record), self._sample, self._choice, self._limits.get("y"), id(self._planes))
        return self._shown(self._mean + "y", self._kept.picture((index, "y"), key, (record, self._planes), make))

    def _backward_row(self, index: int) -> Row:
        network = self._document.network
        assert network
        if index < network.first_trainable:
            return Row("dy", "not needed")
        record, name = self._find("backward", index), self._mean + "dy"
        return Row(name, "ahead") if record is None else self._gradient_row(index, name, record)

    def _gradient_row(self, index: int, name: str, record: Record) -> Row:
        def make() -> Picture:
            values = of_sample(record.tensors["dy"], self._sample)
            high = self._limits.get("dy", finite_limit(values))
            scale = Scale(-high, high, signed=True, per_unit=self._choice == "unit")
            return self._picture_of(name, values, limit_words(values), scale, index, None)

        key = (id(record), self._sample, self._choice, self._limits.get("dy"))
        return self._shown(name, self._kept.picture((index, "dy"), key, record, make))

    def _picture_of(
        self, name: str, values: Array, note: str, scale: Scale, index: int, planes: Array | None
    ) -> Picture:
        if values.ndim == 3:
            return Maps(name, values, scale, note)
        if planes is not None:
            # The mean of all points is no point of theirs.
            point = np.full(2, np.nan) if self._mean else self._tape.x[self._sample]
            return Planes(name, values, planes, point, scale, note)
        if len(values) > LONGEST_BARS:
            return Cells(name, values, scale, note, self._image_width(index))
        network, classes = self._document.network, self._document.data.class_names
        is_last = network is not None and index >= len(network.layers) - 1
        return Bars(name, values, scale, note, classes if is_last and len(classes) == len(values) else ())

    def _image_width(self, index: int) -> int | None:
        """The width of the single map that layer `index` made its vector from, if it did."""
        network = self._document.network
        if network is None or not 0 <= index < len(network.shapes):
            return None
        before = (network.input_shape, *network.shapes)[index]
        return before[2] if len(before) == 3 and before[0] == 1 else None

    def _chances(self, record: Record) -> Picture:
        document = self._document
        assert document.step
        found = of_sample(document.step.loss.probabilities(record.tensors["prediction"]), self._sample)
        # A single output is the chance of class 1.
        chances = np.array([1 - found[0], found[0]]) if len(found) == 1 else found
        return Chances(chances, document.data.class_names, self._true_class(), len(found))

    def _scores(self, record: Record) -> Picture:
        values = of_sample(record.tensors["prediction"], self._sample)
        high = finite_limit(values)
        return Scores(values, Scale(-high, high, signed=True), self._document.data.class_names, self._true_class())

    def _true_class(self) -> int:
        """The class of the selected sample; a mean over the batch has none, −1."""
        return -1 if self._mean else int(self._document.data.t_train[self._tape.rows[self._sample]])

    def _predictions(self, record: Record) -> Picture:
        step = self._document.step
        assert step
        values = of_sample(step.loss.probabilities(record.tensors["prediction"]), self._sample)
        target = of_sample(record.tensors["target"], self._sample)
        high = finite_limit(np.concatenate([values, target]))
        name = "p" if step.loss.takes == "logits" else "prediction"
        return Predictions(name, values, Scale(-high, high, signed=True), target)


def _subtitles(shape: Shape, parameters: int) -> tuple[str, ...]:
    if not parameters:
        return (shape_text(shape),)
    wordings = [f"{format_count(parameters)} par."]
    if parameters >= 10_000:
        wordings.append(f"{format_count(round(parameters / 1000))} k par.")
    return tuple(f"{shape_text(shape)} · {words}" for words in wordings)
