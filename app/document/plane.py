"""What every layer gives at every point of the plane, for data whose samples are such points.

A neuron is easier to understand as a picture over the plane than as one number. The layers of the open network may be
ahead of the cursor, so a mirror of it, with the parameters as they stand at the cursor, is what is asked here.
"""

import operator

import numpy as np

from app.document.document import Document
from core.datasets.planes import EXTENT
from core.network import Network
from core.types import Array, Arrays


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
        self._network: Network | None = None  # the document's, whose outputs these are
        self._mirror: Network | None = None
        self._weights: Arrays = {}
        self._outputs: list[Array] = []

    def outputs(self) -> list[Array]:
        """Empty where the data is no plane or nothing is built; the same list as long as nothing changes.

        Shapes: one (resolution, resolution, units) for every layer
        """
        document = self._document
        network = document.network if document.data.is_plane and document.shows_weights else None
        weights = document.weights() if network else {}
        if network is not self._network:
            self._network, self._mirror = network, self._built() if network else None
        elif _are_the_same(weights, self._weights):
            return self._outputs
        self._weights = weights
        self._outputs = self._computed()
        return self._outputs

    def _built(self) -> Network:
        """A network like the document's."""
        document = self._document
        network = document.experiment.network()
        network.build(document.data.input_shape, document.experiment.seed)
        return network

    def _computed(self) -> list[Array]:
        if self._mirror is None:
            return []
        for name, array in (self._mirror.parameters() | self._mirror.buffers()).items():
            # Not load_state_dict: it refuses values that are not finite, and those have to be seen.
            array[...] = self._weights[name]
        x, outputs = self._points, []
        # Weights that have gone astray still make a picture, of infinities and NaN.
        with np.errstate(all="ignore"):
            for layer in self._mirror.layers:
                x, _ = layer.forward(x, False, None)
                outputs.append(x.reshape(*self._grid, -1))
        return outputs


def _are_the_same(weights: Arrays, others: Arrays) -> bool:
    """Whether these are the very arrays: what a tape keeps is never written to, an update is another array."""
    return len(weights) == len(others) and all(map(operator.is_, weights.values(), others.values()))
