"""Options a person chooses, declared once: checked, saved as plain data, and shown as fields of a form.

Layers, losses, optimizers, schedules, initialisers and data sets are dataclasses whose fields are made with `option`.
From that one declaration come the checks in the constructor, the `spec` in a saved file and the fields in the window.
"""

import dataclasses
import sys
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self, TypeVar, cast

import numpy as np

from core.types import LARGEST_WHOLE, OptionError, Spec
from core.words import chosen, count, said


@dataclasses.dataclass(frozen=True)
class Option:
    """One option as a form needs it: its type, default, range or choices, and a sentence that explains it."""

    name: str
    type: type  # bool, int, float or str
    default: Any  # dataclasses.MISSING where the person has to choose; None where the value may be left open
    minimum: float | None = None
    maximum: float | None = None  # declared with `option`, a whole number without one has LARGEST_WHOLE
    above: float | None = None  # an exclusive lower bound
    below: float | None = None  # an exclusive upper bound
    choices: tuple[str, ...] = ()  # words allowed instead of (int, float) or as the only values (str)
    help: str = ""
    label: str = ""  # what a form calls it, where its name will not do: "β₁"
    open_means: str = "automatic"  # what None stands for, as a form shows it: "as kernel size"
    advanced: bool = False  # rarely changed: a form keeps it out of the way

    @property
    def title(self) -> str:
        """The name as people read it: "Learning rate"."""
        return self.label or self.words.capitalize()

    @property
    def words(self) -> str:
        """The name within a sentence: "learning rate"."""
        return self.label or self.name.replace("_", " ")

    def range_text(self, *, open_is: str = "None") -> str:
        """The allowed values in words: "a whole number of at least 1"; a value left open looks like `open_is`."""
        if self.type is bool:
            return "true or false"
        if self.type is str:
            return "one of " + ", ".join(self.choices)
        text = "a whole number" if self.type is int else "a number"
        limits = (
            ("of at least", self.minimum),
            ("above", self.above),
            ("at most", self.maximum),
            ("below", self.below),
        )
        bounds = [
            f"{words} {count(int(bound)) if self.type is int else chosen(bound)}"
            for words, bound in limits
            if bound is not None
        ]
        text = " ".join([text, " and ".join(bounds)]).strip()
        return text + "".join(f' or "{word}"' for word in self.choices) + f" or {open_is}" * (self.default is None)

    def check(self, value: Any, owner: str, *, in_form: bool = False) -> Any:
        """The value as Python's own number or word, if it is allowed; `owner` is the name the sentence starts with.

        It goes on with the option's name in a file, or as a form calls it.
        NumPy's numbers are not kept: as options they would make float64 of float32 results, and no JSON.
        Errors: OptionError when the value is not allowed
        """
        if isinstance(value, np.generic):
            value = value.item()
        if not self._allows(value):
            name, allowed = self.name, self.range_text()
            if in_form:
                name, allowed = self.words, self.range_text(open_is="empty")
            raise OptionError(f"{owner}: {name} must be {allowed}, not {said(value)}.")
        return value

    def _allows(self, value: Any) -> bool:
        if value is None:
            return self.default is None
        if isinstance(value, str):
            return value in self.choices
        if self.type is bool or isinstance(value, bool):
            return self.type is bool and isinstance(value, bool)
        if self.type is int and not isinstance(value, int):
            return False
        # Compared, because math.isfinite cannot be asked about whole numbers beyond the largest float; NaN fails too.
        if not isinstance(value, (int, float)) or self.type is str or not abs(value) <= sys.float_info.max:
            return False
        return not (
            (self.minimum is not None and value < self.minimum)
            or (self.maximum is not None and value > self.maximum)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )


def option(
    default: Any = dataclasses.MISSING,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: Iterable[str] = (),
    help: str,
    label: str = "",
    open_means: str = "automatic",
    advanced: bool = False,
) -> Any:
    """Declare a field of a `Configurable`; what the arguments mean stands at the fields of `Option`."""
    metadata = {
        "minimum": minimum,
        "maximum": maximum,
        "above": above,
        "below": below,
        "choices": tuple(choices),
        "help": help,
        "label": label,
        "open_means": open_means,
        "advanced": advanced,
    }
    return dataclasses.field(default=default, metadata=metadata)


class Configurable:
    """Base of everything that is made of options; subclasses are dataclasses with a `kind`."""

    kind: ClassVar[str]
    """The name in a saved file, for example "conv2d"."""

    title: ClassVar[str]
    """The name a person reads, for example "Conv2D"."""

    def __post_init__(self) -> None:
        for choice in self.options():
            # Past the setting that frozen dataclasses forbid.
            object.__setattr__(self, choice.name, choice.check(getattr(self, choice.name), self.title))

    @classmethod
    def options(cls) -> tuple[Option, ...]:
        """The options in the order of the constructor."""
        return tuple(_to_option(field) for field in dataclasses.fields(cast(Any, cls)) if field.init)

    def spec(self) -> dict[str, Any]:
        """Plain JSON data from which `from_spec` rebuilds an equal object."""
        return {"kind": self.kind, **{choice.name: getattr(self, choice.name) for choice in self.options()}}

    @classmethod
    def from_options(cls, values: Mapping[str, Any]) -> Self:
        """Make one from option values by name; unknown or missing names raise `OptionError`."""
        known = {choice.name for choice in cls.options()}
        if unknown := sorted(set(values) - known):
            allowed = ", ".join(sorted(known)) or "none"
            raise OptionError(f"{cls.title}: there is no option {said(unknown[0])}; the options are {allowed}.")
        required = {choice.name for choice in cls.options() if choice.default is dataclasses.MISSING}
        if missing := sorted(required - set(values)):
            raise OptionError(f"{cls.title}: the option {missing[0]!r} is missing.")
        return cls(**values)


T = TypeVar("T", bound=Configurable)


def from_spec(registry: Mapping[str, type[T]], spec: Spec, what: str) -> T:
    """Rebuild what `spec()` described; `what` names the sort of thing for the error, for example "layer"."""
    if not isinstance(spec, Mapping) or not isinstance(spec.get("kind"), str):
        raise OptionError(f'A {what} is described by an object with a "kind", not by {said(spec)}.')
    kind = spec["kind"]
    if kind not in registry:
        raise OptionError(f"There is no {what} of kind {said(kind)}; known are {', '.join(registry)}.")
    return registry[kind].from_options({name: value for name, value in spec.items() if name != "kind"})


def _to_option(field: "dataclasses.Field[Any]") -> Option:
    annotation = str(field.type) if not isinstance(field.type, type) else field.type.__name__
    types = {"bool": bool, "int": int, "float": float}
    found = next((value_type for word, value_type in types.items() if word in annotation), str)
    declared = Option(field.name, found, field.default, **field.metadata)
    if found is int and declared.maximum is None:
        return dataclasses.replace(declared, maximum=LARGEST_WHOLE)
    return declared
