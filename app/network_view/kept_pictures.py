"""What the cards keep from one refresh to the next: pictures, heat maps over the plane, ends of scales.

A picture is kept until its record, the sample or its scale changes, so that a step of the cursor makes one new picture.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.document.document import Document
from app.document.plane import Plane, plane_points
from app.network_view.pictures import Picture
from app.plots.color_maps import finite_limit
from core.tape import Tape
from core.types import Array

RESOLUTION = 32
"""Cells along each axis of the plane."""

BATCH = -1
"""In place of a sample: the mean over the batch."""

NO_PLANES: list[Array] = []
"""One object, because pictures are kept by what they were made from."""


@dataclass(frozen=True, eq=False)
class _Made:
    key: tuple[object, ...]
    holds: object  # keeps alive what the key names by its id
    picture: Picture


class KeptPictures:
    """Makes what is not there yet, or no longer true."""

    def __init__(self, document: Document) -> None:
        self._made: dict[tuple[int, str], _Made] = {}
        self._limits: tuple[tuple[object, ...], object, dict[str, float]] = ((), None, {})
        self._plane = Plane(document, RESOLUTION)
        self._planes: tuple[list[Array], list[Array]] = (NO_PLANES, NO_PLANES)  # what they were made from, they

    def forget(self) -> None:
        """There is nothing to be seen any more."""
        self._made.clear()

    def picture(
        self, place: tuple[int, str], key: tuple[object, ...], holds: object, make: Callable[[], Picture]
    ) -> Picture:
        """The picture that was made for this place and key, or a new one."""
        made = self._made.get(place)
        if made is None or made.key != key:
            made = self._made[place] = _Made(key, holds, make())
        return made.picture

    def planes(self) -> list[Array]:
        """Every layer over the plane, (units, H, W) each, the input's two coordinates first; the same list as long as
        nothing changes."""
        outputs = self._plane.outputs()
        if self._planes[0] is not outputs:
            coordinates = plane_points(RESOLUTION).reshape(RESOLUTION, RESOLUTION, 2)
            self._planes = (outputs, [np.moveaxis(output, 2, 0) for output in (coordinates, *outputs)])
        return self._planes[1]

    def network_limits(self, tape: Tape, shown: int, planes: list[Array]) -> dict[str, float]:
        """The largest magnitude of any layer's y and of any gradient, on the whole tape: colours stay as one steps."""
        key = (id(tape), shown, id(planes))
        if self._limits[0] != key:
            limits = {"y": max([0.0, *(finite_limit(plane) for plane in planes[1:])]), "dy": 0.0}
            for record in tape.records:
                if record.phase == "forward" and not planes:
                    limits["y"] = max(limits["y"], finite_limit(of_sample(record.tensors["y"], shown)))
                elif record.phase in ("loss", "backward"):
                    limits["dy"] = max(limits["dy"], finite_limit(of_sample(record.tensors["dy"], shown)))
            self._limits = (key, (tape, planes), limits)
        return self._limits[2]


def of_sample(tensor: Array, sample: int) -> Array:
    """What belongs to one sample of a tensor (N, ...), or the mean over the batch."""
    return tensor.mean(axis=0) if sample == BATCH else tensor[sample]
