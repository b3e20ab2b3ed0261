"""What every layer gives at every point of the plane, for data whose samples are such points.

A neuron is easier to understand as a picture over the plane than as one number. The layers of the open network may be
ahead of the cursor, so a mirror of it, with the parameters as they stand at the cursor, is what is asked here.
"""

import numpy as np

from app.document.document import Document
from core.network import Network
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


def plane_outputs(document: Document, resolution: int) -> list[Array]:
    """The outputs of every layer over the plane in evaluation mode, with the parameters at the cursor.

    Empty where the data is no plane or nothing is built.

    Shapes: one (resolution, resolution, units) for every layer
    """
    if document.tape is None or not document.data.is_plane:
        return []
    x, outputs = plane_points(resolution), []
    # Weights that have gone astray still make a picture, of infinities and NaN.
    with np.errstate(all="ignore"):
        for layer in _mirror(document).layers:
            x, _ = layer.forward(x, False, None)
            outputs.append(x.reshape(resolution, resolution, -1))
    return outputs


def _mirror(document: Document) -> Network:
    """The document's network as it stands at the cursor."""
    assert document.tape
    network = document.experiment.network()
    network.build(document.data.input_shape, document.experiment.seed)
    held = document.parameters() | document.tape.buffers_at(document.cursor)
    for name, array in (network.parameters() | network.buffers()).items():
        # Not load_state_dict: it refuses values that are not finite, and those have to be seen.
        array[...] = held[name]
    return network
