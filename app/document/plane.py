"""What every layer gives at every point of the plane, for data whose samples are such points.

A neuron is easier to understand as a picture over the plane than as one number. The layers of the open network may be
ahead of the cursor, so a mirror of it, with the parameters as they stand at the cursor, is what is asked here.
"""

import numpy as np

from app.document.document import Document
from core.network import Network
from core.tape import Tape
from core.types import Array

EXTENT = 1.2
"""The plane is shown from −EXTENT to EXTENT along both axes; the data sets lie within −1 … 1."""


def plane_points(resolution: int) -> Array:
    """The centres of the cells of a square grid over the plane, row by row from the top.

    Shapes: (resolution · resolution, 2) with columns x₁ (to the right) and x₂ (upwards)
    """
    centres = (np.arange(resolution) + 0.5) * (2 * EXTENT / resolution) - EXTENT
    right, up = np.meshgrid(centres, centres[::-1])
    return np.stack([right.ravel(), up.ravel()], axis=1).astype(np.float32)


class Plane:
    """The outputs of every layer over the plane in evaluation mode, with the parameters at the cursor.

    They are computed when they are asked for, and anew only once the cursor has come to other parameters.
    """

    def __init__(self, document: Document, resolution: int) -> None:
        self._document = document
        self._points = plane_points(resolution)
        self._grid = (resolution, resolution)
        self._network: Network | None = None
        self._network_of: Network | None = None
        self._tape: Tape | None = None
        self._at = (0, False)  # parameters updated, and whether all of the tape is done
        self._outputs: list[Array] = []

    def outputs(self) -> list[Array]:
        """Empty where the data is no plane or nothing is built; the same list as long as nothing changes.

        Shapes: one (resolution, resolution, units) for every layer
        """
        document, tape = self._document, self._document.tape
        if tape is None or not document.data.is_plane:
            self._tape, self._outputs = None, []
            return self._outputs
        updated = sum(record.phase == "update" for record in tape.records[: document.cursor])
        at = (updated, document.cursor == len(tape))
        if self._tape is not tape or self._at != at:
            self._tape, self._at, self._outputs = tape, at, self._computed(tape)
        return self._outputs

    def _computed(self, tape: Tape) -> list[Array]:
        x, outputs = self._points, []
        # Weights that have gone astray still make a picture, of infinities and NaN.
        with np.errstate(all="ignore"):
            for layer in self._mirror(tape).layers:
                x, _ = layer.forward(x, False, None)
                outputs.append(x.reshape(*self._grid, -1))
        return outputs

    def _mirror(self, tape: Tape) -> Network:
        """The document's network as it stands at the cursor."""
        document = self._document
        if self._network is None or self._network_of is not document.network:
            self._network, self._network_of = document.experiment.network(), document.network
            self._network.build(document.data.input_shape, document.experiment.seed)
        held = document.parameters() | tape.buffers_at(document.cursor)
        for name, array in (self._network.parameters() | self._network.buffers()).items():
            # Not load_state_dict: it refuses values that are not finite, and those have to be seen.
            array[...] = held[name]
        return self._network
