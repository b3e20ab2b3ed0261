"""What pictures are made of: numbers in words, colours, mosaics and counts, checked without a widget."""

from collections.abc import Iterator

import numpy as np
import pyqtgraph as pg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.plots import color_maps
from app.plots.distribution import distribution
from app.plots.image_mosaic_view import mosaic_image
from app.plots.mosaic import gap_mask, mosaic, mosaic_columns, mosaic_place
from app.plots.numbers import Precision, format_count, format_number, format_share, longest
from app.theme import DARK, LIGHT, Theme, apply_theme, rgb
from core.types import Array

BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp, "light")
    yield
    apply_theme(qapp, "light")


def pixels(image: QImage) -> Array:
    """RGBA (H, W, 4), read pixel by pixel through Qt."""
    grid = [[image.pixelColor(x, y) for x in range(image.width())] for y in range(image.height())]
    return np.array([[[c.red(), c.green(), c.blue(), c.alpha()] for c in row] for row in grid])


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (-0.018743, 4, "−0.01874"),
        (8.7e-4, 4, "8.700e−4"),
        (97.61, 4, "97.61"),
        (0.5, 4, "0.5000"),
        (0.00099996, 4, "0.001000"),
        (12345.6, 4, "12346"),
        (1234567.0, 4, "1.235e6"),
        (-3.0, 4, "−3"),
        (0.0, 4, "0"),
        (-0.0, 4, "0"),
        (1234.4, 2, "1234"),
        (0.25, 2, "0.25"),
        (8.7e-4, 2, "8.7e−4"),
        (float("nan"), 4, "NaN"),
        (float("inf"), 4, "∞"),
        (float("-inf"), 4, "−∞"),
    ],
)
def test_numbers_are_written_as_the_field_writes_them(value: float, digits: int, text: str) -> None:
    assert format_number(value, digits) == text


@given(st.floats(-1e300, 1e300), st.integers(2, 6))
def test_a_written_number_is_the_number_to_its_digits(value: float, digits: int) -> None:
    text = format_number(value, digits).replace("−", "-")
    assert float(text) == pytest.approx(value, rel=0.501 * 10.0 ** -(digits - 1), abs=0)
    assert len(text) <= digits + 7


@given(st.floats(1e-12, 1e12), st.floats(1e-12, 1e12), st.floats(0, 1), st.integers(2, 9))
def test_no_number_is_longer_than_the_longest(first: float, second: float, share: float, digits: int) -> None:
    low, high = sorted((first, second))
    between = low * (high / low) ** share
    assert len(format_number(-between, digits)) <= longest(low, high, digits)


def test_whoever_shows_numbers_hears_of_other_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Precision, "digits", 4)
    heard: list[int] = []

    def hear() -> None:
        heard.append(Precision.digits)

    Precision.changed.connect(hear)
    for digits in (4, 6, 6, 4):
        Precision.choose(digits)
    Precision.changed.disconnect(hear)
    assert heard == [6, 4]


def test_counts_are_grouped_and_shares_do_not_round_to_everything_or_nothing() -> None:
    assert format_count(12544).split("\u202f") == ["12", "544"]
    assert format_count(-7) == "−7"
    assert [format_share(part, 10_000) for part in (0, 1, 50, 6100, 9950, 9999, 10_000)] == [
        "0 %",
        "< 0.1 %",
        "0.5 %",
        "61 %",
        "99.5 %",
        "> 99 %",
        "100 %",
    ]


@BOTH
def test_zero_has_the_colour_of_the_maps_centre_and_limits_those_of_its_ends(qapp: QApplication, theme: Theme) -> None:
    apply_theme(qapp, theme.name)
    map_colors = pg.colormap.get("CET-D6" if theme.dark else "CET-CBD1").map([0.0, 0.5, 1.0])[:, :3]
    image = color_maps.diverging_image(np.array([[-2.0, 0.0, 2.0, -9.0, 9.0]]), 2.0)
    assert np.abs(pixels(image)[0, [0, 1, 2, 3, 4], :3] - map_colors[[0, 1, 2, 0, 2]]).max() <= 1


@BOTH
def test_what_is_not_finite_has_a_colour_no_map_contains(qapp: QApplication, theme: Theme) -> None:
    apply_theme(qapp, theme.name)
    bad = np.array([[np.nan, np.inf, -np.inf, 0.5]], dtype=np.float32)
    images = (
        color_maps.diverging_image(bad, 1.0),
        color_maps.gray_image(bad, 0.0, 1.0),
    )
    for image in images:
        assert [tuple(pixel[:3]) for pixel in pixels(image)[0, :3]] == [rgb(theme.not_finite)] * 3
        assert tuple(pixels(image)[0, 3, :3]) != rgb(theme.not_finite)
    for table in (color_maps.diverging_table(), color_maps.gray_table()):
        assert table.shape == (256, 4)
        assert np.abs(table[1:, :3].astype(int) - rgb(theme.not_finite)).sum(axis=1).min() > 100


def test_equal_magnitudes_lie_equally_far_from_the_centre() -> None:
    values = np.linspace(0, 1, 50)
    up = color_maps.diverging_index(values, 1.0).astype(int)
    down = color_maps.diverging_index(-values, 1.0).astype(int)
    assert (up - color_maps.CENTRE == color_maps.CENTRE - down).all()


def test_an_array_of_zeros_is_drawn_as_zero() -> None:
    assert (color_maps.diverging_index(np.zeros(3), color_maps.finite_limit(np.zeros(3))) == color_maps.CENTRE).all()


@BOTH
def test_ink_is_dark_on_white_in_light_and_white_on_black_in_dark(qapp: QApplication, theme: Theme) -> None:
    apply_theme(qapp, theme.name)
    ground, ink = pixels(color_maps.gray_image(np.array([[0.0, 1.0]]), 0.0, 1.0))[0, :, :3].sum(axis=1)
    assert (ground < ink) == theme.dark


def test_a_picture_keeps_its_colours_when_the_array_is_written_into() -> None:
    array = np.zeros((2, 2))
    image = color_maps.diverging_image(array, 1.0)
    before = pixels(image)
    array[:] = 1
    assert (pixels(image) == before).all()


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.integers(0, 2))
def test_every_entry_of_a_mosaic_is_found_again(count: int, height: int, width: int, columns: int, gap: int) -> None:
    maps = np.arange(count * height * width, dtype=float).reshape(count, height, width)
    image = mosaic(maps, columns, gap)
    assert np.sort(image[~np.isnan(image)]).tolist() == list(range(maps.size))
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            place = mosaic_place(row, column, (count, height, width), columns, gap)
            assert np.isnan(image[row, column]) if place is None else image[row, column] == maps[place]


def test_a_nan_among_the_values_is_no_gap() -> None:
    maps = np.zeros((3, 2, 2))
    maps[1, 0, 1] = np.nan
    drawn = pixels(mosaic_image(maps, 2, low=0.0, high=1.0))
    assert tuple(drawn[0, 4]) == (*rgb(LIGHT.not_finite), 255)
    assert (drawn[gap_mask(3, 2, 2, 2)][:, 3] == 0).all()
    assert (drawn[~gap_mask(3, 2, 2, 2)][:, 3] == 255).all()


def test_columns_make_the_maps_as_large_as_they_can_be() -> None:
    assert mosaic_columns(8, 26, 26, 600, 100) == 8
    assert mosaic_columns(8, 26, 26, 100, 600) == 1
    assert mosaic_columns(1, 28, 28, 300, 100) == 1


def test_zeros_nan_and_infinity_are_counted_apart() -> None:
    values = np.array([0, 0, 0, -1.0, 1.0, 2.0, np.nan, np.inf, -np.inf, np.nan], dtype=np.float32).reshape(2, 5)
    data = distribution(values)
    assert (data.total, data.zeros, data.nans, data.infinite) == (10, 3, 2, 2)
    assert data.counts.sum() == 3
    assert data.words() == "mean 0.333 ± 0.943 · zeros 30 %"
    assert data.warning() == "2 NaN, 2 infinite"


@given(st.lists(st.floats(width=32), max_size=40), st.sampled_from([np.float32, np.float64]))
@example([1.7e308, -1.7e308], np.float64)
@example([1.7e308], np.float64)
@example([5e-324, 0.0], np.float64)
def test_any_values_at_all_can_be_counted(values: list[float], dtype: type) -> None:
    data = distribution(np.array(values, dtype=dtype))
    assert data.counts.sum() + data.zeros + data.nans + data.infinite == len(values)
    assert np.isfinite(data.edges).all()
