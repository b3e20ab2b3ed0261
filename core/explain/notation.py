"""Small pieces of formulas: entries with their indices, and sums like "4 + i" as people write them."""

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def entry(tensor: str, *index: int | str) -> str:
    """ "y[3, 5]"; a number by itself is only its name."""
    return f"{tensor}[{', '.join(str(axis) for axis in index)}]" if index else tensor


def by(tensor: str, *index: int | str) -> str:
    """The gradient of the loss by an entry: "∂L/∂y[3, 5]"."""
    return f"∂L/∂{entry(tensor, *index)}"


def shifted(letter: str, shift: int, stride: int = 1) -> str:
    """ "2·r + 1", "i − 3", "j"."""
    text = letter if stride == 1 else f"{stride}·{letter}"
    if not shift:
        return text
    return f"{text} {'+' if shift > 0 else '−'} {abs(shift)}"


def numbered(symbol: str, layer: int) -> str:
    """A layer's parameter in short, layers counted from 1: "W₁"."""
    return f"{symbol}{str(layer + 1).translate(_SUBSCRIPTS)}"
