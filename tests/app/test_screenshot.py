"""Pictures of the real window: of the size, in the colours and at the place on the tape that were asked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from app import cli
from app.document.document import Document
from app.theme import DARK, LIGHT, apply_theme
from app.window import screenshot
from app.window.main_window import MainWindow
from app.window.screenshot import open_unseen, save_picture
from core.types import DataError
from tests.app.documents import xor_document


@pytest.fixture(autouse=True)
def _light_again(qapp: QApplication) -> Iterator[None]:
    yield
    apply_theme(qapp, "light")


def shoot(path: Path, *arguments: str) -> QImage:
    """The picture that `chainrule --screenshot` writes."""
    assert cli.main(["--screenshot", str(path), *arguments]) == 0
    image = QImage(str(path))
    assert not image.isNull() and path.read_bytes().startswith(b"\x89PNG")
    return image


@pytest.mark.parametrize("size", [(1280, 800), (1600, 1000)])
def test_the_picture_has_the_size_that_was_asked_for(tmp_path: Path, size: tuple[int, int]) -> None:
    image = shoot(tmp_path / "a.png", "--size", f"{size[0]}x{size[1]}")
    assert (image.width(), image.height()) == size
    assert os.listdir(tmp_path) == ["a.png"]


def test_the_same_call_gives_the_same_picture_and_steps_another(tmp_path: Path) -> None:
    start, again, later = (
        shoot(tmp_path / f"{name}.png", "--preset", "xor", "--steps", steps)
        for name, steps in (("start", "0"), ("again", "0"), ("later", "5"))
    )
    assert start == again
    assert start != later
    assert shoot(tmp_path / "circles.png", "--preset", "circles") != start


def test_light_dark_and_system(tmp_path: Path) -> None:
    light, dark, system = (shoot(tmp_path / f"{theme}.png", "--theme", theme) for theme in ("light", "dark", "system"))
    for image, theme in ((light, LIGHT), (dark, DARK)):
        corner = image.pixelColor(image.width() - 2, 2)  # of the menu bar, where nothing is written
        assert corner in (QColor(theme.window), QColor(theme.panel))
    assert system == light


def test_a_stack_that_does_not_fit_is_a_picture_too(tmp_path: Path) -> None:
    document = xor_document()
    document.edit("remove everything", layers=())
    with open_unseen(document, (1280, 800), "light") as window:
        save_picture(window, tmp_path / "problem.png")
    assert not QImage(str(tmp_path / "problem.png")).isNull()


@pytest.mark.parametrize("name", [".", "missing/a.png"])
def test_a_picture_that_cannot_be_written_is_refused_before_the_window_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr(screenshot, "Document", lambda *_: pytest.fail("The window was made."))
    assert cli.main(["--screenshot", str(tmp_path / name)]) == cli.USAGE_ERROR
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("chainrule: ") and err.count("\n") == 1
    assert "cannot be written" in err and "Choose another place." in err
    assert os.listdir(tmp_path) == []


def test_a_picture_that_fails_while_it_is_written_leaves_no_window_and_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_text("old")
    opened: list[MainWindow] = []

    def remember(window: MainWindow, target: Path) -> None:
        opened.append(window)
        save_picture(window, target / "below a file.png")

    monkeypatch.setattr(screenshot, "save_picture", remember)
    with pytest.raises(DataError, match=r"^The picture cannot be written to .*: .+\. Choose another place\.$"):
        screenshot.take_screenshot(path, xor_document().experiment, (1280, 800), "light", 1)
    assert len(opened) == 1 and not shiboken6.isValid(opened[0])
    assert os.listdir(tmp_path) == ["a.png"] and path.read_text() == "old"


def test_the_window_is_that_of_the_document(tmp_path: Path) -> None:
    document = xor_document()
    with open_unseen(document, (1280, 800), "light") as window:
        assert isinstance(window.document, Document) and window.document is document and window.isVisible()
        before = window.grab().toImage()
        document.next_batch()
        save_picture(window, tmp_path / "a.png")
    assert QImage(str(tmp_path / "a.png")) != before
