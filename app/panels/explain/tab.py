"""The Explain tab: asks the core where a number comes from and lays the answer out."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from app.document.document import Document
from app.layouts import fill_scrolling, label
from app.panels.explain.code import CodeView
from app.panels.explain.finder import Finder
from app.panels.explain.inside import InsideView
from app.panels.explain.pictures import Pictures
from app.panels.explain.shares import SharesView
from app.panels.explain.sliding import SlidingView
from app.panels.explain.sources import SourcesView, sources
from app.panels.explain.words import Links, formula_text, terms_text, terms_title, trail_text
from app.plots.numbers import format_number
from app.theme import theme_changed
from app.view import TEXT, View
from core.entrycheck import check_entry
from core.explain import by_sample, explain
from core.explain.protocol import Explanation, Place
from core.explain.scene import Step
from core.types import ChainruleError

NOTHING_ASKED = (
    "Click any number (a weight, a gradient, a neuron, a pixel) to see where it comes from: its formula, the terms it "
    "is the sum of, and the numbers behind each of them."
)
NOT_REACHED = "The tape has not reached this number yet: press Next layer."


class ExplainTab(View):
    """Explains `document.questions.current` at the cursor."""

    title = "Explain"
    interval = TEXT

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._links = Links()
        self.sentence = label(role="muted", wrap=True)
        self.trail, self.name, self.formula = _text(), _text(), _text()
        self.sources, self.pictures = SourcesView(), Pictures()
        self.inside, self.sliding = InsideView(document), SlidingView()
        self.terms_title, self.terms = label(role="note", wrap=True), _text()
        self.shares_title, self.shares = label("By sample (click one to select it):", "note"), SharesView()
        self.code_title, self.code = label(role="note"), CodeView()
        self.check_button = QPushButton("Check numerically")
        self.check_result = label(wrap=True)
        self._content = (
            *(self.trail, self.name, self.formula, self.sources, self.sliding, self.pictures),
            *(self.terms_title, self.terms),
            *(self.shares_title, self.shares, self.check_button, self.check_result, self.code_title, self.code),
        )
        self.finder = Finder()
        self.finder.asked.connect(document.questions.ask)
        fill_scrolling(self, self.finder, self.inside, self.sentence, *self._content, None)
        self.sliding.place_asked.connect(document.questions.ask)
        self.sliding.place_followed.connect(document.questions.follow)
        self.trail.linkActivated.connect(self._go_back)
        self.terms.linkActivated.connect(self._follow)
        self.pictures.sample_clicked.connect(document.select_sample)
        self.pictures.place_asked.connect(document.questions.follow)
        self.sources.place_asked.connect(document.questions.follow)
        self.shares.sample_clicked.connect(document.select_sample)
        self.check_button.clicked.connect(self.check)
        document.questions.changed.connect(self.invalidate)
        document.position_changed.connect(self.invalidate)
        document.selection_changed.connect(self.invalidate)
        theme_changed.connect(self.invalidate)

    def refresh(self) -> None:
        place, step = self.document.questions.current, self._step()
        if step is not None:
            self.finder.show_tensors(self.document, step)
        if place is None or step is None:
            self._say(self.document.problem or NOTHING_ASKED)
            return
        if place.record is not None and place.record >= self.document.cursor:
            self._say(NOT_REACHED)
            self._show_trail(step)
            return
        try:
            explanation = explain(step, place)
        except ChainruleError as error:
            self._say(str(error))
            return
        self.sentence.hide()
        self._show_trail(step)
        self._show(step, explanation)

    def check(self) -> None:
        """Compare the gradient that is shown with a numerical one."""
        place, step = self.document.questions.current, self._step()
        if place is None or place.record is None or step is None:
            return
        tape, network = step.tape, step.network()
        network.build(tape.x.shape[1:], 0, np.float64)
        rng = self.document.rng_before_batch()
        check = check_entry(network, tape, rng, tape.records[place.record], place.tensor, place.index)
        numeric = format_number(float(check.numeric[0]))
        relative = f"the relative difference {format_number(check.error, 2)}"
        difference = relative if check.error else "no difference beyond rounding"
        text = {
            "pass": f"✓ agrees: the numerical slope is {numeric}, {difference}",
            "fail": f"✗ does not agree: the numerical slope is {numeric}, {difference}",
            "inconclusive": "A kink (of ReLU or a maximum) lies within the step: the slope there is not one number.",
        }[check.verdict]
        self.check_result.setProperty("role", {"pass": "good", "fail": "error"}.get(check.verdict, "muted"))
        self.check_result.style().polish(self.check_result)
        self.check_result.setText(text)
        self.check_result.show()

    def _step(self) -> Step | None:
        return self.document.step

    def _say(self, sentence: str) -> None:
        for widget in self._content:
            widget.hide()
        self.sentence.setText(sentence)
        self.sentence.show()

    def _show_trail(self, step: Step) -> None:
        self.trail.setText(trail_text(step, self.document.questions.trail))
        self.trail.show()

    def _show(self, step: Step, explanation: Explanation) -> None:
        self._links = Links()
        ends = f" {explanation.end[:1].upper()}{explanation.end[1:]}." if explanation.is_end else ""
        self.name.setText(f"{explanation.name}.{ends}")
        self.formula.setText(formula_text(explanation))
        self.terms_title.setText(terms_title(explanation))
        self.terms.setText(terms_text(explanation, self._links, step))
        sample = max(0, self.document.sample)
        slides = self.sliding.show_for(step, explanation.place, sample)
        self.sources.set_sources([] if slides else sources(step, explanation))
        self.pictures.show_for(step, explanation, sample)
        self.pictures.show()
        if slides and explanation.place.tensor != "d_weight":
            # The same products; of a filter's gradient these are of the heaviest sample, not of the selected one.
            self.pictures.equation.hide()
        for widget in (self.terms_title, self.terms):
            widget.setVisible(not explanation.is_end)
        for widget in (self.name, self.formula):
            widget.show()
        self._show_shares(step, explanation.place)
        self._show_code(explanation.place)
        self.check_button.setVisible(_is_gradient(step, explanation.place))
        self.check_result.hide()

    def _show_shares(self, step: Step, place: Place) -> None:
        shown = place.record is not None and place.tensor.startswith("d_") and _is_gradient(step, place)
        if shown:
            self.shares.set_shares(by_sample(step, place), self.document.sample)
        self.shares.setVisible(shown)
        self.shares_title.setVisible(shown)

    def _show_code(self, place: Place) -> None:
        tape = self.document.tape
        shown = place.record is not None and tape is not None
        if place.record is not None and tape is not None:
            source = tape.records[place.record].source
            self.code_title.setText(f"The NumPy that ran — {source.path.parent.name}/{source.path.name}")
            self.code.show_source(source)
        self.code.setVisible(shown)
        self.code_title.setVisible(shown)

    def _follow(self, link: str) -> None:
        self.document.questions.follow(self._links.places[int(link)])

    def _go_back(self, link: str) -> None:
        self.document.questions.back_to(int(link))


def _text() -> QLabel:
    text = label(wrap=True)
    text.setTextFormat(Qt.TextFormat.RichText)
    text.setTextInteractionFlags(
        Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
    )
    return text


def _is_gradient(step: Step, place: Place) -> bool:
    """Whether the number is a gradient of the loss on the data, which can be checked numerically."""
    if place.record is None or step.tape.records[place.record].phase not in ("backward", "loss"):
        return False
    if place.record == step.penalty_position:
        return False
    return place.tensor in ("dx", "dy") or place.tensor.startswith("d_")
