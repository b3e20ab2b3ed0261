"""What pictures a number has, as plain data: chosen by those who know the layers, drawn by others."""

import dataclasses
from functools import cached_property

from app.panels.explain.curve import Curve
from app.panels.explain.outer import Outer
from app.panels.explain.stack import Stack
from app.panels.explain.table import Table
from app.panels.explain.unit_histogram import Units
from core.explain import Explanation, Part, Place, Step
from core.substeps import substeps
from core.substeps.substep import SubStep
from core.tape import Record
from core.types import Array


@dataclasses.dataclass(frozen=True, eq=False)
class Losses:
    """The loss of every sample (N,), and the sample that is marked."""

    values: Array
    marked: int


@dataclasses.dataclass(frozen=True, eq=False)
class Gallery:
    """The pictures of one number; what it lacks is not shown."""

    caption: str = ""
    stack: Stack | None = None
    curve: Curve | None = None
    tables: tuple[Table, ...] = ()  # at most two
    side_by_side: bool = False  # whether the tables are small enough for that
    units: tuple[tuple[str, Units], ...] = ()  # with their labels, at most two
    outer: Outer | None = None
    losses: Losses | None = None
    proof: str = ""  # below the tables
    words: str = ""  # below everything
    equation_note: str = ""  # above the products


@dataclasses.dataclass(frozen=True, eq=False)
class Asked:
    """A number of the tape with its explanation, and short ways to what belongs to it."""

    step: Step
    explanation: Explanation
    position: int  # of its record
    sample: int  # the one that is selected

    @property
    def place(self) -> Place:
        """Where the number stands."""
        return self.explanation.place

    @property
    def index(self) -> tuple[int, ...]:
        """Its index in its tensor."""
        return self.explanation.place.index

    @property
    def tensor(self) -> str:
        """The name of its tensor."""
        return self.explanation.place.tensor

    @property
    def record(self) -> Record:
        """Its record."""
        return self.step.tape.records[self.position]

    @property
    def is_backward(self) -> bool:
        """Whether it belongs to the way back."""
        return self.record.phase == "backward"

    @cached_property
    def forward(self) -> int:
        """The position of its layer's forward record."""
        return self.step.position("forward", self.record.index)

    def kept(self, tensor: str) -> Array:
        """What its layer took in, gave out or kept on the way forward."""
        return self.step.tensor(self.forward, tensor)

    def parameter(self, name: str) -> Array:
        """A parameter of its layer, before the step."""
        return self.step.tape.params_before[f"{self.record.index}.{name}"]

    def lines(self, position: int) -> dict[str, SubStep]:
        """The lines of calculation inside a record, by their names."""
        return {line.name: line for line in substeps(self.step, position)}


def behind(part: Part) -> Place | None:
    """The number a part stands for: the first factor of its largest term that has a place, or depends on one."""
    if not len(part):
        return None
    term = part.term(int(abs(part.values).argmax()))
    for factor in term.factors:
        if factor.place is not None:
            return factor.place
        first = next((given for given in factor.depends if isinstance(given, Place)), None)
        if first is not None:
            return first
    return None
