"""The picture of a number that nobody computed: where a trail ends at the data, the sample with that number framed."""

from app.panels.explain.gallery import Gallery
from app.panels.explain.table import Table
from core.explain import Place, Step


def data_gallery(step: Step, place: Place) -> Gallery:
    """The channel of the image, or the row of numbers, that the entry of "x" belongs to."""
    sample, *inside = place.index
    values = step.tape.x[sample]
    channel = tuple(inside[: values.ndim - 2])
    grid = values[channel] if values.ndim > 1 else values[None]
    row, column = inside[-2:] if values.ndim > 1 else (0, inside[0])

    def place_of(at: int, across: int) -> Place:
        entry = (*channel, at, across) if values.ndim > 1 else (across,)
        return Place(None, "x", (sample, *entry))

    names = tuple(tuple(map(str, range(size))) for size in grid.shape)
    where = f", channel {channel[0]}" if channel else ""
    table = Table("x", grid, names[0], names[1], place_of, asked=(row, column))
    return Gallery(f"Sample {sample} of the batch{where}, with this number framed:", tables=(table,))
