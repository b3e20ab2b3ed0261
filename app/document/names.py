"""Layers and parameters by the names that stand on the cards."""

from app.document.document import Document
from core.words import numbered_title


def layer_title(document: Document, index: int) -> str:
    """A layer as the window names it: "0 · Input", "1 · Dense", "Loss"."""
    if document.network is None:
        return ""
    if index < 0:
        return "0 · Input"
    layers = document.network.layers
    return numbered_title(index, layers[index].title) if index < len(layers) else "Loss"


def parameter_title(document: Document, name: str) -> str:
    """A parameter with the name of its layer: "0.weight" is "1 · Dense.weight"."""
    layer, own = name.split(".", maxsplit=1)
    return f"{layer_title(document, int(layer))}.{own}"
