"""How numbers are written everywhere in the window, so that the same value always looks the same.

Knows no Qt. The writing itself is the core's, whose sentences stand beside the window's; how precise is a setting.
"""

from typing import ClassVar

from psygnal import SignalInstance

from core import words

MINUS = words.MINUS
FEWEST_DIGITS = 2


class Precision:
    """With how many significant digits numbers are written where nothing else is asked for; a setting."""

    digits = 4
    changed: ClassVar[SignalInstance] = SignalInstance()

    @classmethod
    def choose(cls, digits: int) -> None:
        """Write all numbers with so many digits from now on."""
        if digits != cls.digits:
            cls.digits = digits
            cls.changed.emit()


def format_number(value: float, digits: int | None = None) -> str:
    """A value with `digits` significant digits (as set, unless given), as `words.number` writes it: `−0.01874`."""
    return words.number(value, digits or Precision.digits)


def format_signed(value: float) -> str:
    """A part of a sum, with its sign also where it is added: `+0.1324`, `−0.01874`, `0`."""
    text = format_number(value)
    return f"+{text}" if value > 0 else text


def longest(low: float, high: float, digits: int) -> int:
    """How many characters numbers take, at most, whose magnitudes lie between these two, neither of them 0."""
    # Fixed notation is longest where it begins; in powers of ten both ends have the longest exponents.
    most_zeros = 1.23456789e-3
    found = [low, high, *([most_zeros] if low <= most_zeros <= high else [])]
    return len(MINUS) + max(len(words.number(value, digits)) for value in found)


def format_count(count: int) -> str:
    """A whole number in groups of three, kept apart by thin spaces that do not break: `12 544`."""
    return words.count(count)


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
