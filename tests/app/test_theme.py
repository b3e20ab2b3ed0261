"""The theme has to arrive on the screen whatever the platform does, and every text in it has to be readable."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetricsF, QIcon, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QTabWidget,
    QToolBar,
    QToolButton,
)
from pytestqt.qtbot import QtBot

import app.icons
from app import theme as theme_module
from app.icons import icon, icon_names
from app.layouts import label
from app.network_view.style import font as card_font
from app.plots.base import small_font
from app.theme import (
    DARK,
    LIGHT,
    Theme,
    apply_theme,
    blend,
    contrast,
    current_theme,
    mono_font,
    readable,
    rgb,
    style_sheet,
    text_on,
    theme_changed,
    theme_color,
    ui_font,
)
from app.window.linked_label import LinkedLabel
from resources import resource

BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)


@pytest.fixture(autouse=True)
def _light_again(qapp: QApplication) -> Iterator[None]:
    yield
    apply_theme(qapp, "light")


@BOTH
def test_the_palette_is_ours_even_where_the_platform_ignores_the_scheme(qapp: QApplication, theme: Theme) -> None:
    apply_theme(qapp, theme.name)
    assert current_theme() is theme
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == theme.window
    assert qapp.palette().color(QPalette.ColorRole.WindowText).name() == theme.text
    assert theme.panel in qapp.styleSheet()


def test_widgets_hear_of_a_new_theme_and_already_find_it_in_force(qapp: QApplication) -> None:
    seen: list[str] = []

    def note() -> None:
        seen.append(current_theme().name)

    theme_changed.connect(note)
    apply_theme(qapp, "dark")
    apply_theme(qapp, "light")
    theme_changed.disconnect(note)
    assert seen == ["dark", "light"]


def test_only_system_mode_follows_the_system(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme_module, "_system_theme", lambda app: DARK)
    apply_theme(qapp, "light")
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert current_theme() is LIGHT
    apply_theme(qapp, "system")
    assert current_theme() is DARK
    monkeypatch.setattr(theme_module, "_system_theme", lambda app: LIGHT)
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert current_theme() is LIGHT


def test_applying_a_theme_often_does_not_pile_up_connections(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        apply_theme(qapp, "system")
    installed: list[str] = []
    monkeypatch.setattr(theme_module, "_install", lambda app, theme: installed.append(theme.name))
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert installed == ["light"]


@BOTH
def test_text_is_readable(qapp: QApplication, theme: Theme) -> None:
    apply_theme(qapp, theme.name)
    for ground in (theme.panel, theme.window, theme.field, theme.selected):
        assert contrast(theme.text, ground) >= 7
        assert contrast(theme.muted, ground) >= 4.0
    for color in (theme.muted, theme.forward, theme.backward, theme.update):
        assert contrast(color, theme.panel) >= 4.5
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    for name in ("loss", "forward", "backward", "update"):
        assert contrast(readable(theme_color(name)), theme.panel) >= 4.5


def test_black_on_white_has_the_largest_contrast_there_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the textbook example just below AA


def test_text_on_a_ground_takes_the_better_of_black_and_white() -> None:
    for gray in range(0, 256, 15):
        ground = QColor(gray, gray, gray)
        best = max(("#000000", "#ffffff"), key=lambda color: contrast(color, ground))
        assert text_on(ground).name() == best


def test_blend_mixes_by_share() -> None:
    assert rgb(blend("#ff0000", "#0000ff", 0.8)) == (204, 0, 51)


@BOTH
def test_class_colours_differ_also_for_colour_blind_people(theme: Theme) -> None:
    # Machado, Oliveira and Fernandes 2009, severity 1: deuteranopia and protanopia on linear RGB.
    deuteranopia = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    protanopia = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    channels = np.array([rgb(color) for color in theme.classes]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    for matrix in (np.eye(3), deuteranopia, protanopia):
        lab = _lab(np.clip(linear @ np.array(matrix).T, 0, 1))
        assert min(float(np.linalg.norm(a - b)) for a, b in combinations(lab, 2)) > 15


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of linear sRGB colours (N, 3)."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


@BOTH
def test_every_colour_is_a_colour_and_the_style_sheet_uses_only_what_there_is(theme: Theme, qapp: QApplication) -> None:
    for field in fields(Theme):
        value = getattr(theme, field.name)
        if isinstance(value, str) and value.startswith("#"):
            assert QColor(value).isValid()
    sheet = style_sheet(theme)
    assert "$" not in sheet
    for part in sheet.split('url("')[1:]:
        assert resource(part.split('"')[0]).is_file()


@BOTH
def test_the_style_sheet_is_understood(qtbot: QtBot, qapp: QApplication, qtlog: Any, theme: Theme) -> None:
    apply_theme(qapp, theme.name)
    for kind in (QMainWindow, QToolBar, QCheckBox, QComboBox, QTabWidget, QLineEdit):
        widget = kind()
        widget.setProperty("role", "value")
        qtbot.addWidget(widget)
        widget.grab()
    assert [record.message for record in qtlog.records if "propagateSizeHints" not in record.message] == []


def test_every_icon_is_painted_in_the_colour_asked_for(qapp: QApplication) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(app.icons.__file__).parent.rglob("*.py"))
    for name in icon_names():
        image = icon(name, "#ff8800").pixmap(64, 64).toImage()
        solid = [
            image.pixelColor(x, y)
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() == 255
        ]
        assert solid, name
        assert {color.name() for color in solid} == {"#ff8800"}, name
        assert f'"{name}"' in sources, f"nobody shows {name}"


def test_icons_are_kept_follow_the_theme_and_grey_out(qapp: QApplication) -> None:
    apply_theme(qapp, "light")
    assert icon("play") is icon("play")
    light = icon("play")
    apply_theme(qapp, "dark")
    assert icon("play") is not light
    normal = icon("play").pixmap(24, 24, QIcon.Mode.Normal).toImage()
    assert normal != icon("play").pixmap(24, 24, QIcon.Mode.Disabled).toImage()


def test_an_icon_that_does_not_exist_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="no icon 'plaay'"):
        icon("plaay")


def test_the_licence_lies_with_the_icons() -> None:
    assert "ISC License" in resource("icons", "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize(("font", "family"), [(ui_font, "Inter"), (mono_font, "DejaVu Sans Mono")])
def test_the_fonts_come_with_the_program(qapp: QApplication, font: Callable[[], QFont], family: str) -> None:
    font()
    paths = [path.name for path in resource("fonts").glob("*.[ot]tf")]
    assert any(path.startswith(family.replace(" ", "")) for path in paths)
    assert QFontInfo(font()).family() == family


@pytest.mark.parametrize("style", ["", "font-weight: 600;", "font-weight: bold;"])
def test_bold_words_have_a_face_of_their_own(qtbot: QtBot, style: str) -> None:
    """A face made up by thickening another one would be as wide as that."""
    widths = []
    for text in ("gradient", f"<span style='{style}'>gradient</span>", "<b>gradient</b>"):
        label = QLabel(text)
        qtbot.addWidget(label)
        widths.append(label.sizeHint().width())
    plain, styled, bold = widths
    assert plain < bold
    assert styled == {"": plain, "font-weight: bold;": bold}.get(style, styled)
    weights = (QFont.Weight.Normal, QFont.Weight.DemiBold, QFont.Weight.Bold)
    advances = [QFontMetricsF(_weighted(weight)).horizontalAdvance("gradient") for weight in weights]
    assert advances == sorted(set(advances)), "three faces, each wider than the one before"


def _weighted(weight: QFont.Weight) -> QFont:
    font = ui_font()
    font.setWeight(weight)
    return font


ROLES = ("", "title", "note", "muted", "mono", "error", "good", "big")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("words", ["{}", "loss <b>{}</b>"])
def test_digits_are_all_of_one_width_in_every_kind_of_label(
    qtbot: QtBot, qapp: QApplication, role: str, words: str
) -> None:
    apply_theme(qapp, "light")
    ones, eights = label(words.format("0.1111"), role), label(words.format("0.8888"), role)
    for made in (ones, eights):
        qtbot.addWidget(made)
        made.ensurePolished()
    assert ones.sizeHint().width() == eights.sizeHint().width()


@pytest.mark.parametrize("kind", [QPushButton, QToolButton, LinkedLabel])
def test_digits_are_all_of_one_width_in_buttons_and_in_the_tool_bar(
    qtbot: QtBot, qapp: QApplication, kind: type[QPushButton | QToolButton | LinkedLabel]
) -> None:
    apply_theme(qapp, "dark")
    bar = QToolBar()
    qtbot.addWidget(bar)
    widths = []
    for text in ("0.1111", "0.8888"):
        made = kind()
        made.setText(text)
        bar.addWidget(made)
        made.ensurePolished()
        widths.append(made.sizeHint().width())
    assert widths[0] == widths[1]


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("measure", [ui_font, small_font, card_font])
def test_digits_are_all_of_one_width_in_what_is_painted(
    qapp: QApplication, measure: Callable[..., QFont], bold: bool
) -> None:
    font = QFont(measure())
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    metrics = QFontMetricsF(font)
    widths = [metrics.horizontalAdvance(f"0.{digit * 4}") for digit in "0123456789"]
    assert max(widths) - min(widths) < 0.25, "less than any pixel"
