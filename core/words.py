"""Numbers in sentences: counts, plurals and sizes, written the same way everywhere."""

NARROW_SPACE = "\u202f"
"""The space between groups of three digits; a line does not break at it."""


def count(number: int) -> str:
    """A count in groups of three digits: 12 544."""
    return f"{number:,}".replace(",", NARROW_SPACE)


def plural(number: int, word: str) -> str:
    """ "1 weight", "3 weights"."""
    return f"{count(number)} {word}{'' if number == 1 else 's'}"


def every(number: int, word: str) -> str:
    """The subject of a sentence about each of them: "the weight", "each of 3 weights"."""
    return f"the {word}" if number == 1 else f"each of {plural(number, word)}"


def memory_text(size: int) -> str:
    """A number of bytes as people say it: "3.1 GB"."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1000:.0f} kB"
