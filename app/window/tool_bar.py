"""The tool bar: run and step, the learning rate, and where the training stands."""

from collections.abc import Iterator

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QPalette, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from app.document.batch_loss import explain_loss
from app.document.document import Document
from app.forms.option_field import OptionField
from app.icons import icon
from app.layouts import fill, set_tab_order
from app.plots.numbers import format_count, format_number
from app.theme import current_theme, theme_changed
from app.view import TEXT, View
from app.window.floating_error import FloatingError
from app.window.linked_label import LinkedLabel, linked
from app.window.still import Still
from core.metrics import Evaluation
from core.optimizers import OPTIMIZERS

RATE_WIDTH = 84
"""Width of the field of the learning rate, in pixels: 0.000125 has room."""

NARROW = 1280
"""Width of the window below which not everything fits, in pixels."""

_RATE_HELP = "The schedule changes the learning rate from step to step; the field holds the one it starts out from."
_LOSS_HELP = "A click on the loss, or Enter, explains it."

LOSS_GONE = "The numbers of batch {} are no longer at hand: Next batch makes a loss that can be explained."

_STILL_TRUE = 0.9
"""Share of a training that runs from which on an evaluation counts as one of now: they change faster than one reads.

Once it is paused only one of the very step does: a single step can ruin the weights.
"""

_STEPS = ("batch_start", "back", "next_layer", "next_batch", "next_epoch")


class Position(View):
    """Epoch, step, loss and accuracy at the cursor."""

    interval = TEXT

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self._drawn: tuple[object, ...] = ()
        self.text = LinkedLabel()
        self.text.linkActivated.connect(self.explain_loss)
        self.text.setAccessibleName("Where the training stands")
        # The rest of the tool bar comes first: a long figure must not push Undo out of the window.
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        fill(self, self.text)
        document.position_changed.connect(self.invalidate)
        document.history_changed.connect(self.invalidate)
        theme_changed.connect(self.invalidate)

    def rate_in_force(self) -> float | None:
        """The learning rate of the batch on the tape, where the schedule makes it another than the one chosen."""
        trainer, tape = self.document.trainer, self.document.tape
        if trainer is None or tape is None:
            return None
        return tape.learning_rate if tape.learning_rate != trainer.learning_rate else None

    def explain_loss(self) -> None:
        """Where the loss that is shown comes from."""
        step = self.document.steps_done
        if not explain_loss(self.document, step):
            self.document.failed.emit(LOSS_GONE.format(format_count(step)))

    def refresh(self) -> None:
        document = self.document
        # While a training runs, the cards may be behind it.
        step = max(document.steps_done, len(document.history.losses)) if document.running else document.steps_done
        epoch = step // document.trainer.batches_per_epoch + 1 if document.trainer else 1
        facts = [("epoch", format_count(epoch)), ("step", format_count(step))]
        if (rate := self.rate_in_force()) is not None:
            facts.append(("rate now", format_number(rate, 3)))
        if step and (loss := document.history.losses.near(step)):
            low, high = format_number(loss.low), format_number(loss.high)
            facts.append(("loss", low if low == high else f"{low}…{high}"))
        if found := document.history.evaluation_at(step):
            measured, test = found
            # It was another network then, and its accuracy is not that of the step beside it.
            is_of_now = measured >= (_STILL_TRUE * step if document.running else step)
            when = "" if is_of_now else f" at step {format_count(measured)}"
            *others, (name, value) = _measured(test)
            facts += [*others, (name, f"{value}{when}")]
        drawn = (tuple(facts), self.width(), current_theme())
        if drawn != self._drawn:
            self._drawn = drawn
            self._show(facts)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another wording may fit."""
        super().resizeEvent(event)
        self.invalidate()

    def _show(self, facts: list[tuple[str, str]]) -> None:
        """All facts where there is room, else the first wording that fits."""
        everything = _words(facts)
        help_ = [_RATE_HELP] if self.rate_in_force() is not None else []
        help_ += [_LOSS_HELP] if "loss" in dict(facts) else []
        self.text.setToolTip("<br>".join([everything, *help_]))
        for shown in _wordings(facts):
            self.text.setText(_words(shown, with_link=True))
            if self.text.sizeHint().width() <= self.width():
                break
        self.text.setAccessibleDescription(everything)


def _measured(test: Evaluation) -> list[tuple[str, str]]:
    """What an evaluation found: the accuracy, or the loss of a regression and how much it explains."""
    if test.accuracy is not None:
        return [("test accuracy", f"{test.accuracy * 100:.2f} %")]
    explained = [] if test.r_squared is None else [("test R²", format_number(test.r_squared, 3))]
    return [("test loss", format_number(test.loss)), *explained]


def _wordings(facts: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The facts, then with ever less: what is told elsewhere too first, loss and step last."""
    yield facts
    for name in ("epoch", "rate now"):
        yield (facts := _without(name, facts))
    for word, shorter in (
        ("test accuracy", "accuracy"),
        ("test R²", "R²"),
        ("accuracy", "acc."),
        (" at step ", " at "),
    ):
        yield (facts := [(name.replace(word, shorter), value.replace(word, shorter)) for name, value in facts])
    for name in ("test loss", "R²", "acc.", "loss"):
        yield (facts := _without(name, facts))


def _without(unwanted: str, facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in facts if name != unwanted]


def _words(facts: list[tuple[str, str]], *, with_link: bool = False) -> str:
    words = ((name, f"{name} <b>{value}</b>") for name, value in facts)
    return " &nbsp;".join(linked(text) if with_link and name == "loss" else text for name, text in words)


class MainToolBar(QToolBar):
    """Buttons for the actions that are pressed all the time."""

    def __init__(self, document: Document, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__("Steps", parent)
        self.setObjectName("Steps")
        self.setMovable(False)
        self._document = document
        self._actions = actions
        self._pausing = False
        self.setIconSize(QSize(16, 16))
        self._add("run", "primary")
        self.addSeparator()
        for name in _STEPS:
            self._add(name, "next" if name == "next_layer" else "")
        self.addSeparator()
        self.rate = self._make_rate()
        self._rate_error = FloatingError(self.rate, self.window())
        self._rate_action = self.addWidget(self.rate)
        self.addSeparator()
        self.position = Position(document)
        self.addWidget(Still(self.position, QPalette.ColorRole.Base))
        self._edits = [self._add(name, "link") for name in ("undo", "redo")]
        self._set_style(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme_changed.connect(self._tint)
        self._tint()

    def _add(self, name: str, role: str) -> QToolButton:
        action = self._actions[name]
        self.addAction(action)
        button = self.widgetForAction(action)
        assert isinstance(button, QToolButton)
        button.setProperty("role", role)
        button.setObjectName(name)
        button.setAccessibleName(action.text())
        # Tool bars take their buttons out of the order of Tab.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the buttons keep their words and lose their icons, and the rate keeps one word."""
        super().resizeEvent(event)
        narrow = self.width() < NARROW
        self._name_rate()
        styles = Qt.ToolButtonStyle
        self._set_style(styles.ToolButtonTextOnly if narrow else styles.ToolButtonTextBesideIcon)

    def _name_rate(self) -> None:
        self.rate.label.setText("Rate" if self.width() < NARROW else self.rate.option.title)

    def _set_style(self, style: Qt.ToolButtonStyle) -> None:
        if style != self.toolButtonStyle():
            self.setToolButtonStyle(style)
            for button in self._edits:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)

    def show_running(self) -> None:
        """Run or Pause, by what pressing it would do."""
        self._actions["run"].setText("Pause" if self._would_pause() else "Run")
        self._tint()

    def show_pausing(self, pausing: bool) -> None:
        """A pause is on its way, after which Run would train on; or not."""
        self._pausing = pausing
        self.show_running()

    def _would_pause(self) -> bool:
        return self._document.running and not self._pausing

    def _tint(self) -> None:
        color = current_theme().on_accent
        self._actions["run"].setIcon(icon("pause" if self._would_pause() else "play", color))
        self._actions["next_layer"].setIcon(icon("step-forward", current_theme().backward))

    def show_experiment(self) -> None:
        """The learning rate of the optimizer in force."""
        spec = self._document.experiment.optimizer
        if spec["kind"] != self.rate.objectName():
            made = self._make_rate()
            made_action = self.insertWidget(self._rate_action, made)
            set_tab_order((self.rate.field, made.field))
            self.removeAction(self._rate_action)
            self.rate.deleteLater()
            self._rate_error.hide()
            self._rate_error.deleteLater()
            self._rate_error = FloatingError(made, self.window())
            self.rate, self._rate_action = made, made_action
            self._name_rate()
        self.rate.show_value(spec.get("learning_rate", self.rate.option.default))

    def _make_rate(self) -> OptionField:
        kind = self._document.experiment.optimizer["kind"]
        optimizer = OPTIMIZERS[kind]
        field = OptionField(next(o for o in optimizer.options() if o.name == "learning_rate"), optimizer.title)
        field.setObjectName(kind)
        field.field.setFixedWidth(RATE_WIDTH)
        # The figures beside it have more use for the room that is left.
        field.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        field.chosen.connect(self._take_rate)
        return field

    def _take_rate(self, name: str, value: float) -> None:
        spec = {**self._document.experiment.optimizer, name: value}
        self._document.edit("change of the learning rate", optimizer=spec)
