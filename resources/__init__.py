"""Where the files that are not code lie: icons, the style sheet, presets, formulas, lessons.

One function, so that nobody else needs to know how the package is installed.
"""

from pathlib import Path

_ROOT = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of one resource file, for example `resource("icons", "play.svg")`."""
    return _ROOT.joinpath(*parts)
