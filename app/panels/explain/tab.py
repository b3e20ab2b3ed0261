"""The Explain tab: asks the core where a number comes from and lays the answer out.

While nothing is asked it shows the record at the cursor; a number that is asked stays while the cursor moves on.
"""

import dataclasses

from PySide6.QtWidgets import QWidget

from app.document.document import Document
from app.layouts import fill_scrolling, label
from app.panels.explain.at_cursor import AtCursor
from app.panels.explain.check import NumericalCheck, is_gradient
from app.panels.explain.code import CodeBlock
from app.panels.explain.finder import Finder
from app.panels.explain.inside import InsideView
from app.panels.explain.pictures import Pictures
from app.panels.explain.samples import Samples
from app.panels.explain.shares import SharesView
from app.panels.explain.sliding import SlidingView
from app.panels.explain.sources import SourcesView, sources
from app.panels.explain.texts import LinkedText, rich_text
from app.panels.explain.words import LET_GO, Links, formula_text, terms_text, terms_title, trail_text
from app.plots.numbers import Precision
from app.theme import current_theme, theme_changed
from app.view import TEXT, View
from core.explain import by_sample, explain
from core.explain.code import code_of, code_of_record, loops_of
from core.explain.protocol import Explanation, Place
from core.explain.scene import Step
from core.types import ChainruleError

NOTHING_ASKED = (
    "Click any number (a weight, a gradient, a neuron, a pixel) to see where it comes from: its formula, the terms it "
    "is the sum of, and the numbers behind each of them."
)
NOT_REACHED = "The tape has not reached this number yet: press Next layer."
LOST = "{} is not part of this batch's step: what was asked is let go."


@dataclasses.dataclass(frozen=True)
class _Answer:
    """What the answer that is laid out depends on."""

    step: Step  # equal only to itself
    place: Place
    sample: int
    theme: str
    digits: int


class ExplainTab(View):
    """Explains `document.questions.current` at the cursor, or the record at the cursor where nothing is asked."""

    title = "Explain"
    interval = TEXT

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._answered: _Answer | None = None
        self._tensor: tuple[int | None, str] | None = None  # in which the number lies that was explained last
        self._moving = False  # a question and a selection change together: one picture, not two
        self._links = Links()
        self.sentence = label(role="muted", wrap=True)
        self.at_cursor = AtCursor()
        self.trail, self.name, self.formula = LinkedText(), rich_text(), rich_text()
        self.sources, self.pictures = SourcesView(), Pictures()
        self.inside, self.sliding = InsideView(document), SlidingView()
        self.terms_title, self.terms = label(role="note", wrap=True), LinkedText()
        self.shares_title, self.shares = label("By sample (click one to select it):", "note"), SharesView()
        self.check, self.code = NumericalCheck(document), CodeBlock()
        self._answer = (
            *(self.name, self.formula, self.sources, self.sliding, self.pictures, self.terms_title, self.terms),
            *(self.shares_title, self.shares, self.check, self.code),
        )
        self.finder = Finder()
        self._column = fill_scrolling(
            self,
            self.finder,
            self.inside,
            self.at_cursor,
            self.trail,
            *self._answer[:-1],
            self.code,
            self.sentence,
            None,
        )
        self._connect()

    def _connect(self) -> None:
        document = self.document
        self.finder.asked.connect(self._ask)
        self.at_cursor.chosen.connect(document.questions.forget)
        self.trail.linkActivated.connect(self._go_back)
        self.terms.linkActivated.connect(self._follow_link)
        for followed in (self.sliding.place_asked, self.pictures.place_asked, self.sources.place_asked):
            followed.connect(self._follow)
        self.pictures.sample_clicked.connect(document.select_sample)
        self.shares.sample_clicked.connect(document.select_sample)
        document.walk.changed.connect(self.invalidate)
        document.questions.changed.connect(self.invalidate)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)
        theme_changed.connect(self.invalidate)

    def refresh(self) -> None:
        questions, step = self.document.questions, self.document.step
        self.inside.refresh()
        if step is None:
            self._show_only(self.document.problem or NOTHING_ASKED)
            return
        self.finder.show_tensors(self.document, step)
        place = questions.current
        if place is None:
            lost = LOST.format(questions.lost) if questions.lost else ""
            self._show_record(step, f"{lost}\n\n{NOTHING_ASKED}" if lost else NOTHING_ASKED)
            return
        if place.record is not None and place.record >= self.document.cursor:
            self._show_only(NOT_REACHED)
        else:
            self._answer_for(step, place)
        self.trail.setText(trail_text(step, questions.trail))
        self.trail.show()
        self._show_cursor(step, place)
        self._scroll_up_to_trail(place)

    # Nothing to explain

    def _show_only(self, sentence: str) -> None:
        for widget in (self.at_cursor, self.trail, *self._answer):
            widget.hide()
        self._answered = None
        self.sentence.setText(sentence)
        self.sentence.show()

    def _show_record(self, step: Step, sentence: str) -> None:
        """The record at the cursor, with its formula and the code of all of it."""
        self._show_only(sentence)
        position = self.document.cursor - 1
        if position >= 0:
            self.at_cursor.show_record(step, position)
            self.code.show_code(code_of_record(step, position))

    def _show_cursor(self, step: Step, place: Place) -> None:
        """Where the cursor stands, unless it is at the record of the number."""
        position = self.document.cursor - 1
        if place.record is None or place.record == position:
            self.at_cursor.hide()
        else:
            self.at_cursor.show_elsewhere(step, position if position >= 0 else None)

    def _scroll_up_to_trail(self, place: Place) -> None:
        """What was clicked to come here may lie far below; the answer begins at its trail."""
        tensor = (place.record, place.tensor)
        if tensor != self._tensor:
            self._tensor = tensor
            self._column.ensureWidgetVisible(self.trail, 0, 0)

    # An answer

    def _answer_for(self, step: Step, place: Place) -> None:
        """Lay the answer out, unless it is there already: the cursor may move on without it."""
        answer = _Answer(step, place, self.document.sample, current_theme().name, Precision.digits)
        if answer == self._answered:
            return
        try:
            explanation = explain(step, place)
        except ChainruleError as error:
            self._show_only(str(error))
            return
        self._show(step, explanation)
        self._answered = answer

    def _show(self, step: Step, explanation: Explanation) -> None:
        self.sentence.hide()
        self._links = Links()
        place, sample = explanation.place, max(0, self.document.sample)
        ends = f" {explanation.end[:1].upper()}{explanation.end[1:]}." if explanation.is_end else ""
        self.name.setText(f"{explanation.name}.{ends}")
        self.formula.setText(formula_text(explanation))
        self.terms_title.setText(terms_title(explanation))
        self.terms.setText(terms_text(explanation, self._links, step))
        slides = self.sliding.show_for(step, place, sample)
        self.sources.set_sources(*(([], 0) if slides else sources(step, explanation)))
        self.pictures.show_for(step, explanation, sample, slides)
        self.pictures.show()
        for widget in (self.terms_title, self.terms):
            widget.setVisible(not explanation.is_end)
        for widget in (self.name, self.formula):
            widget.show()
        self._show_shares(step, place)
        self.code.show_code(code_of(step, place), loops_of(step, place))
        self.check.offer(step, place)

    def _show_shares(self, step: Step, place: Place) -> None:
        shown = place.tensor.startswith("d_") and is_gradient(step, place)
        if shown:
            self.shares.set_shares(by_sample(step, place), Samples(step.tape.x), self.document.sample)
        self.shares.setVisible(shown)
        self.shares_title.setVisible(shown)

    # Moving on

    def _ask(self, place: Place) -> None:
        self._moving = True
        self.document.questions.ask(place)
        self._select()

    def _follow_link(self, link: str) -> None:
        self._follow(self._links.places[int(link)])

    def invalidate(self) -> None:
        """Not in the middle of a move, which ends with a call of its own."""
        if not self._moving:
            super().invalidate()

    def _follow(self, place: Place) -> None:
        """Go on to a number behind the one that is explained, or beside it; the selection goes along."""
        questions = self.document.questions
        current, self._moving = questions.current, True
        beside = current is not None and (current.record, current.tensor) == (place.record, place.tensor)
        (questions.move if beside else questions.follow)(place)
        self._select()

    def _go_back(self, link: str) -> None:
        if link == LET_GO:
            self.document.questions.forget()
        else:
            self._moving = True
            self.document.questions.back_to(int(link))
            self._select()

    def _select(self) -> None:
        """Select the layer of the number that is explained and its sample, so that all panels speak of the same."""
        document, place, step = self.document, self.document.questions.current, self.document.step
        if place is not None and step is not None:
            document.select_layer(step.layer_of(place))
            if (sample := step.sample_of(place)) is not None and not document.whole_batch:
                document.select_sample(sample)
        self._moving = False
        self.invalidate()
