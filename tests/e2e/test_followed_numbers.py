"""One number followed link by link to where it comes from, in the real window: a gradient of a filter to the loss, a
value to a pixel of the data, and a weight that grew to the samples that made it grow."""

import re

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from app.panels.inspector import Inspector
from app.panels.weight_views import FilterView
from app.plots.numbers import format_number
from app.window.main_window import MainWindow
from tests.e2e.consistency import cell_of, chances, open_tab
from tests.e2e.hands import (
    LEFT,
    click,
    click_cell,
    click_entry,
    click_link,
    press,
    same_array,
    says,
    tape_of,
)
from tests.in_view import bring_into_view


def value_at(window: MainWindow) -> float:
    """The number that is asked for, read off the tape."""
    tape, place = tape_of(window.document), window.document.questions.current
    assert place is not None
    if place.record is None:
        return float((tape.x if place.tensor == "x" else tape.params_before[place.tensor])[place.index])
    tensors = tape.records[place.record].tensors
    return float((chances(tensors["prediction"]) if place.tensor == "p" else tensors[place.tensor])[place.index])


def name_at(window: MainWindow) -> str:
    """What the breadcrumb has to call it: "1 · Conv2D.d_weight[4, 0, 2, 2]"."""
    tape, place = tape_of(window.document), window.document.questions.current
    assert place is not None
    entry = f"{place.tensor}[{', '.join(map(str, place.index))}]"
    if place.record is None:
        return entry
    record = tape.records[place.record]
    if record.phase == "loss":
        return f"loss.{entry}"
    called = f"{record.name.split('.')[1]} " if record.phase == "update" else ""
    return f"{record.index + 1} · {tape.records[record.index].name}.{called}{entry}"


def terms_shown(window: MainWindow) -> list[dict[str, tuple[str, str]]]:
    """The terms that are listed, the largest first: of each factor what it is called, its link, if any, its number."""
    cells = re.findall(r"<td[^>]*>(.*?)</td>", window.arrangement.panel(Inspector).explain.terms.text())
    terms = []
    for product, names in zip(cells[1::4], cells[3::4], strict=True):
        links = [re.fullmatch(r'<a href="(\d+)"[^>]*>(.*)</a>', text) for text in product.split(" × ")]
        numbers = [(link[1], link[2]) if link else ("", "") for link in links]
        called = [name.split("[")[0] for name in names.split(": ", 1)[-1].split(" · ")]
        terms.append(dict(zip(called, numbers, strict=True)))
    return terms


def follow(window: MainWindow, *names: str, term: int = 0) -> bool:
    """Click the factor of a term that has one of these names, if there is one, and read the next stop."""
    document, tab = window.document, window.arrangement.panel(Inspector).explain
    found = next((factor for name, factor in terms_shown(window)[term].items() if name in names), None)
    if found is None:
        return False
    way = document.questions.trail
    click_link(tab.terms, found[0])
    assert document.questions.trail[:-1] == way, "the way here stays in the breadcrumb"
    assert format_number(value_at(window)) == found[1], "the number of the factor is the one that is explained next"
    read_stop(window)
    return True


def read_stop(window: MainWindow) -> None:
    """The number that is shown is the tape's, and the breadcrumb ends with its name."""
    tab = window.arrangement.panel(Inspector).explain
    assert f"= <b>{format_number(value_at(window))}</b>" in tab.formula.text()
    assert f"<b>{name_at(window)}</b>" in tab.trail.text()


def stops(window: MainWindow) -> list[tuple[str, str]]:
    """Record and tensor of every stop on the way."""
    tape, trail = tape_of(window.document), window.document.questions.trail
    records = [tape.records[place.record] if place.record is not None else None for place in trail]
    names = [f"{record.phase} {record.index}" if record else "outside" for record in records]
    return list(zip(names, [place.tensor for place in trail], strict=True))


def way_back(window: MainWindow, *positions: int) -> None:
    """Click stops of the breadcrumb, each of which becomes the one that is explained."""
    tab, questions = window.arrangement.panel(Inspector).explain, window.document.questions
    for position in positions:
        wanted = questions.trail[: position + 1]
        click_link(tab.trail, str(position))
        assert questions.trail == wanted
        read_stop(window)


def ask_weight(window: MainWindow, view: FilterView, index: tuple[int, ...]) -> None:
    """Click an entry of the first layer's filters, or of what stands in their place."""
    shape = window.document.parameters()["0.weight"].shape
    QApplication.processEvents()  # what was just shown finds its places
    click_cell(view, *cell_of(view, index, shape))
    assert window.arrangement.panel(Inspector).explain.isVisible()
    read_stop(window)


def test_a_gradient_of_a_filter_is_followed_to_the_loss_and_back(conv: MainWindow) -> None:
    inspector = conv.arrangement.panel(Inspector)
    press(conv, "next_layer", 21)
    open_tab(inspector, inspector.weights)
    ask_weight(conv, inspector.weights.filter_gradients, (3, 0, 2, 0))
    assert name_at(conv) == "1 · Conv2D.d_weight[3, 0, 2, 0]"
    bring_into_view(inspector.explain.check.button)
    click(inspector.explain.check.button)
    said = re.search(r"✓ agrees: the numerical slope is (\S+),", inspector.explain.check.result.text())
    assert said and float(said[1].replace("−", "-")) == pytest.approx(value_at(conv), rel=1e-3)
    while follow(conv, "dy", "dx"):
        pass
    between = [(f"backward {layer}", tensor) for layer in range(10) for tensor in ("dx", "dy")]
    assert stops(conv) == [("backward 0", "d_weight"), *between[1:], ("loss 10", "dy")]
    assert says(inspector.explain, "how much the loss changes per unit of prediction")
    way_back(conv, 12, 1, 0)
    press(conv, "back")
    assert says(inspector.explain, "has not reached this number yet") and not inspector.explain.formula.isVisible()
    press(conv, "next_layer")
    read_stop(conv)
    assert inspector.explain.formula.isVisible()


def test_a_value_is_followed_to_a_pixel_of_the_data_and_back(conv: MainWindow) -> None:
    inspector = conv.arrangement.panel(Inspector)
    press(conv, "next_layer", 11)
    card = conv.network_view.cards[-1]
    click_entry(card, card.top_rect(), (3,))
    assert name_at(conv) == "loss.p[0, 3]"
    read_stop(conv)
    click_link(inspector.explain.terms, terms_shown(conv)[0]["exp(x − max) of prediction"][0])
    assert name_at(conv) == "loss.prediction[0, 3]"
    read_stop(conv)
    while not says(inspector.explain, "The data: what the network is asked"):
        assert follow(conv, "y", "x"), name_at(conv)
    between = [(f"forward {layer}", tensor) for layer in reversed(range(10)) for tensor in ("y", "x")]
    assert stops(conv) == [("loss 10", "p"), ("loss 10", "prediction"), *between, ("outside", "x")]
    assert not inspector.explain.terms.isVisible() and name_at(conv).startswith("x[0, 0, ")
    way_back(conv, 15, 4, 0)


def test_why_a_weight_of_a_filter_grew(conv: MainWindow) -> None:
    """From its change over the update and the gradient to the samples that asked for it, and into the picture."""
    document, inspector = conv.document, conv.arrangement.panel(Inspector)
    tab = inspector.explain
    press(conv, "next_layer", 22)
    open_tab(inspector, inspector.weights)
    click(next(button for button in inspector.weights.findChildren(QToolButton) if button.text() == "Change"))
    tensors = tape_of(document).records[21].tensors
    change = tensors["after"] - tensors["before"]
    index = tuple(int(axis) for axis in np.unravel_index(change.argmax(), change.shape))
    grown = change[index]
    assert grown > 0
    ask_weight(conv, inspector.weights.filters, index)
    # After the update it is what it was before and, because the gradient is negative, something more.
    assert tensors["gradient"][index] < 0
    before, step = terms_shown(conv)
    assert before["before"][1] == format_number(tensors["before"][index])
    assert step["gradient"][1] == format_number(tensors["gradient"][index])
    assert f"<b>+{format_number(grown)}</b>" in tab.terms.text()
    assert follow(conv, "gradient", term=1) and follow(conv, "d_weight")

    x, dy = tape_of(document).x, tape_of(document).records[20].tensors["dy"]
    windows = x[:, 0, index[2] : index[2] + dy.shape[2], index[3] : index[3] + dy.shape[3]].astype(np.float64)
    shares = (windows * dy[:, index[0]]).sum(axis=(1, 2))
    strongest = int(shares.argmin())
    assert shares.sum() == pytest.approx(value_at(conv), rel=1e-4)
    bring_into_view(tab.shares)
    QTest.mouseClick(tab.shares, LEFT, pos=tab.shares.bar_rect(strongest).center().toPoint())
    assert document.sample == strongest
    assert f"sample {strongest} adds {format_number(shares[strongest])}" in tab.shares.hover_text()
    assert same_array(conv.network_view.cards[0].shown_y, x[strongest])

    assert follow(conv, "x")
    place = document.questions.current
    assert place is not None
    products = np.abs(windows * dy[:, index[0]])
    sample, row, column = (int(axis) for axis in np.unravel_index(products.argmax(), products.shape))
    assert place.index == (sample, 0, row + index[2], column + index[3])
    assert follow(conv, "x") and says(tab, "The data: what the network is asked")
