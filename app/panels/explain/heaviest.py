"""Which sample stands for all of them where a number is a sum over the batch and a picture has room for one.

It is the one that weighs most, in every picture of that number, and a caption says so.
"""

import dataclasses

import numpy as np

from app.plots.numbers import format_count
from core.explain import Explanation, Part, Step
from core.explain.protocol import Places, Term
from core.types import Array


@dataclasses.dataclass(frozen=True, eq=False)
class Heaviest:
    """The sample whose terms add up to the most, and the largest of its terms by its number in its part."""

    sample: int
    of: int  # samples in the batch
    part: Part
    number: int

    @property
    def term(self) -> Term:
        """The largest of its terms."""
        return self.part.term(self.number)

    @property
    def words(self) -> str:
        """Which sample it is, and why this one."""
        return f"sample {self.sample}, which weighs most of all {format_count(self.of)}"


def heaviest_sample(step: Step, explanation: Explanation) -> Heaviest | None:
    """The sample that weighs most in a sum over images of the batch; None for a number of one sample."""
    part = max(explanation.parts, key=len, default=None)
    samples = None if part is None else _samples(step, part)
    if part is None or samples is None or samples.min() == samples.max():
        return None
    count = len(step.tape.rows)
    sample = int(np.abs(np.bincount(samples, part.values, count)).argmax())
    own = np.flatnonzero(samples == sample)
    return Heaviest(sample, count, part, int(own[np.abs(part.values[own]).argmax()]))


def of_images(step: Step, record: int | None, tensor: str) -> bool:
    """Whether a tensor is made of planes that each belong to one sample; parameters and their gradients are not."""
    if record is None:
        return tensor == "x" and step.tape.x.ndim > 2
    if step.tape.records[record].phase == "update" or tensor.startswith("d_"):
        return False
    return step.tensor(record, tensor).ndim > 2


def _samples(step: Step, part: Part) -> Array | None:
    """The sample each term belongs to."""
    for factor in part.factors:
        for places in (factor.places, *factor.depends):
            if isinstance(places, Places) and of_images(step, places.record, places.tensor):
                return places.index[0]
    return None
