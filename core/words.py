"""Numbers, layers and parameters in sentences, written the same way by the core and the window.

A real minus sign, no plus signs, and values that are not finite in words. People count layers from 1.
"""

import math
import reprlib

MINUS = "\N{MINUS SIGN}"
_SMALLEST_FIXED = 1e-3
_LARGEST_FIXED = 1e5
_LARGEST_COUNT = 1e9
_LARGEST_IN_GROUPS = 1e15  # beyond it nobody counts groups
_LONGEST_WHOLE = 10**20
_LONGEST = 60  # letters of a value that a sentence repeats

NARROW_SPACE = "\u202f"
"""The space between groups of three digits; a line does not break at it."""


def number(value: float, digits: int = 4) -> str:
    """A measured value with `digits` significant digits: `−0.01874`, `97.61`, `8.700e−4`, `NaN`, `−∞`.

    Always as many digits, so that a number that changes keeps its width. Whole numbers are written as such, and exact
    zero is `0` alone, so that it differs from what only rounds to 0.

    Range: fixed notation from 0.001 to below 100 000, never with zeros in the place of known units; powers of ten
    outside.
    """
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    if value == math.trunc(value) and abs(value) < _LARGEST_FIXED:
        return f"{int(value)}".replace("-", MINUS)
    # Rounding first: 0.00099996 is written as 0.001000 and must not fall between the notations.
    rounded = float(f"{value:.{digits - 1}e}")
    if _SMALLEST_FIXED <= abs(rounded) < _LARGEST_FIXED:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
        return f"{value:.{decimals}f}".replace("-", MINUS)
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", MINUS)


def chosen(value: float, digits: int = 6) -> str:
    """A number that somebody chose, as short as it can be told: `0.03`, `1e−5`, `1 000 000`."""
    if not math.isfinite(value):
        return number(value)
    if value == math.trunc(value) and abs(value) < _LARGEST_COUNT:
        return count(int(value))
    return trimmed(number(value, digits))


def trimmed(text: str) -> str:
    """What `number` wrote without the zeros at its end: `0.03`, `1.5e−5`."""
    mantissa, *exponent = text.split("e")
    return "e".join((mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa, *exponent))


def count(whole: int) -> str:
    """A whole number in groups of three, kept apart by thin spaces that do not break: `12 544`; huge ones as `1e27`."""
    if abs(whole) >= _LARGEST_IN_GROUPS:
        return chosen(whole)
    return f"{whole:,}".replace(",", NARROW_SPACE).replace("-", MINUS)


def plural(number: int, word: str) -> str:
    """ "1 weight", "3 weights"."""
    return f"{count(number)} {word}{'' if number == 1 else 's'}"


def every(number: int, word: str) -> str:
    """The subject of a sentence about each of them: "the weight", "each of 3 weights"."""
    return f"the {word}" if number == 1 else f"each of {plural(number, word)}"


def layer_words(index: int, title: str = "") -> str:
    """ "layer 1", or with its title "layer 1, Dense"."""
    return f"layer {index + 1}, {title}" if title else f"layer {index + 1}"


def layer_subject(index: int, title: str) -> str:
    """ "Layer 1, Dense," at the beginning of a sentence."""
    return f"L{layer_words(index, title)[1:]},"


def numbered_title(index: int, title: str) -> str:
    """A layer as cards call it: "1 · Dense"."""
    return f"{index + 1} · {title}"


def parameter_words(name: str) -> str:
    """A parameter by its name in a state dict: "0.weight" is "the weight of layer 1"."""
    layer, own = name.split(".", maxsplit=1)
    return f"the {own} of {layer_words(int(layer))}"


def memory_text(size: int) -> str:
    """A number of bytes as people say it: "3.1 GB"; what no computer has in powers of ten: "1.6e10 TB"."""
    if size >= 10**15:
        return f"{chosen(size / 10**12, 2)} TB"
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1000:.0f} kB"


class _Short(reprlib.Repr):
    """Python's way of writing a value, cut short in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = _LONGEST

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write integers of more than 4300 digits at all.
        return repr(x) if abs(x) < _LONGEST_WHOLE else f"a number of about {math.floor(math.log10(abs(x))) + 1} digits"

    def repr_ndarray(self, x: object, level: int) -> str:
        # NumPy writes every row on a line of its own.
        return " ".join(self.repr_instance(x, level).split())


def said(value: object) -> str:
    """What somebody gave, as the sentence that refuses it repeats it: as Python writes it, but never long."""
    return _SHORT.repr(value)


_SHORT = _Short()
