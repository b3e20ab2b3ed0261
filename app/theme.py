"""The colours, fonts and style sheet of the window, light and dark, and the one place that switches between them.

Widgets that paint themselves ask `current_theme()` while painting and repaint on `theme_changed`. The palette is always
our own: `setColorScheme` alone is ignored by some platforms without saying so.
"""

from dataclasses import asdict, dataclass
from functools import cache
from string import Template
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from resources import resource

ThemeName = Literal["light", "dark", "system"]


@dataclass(frozen=True)
class Theme:
    """The colours of one theme as `#rrggbb`; a colour that has a meaning keeps it everywhere in the window."""

    name: Literal["light", "dark"]
    window: str
    panel: str
    field: str
    border: str
    hover: str
    selected: str
    scroll: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    forward: str
    loss: str
    backward: str
    backward_soft: str
    update: str
    positive: str
    negative: str
    ink_low: str
    ink_high: str
    not_finite: str
    classes: tuple[str, ...]
    diverging: str

    @property
    def dark(self) -> bool:
        """Whether text is lighter than the ground."""
        return self.name == "dark"

    def class_color(self, index: int) -> str:
        """The colour of class `index`; after the last one they start again."""
        return self.classes[index % len(self.classes)]


LIGHT = Theme(
    name="light",
    window="#f4f5f7",
    panel="#ffffff",
    field="#f4f5f7",
    border="#dde0e6",
    hover="#f4f5f7",
    selected="#eaf1fd",
    scroll="#c6cbd4",
    text="#1e2430",
    muted="#68707d",
    disabled="#a4abb6",
    accent="#2f6fde",
    accent_hover="#2560c6",
    on_accent="#ffffff",
    forward="#2f6fde",
    loss="#c98a00",
    backward="#c8453b",
    backward_soft="#f9e9e8",
    update="#1f855a",
    positive="#c86e1e",
    negative="#2f6fde",
    ink_low="#ffffff",
    ink_high="#1e2430",
    not_finite="#ff00d4",
    classes=("#2f6fde", "#d9822b", "#1a7f5a", "#b23f8c", "#e2c52c"),
    diverging="CET-CBD1",
)

DARK = Theme(
    name="dark",
    window="#1b1d22",
    panel="#24272e",
    field="#1b1d22",
    border="#383d47",
    hover="#2c3038",
    selected="#2b3546",
    scroll="#4a505c",
    text="#e6e8ec",
    muted="#9aa1ad",
    disabled="#646b77",
    accent="#6ea0ff",
    accent_hover="#8db4ff",
    on_accent="#14161c",
    forward="#6ea0ff",
    loss="#e5b03a",
    backward="#f0796e",
    backward_soft="#423337",
    update="#57c594",
    positive="#d9822b",
    negative="#6ea0ff",
    ink_low="#14161c",
    ink_high="#ffffff",
    not_finite="#ff3ee0",
    classes=("#6ea0ff", "#e08a33", "#2fa57a", "#d068b0", "#f0d95a"),
    diverging="CET-D6",
)

POINT_SIZE = 10
SMALL_POINT_SIZE = 8.5
READING_CONTRAST = 4.5


class _Switch(QObject):
    """The theme in force and the signal that tells of a new one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.name: ThemeName = "light"

    def follow_system(self) -> None:
        """The system went dark or light; it concerns us only where the person left the choice to it."""
        app = QApplication.instance()
        if self.name == "system" and isinstance(app, QApplication):
            _install(app, _system_theme(app))


_switch = _Switch()
theme_changed = _switch.changed
"""Sent without arguments after the theme changed; connect bound methods of widgets."""


def current_theme() -> Theme:
    """The theme the window is painted in now."""
    return _switch.theme


def apply_theme(app: QApplication, name: ThemeName) -> None:
    """Paint the whole application in a theme; `"system"` follows the system, now and when it changes."""
    _switch.name = name
    hints = app.styleHints()
    hints.colorSchemeChanged.connect(_switch.follow_system, Qt.ConnectionType.UniqueConnection)
    app.setStyle("Fusion")
    scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, "system": Qt.ColorScheme.Unknown}[name]
    # The window frame and the system's own dialogs follow this; the rest is up to the palette below.
    hints.setColorScheme(scheme)
    _install(app, _system_theme(app) if name == "system" else {"light": LIGHT, "dark": DARK}[name])


def theme_color(name: str) -> QColor:
    """A colour of the current theme by its field (`"forward"`), or any other colour as it is (`"#2f6fde"`)."""
    return QColor(getattr(current_theme(), name, name))


def ui_font(points: float = POINT_SIZE, bold: bool = False) -> QFont:
    """The font of words; its digits are all of one width, so that numbers keep their place while they change."""
    font = QFont(_family("Inter", "Inter-Regular.otf", "Inter-SemiBold.otf", "Inter-Bold.otf"))
    font.setPointSizeF(points)
    font.setFeature(QFont.Tag("tnum"), 1)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def mono_font(points: float = SMALL_POINT_SIZE) -> QFont:
    """The font of numbers and code."""
    font = QFont(_family("DejaVu Sans Mono", "DejaVuSansMono.ttf"))
    font.setPointSizeF(points)
    return font


@cache
def _family(name: str, *files: str) -> str:
    """The name of a font family, once the files in `resources/fonts` that make it up are known to Qt.

    The fonts come with the program: what fits into the window must not depend on what a system has installed.
    """
    for file in files:
        if QFontDatabase.addApplicationFont(str(resource("fonts", file))) < 0:
            raise RuntimeError(f"The font {file} cannot be read: install Chainrule anew.")
    return name


def text_on(ground: QColor | str) -> QColor:
    """Black or white, whichever reads better on a ground colour."""
    luminance = relative_luminance(QColor(ground))
    # Contrast against white and black is equal where (1.05)/(L + 0.05) = (L + 0.05)/0.05.
    return QColor("#000000") if luminance > 0.179 else QColor("#ffffff")


def relative_luminance(color: QColor) -> float:
    """How bright a colour is, 0 (black) to 1 (white).

    Formula: 0.2126·R + 0.7152·G + 0.0722·B on linear light
    Source: WCAG 2.2, definition of relative luminance
    """

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)

    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF())


def contrast(first: QColor | str, second: QColor | str) -> float:
    """How well one colour reads on another: 1 (not at all) to 21; text wants 4.5 (WCAG 2.2)."""
    low, high = sorted((relative_luminance(QColor(first)), relative_luminance(QColor(second))))
    return (high + 0.05) / (low + 0.05)


def readable(color: QColor | str) -> QColor:
    """The colour as text on a panel: mixed with the text colour just as far as reading needs it."""
    theme = current_theme()
    mixed = QColor(color)
    for percent in range(0, 101, 10):
        mixed = blend(color, theme.text, 1 - percent / 100)
        if contrast(mixed, theme.panel) >= READING_CONTRAST:
            break
    return mixed


def rgb(color: QColor | str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255."""
    color = QColor(color)
    return color.red(), color.green(), color.blue()


def blend(first: QColor | str, second: QColor | str, share: float) -> QColor:
    """An opaque mixture: `share` of the first colour, the rest of the second."""
    channels = zip(rgb(first), rgb(second), strict=True)
    return QColor(*(round(share * a + (1 - share) * b) for a, b in channels))


def style_sheet(theme: Theme) -> str:
    """The application's style sheet in the colours of a theme."""
    text = resource("style.qss").read_text(encoding="utf-8")
    icons = resource("icons").as_posix()
    return Template(text).substitute(asdict(theme), icons=icons, mono=mono_font().family())


def _system_theme(app: QApplication) -> Theme:
    return DARK if app.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


def _install(app: QApplication, theme: Theme) -> None:
    _switch.theme = theme
    app.setPalette(_palette(theme))
    app.setFont(ui_font())
    app.setStyleSheet(style_sheet(theme))
    _switch.changed.emit()


def _palette(theme: Theme) -> QPalette:
    roles = QPalette.ColorRole
    colors = {
        roles.Window: theme.window,
        roles.WindowText: theme.text,
        roles.Base: theme.panel,
        roles.AlternateBase: theme.field,
        roles.Text: theme.text,
        roles.PlaceholderText: theme.muted,
        roles.Button: theme.panel,
        roles.ButtonText: theme.text,
        roles.BrightText: theme.not_finite,
        roles.ToolTipBase: theme.panel,
        roles.ToolTipText: theme.text,
        roles.Highlight: theme.accent,
        roles.HighlightedText: theme.on_accent,
        roles.Accent: theme.accent,
        roles.Link: theme.accent,
        roles.Light: theme.hover,
        roles.Midlight: theme.border,
        roles.Mid: theme.border,
        roles.Dark: theme.scroll,
        roles.Shadow: theme.window,
    }
    palette = QPalette()
    for role, color in colors.items():
        palette.setColor(role, QColor(color))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.disabled))
    return palette
