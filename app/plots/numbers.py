"""How numbers are written everywhere in the window, so that the same value always looks the same.

Knows no Qt. A real minus sign, no plus signs, and values that are not finite in words.
"""

import math

from core import words

MINUS = "\N{MINUS SIGN}"
_SMALLEST_FIXED = 1e-3
_LARGEST_FIXED = 1e5


class Precision:
    """With how many significant digits numbers are written where nothing else is asked for; a setting."""

    digits = 4


def format_number(value: float, digits: int | None = None) -> str:
    """A value with `digits` significant digits (as set, unless given): `−0.01874`, `97.61`, `8.7e−4`, `NaN`, `−∞`.

    Range: fixed notation from 0.001 to below 100 000, never with zeros in the place of known units; powers of ten
    outside, whose mantissa has one digit less (the exponent needs the room), but two at least. Exact zero is `0`
    alone, so that it differs from what only rounds to 0.
    """
    value, digits = float(value), digits or Precision.digits
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
    mantissa, exponent = f"{value:.{max(digits - 2, 1)}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}".replace("-", MINUS)


def format_count(count: int) -> str:
    """A whole number in groups of three, kept apart by thin spaces that do not break: `12 544`."""
    return words.count(count).replace("-", MINUS)


def format_share(part: int, whole: int) -> str:
    """A part of a whole in percent; only nothing is `0 %`, only everything is `100 %`."""
    if whole == 0 or part == 0:
        return "0 %"
    percent = 100 * part / whole
    if part < whole and percent > 99:
        return "> 99 %" if percent >= 99.95 else f"{percent:.1f} %"
    if percent < 1:
        return "< 0.1 %" if percent < 0.1 else f"{percent:.1f} %"
    return f"{percent:.0f} %"
