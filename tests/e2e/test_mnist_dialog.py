"""Asking for MNIST where it is not on the computer: a folder, a download, and all that can go wrong."""

import gzip
import socket
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import app.window.opener
from app.dialogs.mnist import MnistDialog
from app.mnist_files import download_folder
from app.panels.data import DataPanel
from app.window.main_window import MainWindow
from core.datasets.base import Dataset
from core.datasets.digits import Digits
from core.datasets.mnist import MNIST_FILES
from tests.data_server import Answer, DataServer
from tests.e2e.hands import click, press, same_bits, says, wait_for_data

NAMES = [f"{file.name}.gz" for file in MNIST_FILES]
HTML = b"<html><body>Please log in to this network</body></html>"


@pytest.fixture(autouse=True)
def no_mnist_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A computer without MNIST, and a download folder of its own."""
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data home"))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(tmp_path / "data home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def ask(window: MainWindow, monkeypatch: pytest.MonkeyPatch, mirrors: Sequence[str] = ()) -> MnistDialog:
    """Click the MNIST tile; the dialog that comes up downloads from these mirrors."""
    monkeypatch.setattr(app.window.opener, "MnistDialog", lambda parent: MnistDialog(parent, mirrors))
    click(window.arrangement.panel(DataPanel).tiles["mnist"])
    dialog = window.opener.mnist_dialog
    assert dialog is not None and dialog.isVisible() and says(dialog, "70 000 pictures", "download", "12 MB")
    return dialog


def fails(window: MainWindow, dialog: MnistDialog, qtbot: QtBot, *parts: str) -> None:
    """Press Download and wait until the dialog says what went wrong; XOR stays open behind it."""
    weights = window.document.weights()
    click(dialog.download_button)  # a download that fails may be over at once; the slow one below shows its progress
    qtbot.waitUntil(dialog.error.isVisible)
    assert says(dialog, "MNIST could not be downloaded", *parts)
    assert dialog.download_button.isEnabled() and dialog.folder_button.isEnabled() and not dialog.bar.isVisible()
    folder = download_folder()
    assert not folder.exists() or list(folder.iterdir()) == []
    click(dialog.cancel_button)
    assert not dialog.isVisible()
    assert window.document.experiment.data["kind"] == "xor" and same_bits(window.document.weights(), weights)
    assert window.arrangement.panel(DataPanel).tiles["xor"].isChecked()
    press(window, "next_layer")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(b"gone", status=404), "answered 404"),
        (Answer(b"x" * 5000, stop_after=1000), "broke off"),
        (Answer(HTML), "not that of MNIST"),
        (Answer(gzip.compress(b"something else")), "not that of MNIST"),
        (Answer(b""), "not that of MNIST"),
    ],
    ids=["404", "broken off", "html", "other file", "empty"],
)
def test_a_download_that_fails_says_why(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, answer: Answer, words: str
) -> None:
    with DataServer({f"/mnist/{name}": answer for name in NAMES}) as server:
        dialog = ask(window, monkeypatch, [server.url("mnist")])
        fails(window, dialog, qtbot, words, NAMES[0])


def test_a_download_without_a_server_says_so(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    # A port that nobody listens at, and that nobody else can get meanwhile.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dialog = ask(window, monkeypatch, [f"http://127.0.0.1:{taken.getsockname()[1]}/mnist/"])
        fails(window, dialog, qtbot, "no connection")


def test_a_slow_download_is_cancelled_and_leaves_nothing(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Answer(b"x" * 2**20, stop_after=2**16, stall=True)
    with DataServer({f"/mnist/{name}": slow for name in NAMES}) as server:
        dialog = ask(window, monkeypatch, [server.url("mnist")])
        click(dialog.download_button)
        qtbot.waitUntil(lambda: dialog.bar.value() > 0)
        assert dialog.bar.isVisible() and not dialog.download_button.isEnabled()
        click(dialog.cancel_button)
        assert says(dialog, "Stopping")
        server.released.set()
        qtbot.waitUntil(lambda: window.opener.mnist_dialog is None)
    assert list(download_folder().iterdir()) == []
    assert window.document.experiment.data["kind"] == "xor"
    press(window, "next_layer")


def test_closing_the_window_during_a_download_ends_it(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Answer(b"x" * 2**20, stop_after=2**16, stall=True)
    with DataServer({f"/mnist/{name}": slow for name in NAMES}) as server:
        dialog = ask(window, monkeypatch, [server.url("mnist")])
        click(dialog.download_button)
        qtbot.waitUntil(lambda: dialog.bar.value() > 0)
        server.released.set()
        window.close()
        assert not window.isVisible()


def test_the_download_offers_to_be_repeated_and_then_works(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, mnist_folder: Path
) -> None:
    packed = {name: (mnist_folder / name).read_bytes() for name in NAMES}
    answers = {f"/mnist/{name}": Answer(b"busy", status=503) for name in NAMES}
    with DataServer(answers) as server:
        dialog = ask(window, monkeypatch, [server.url("mnist")])
        click(dialog.download_button)
        qtbot.waitUntil(dialog.error.isVisible)
        answers.update({f"/mnist/{name}": Answer(body) for name, body in packed.items()})
        wait_for_data(qtbot, window, lambda: click(dialog.download_button))
    assert len(window.document.data.x_train) == 60_000
    assert sorted(path.name for path in download_folder().iterdir()) == sorted(NAMES)


def test_escape_closes_the_question(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = ask(window, monkeypatch)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert window.arrangement.panel(DataPanel).tiles["xor"].isChecked()
    again = ask(window, monkeypatch)
    click(again.cancel_button)
    press(window, "next_layer")


def test_a_folder_without_the_files_is_refused_by_name(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dialog = ask(window, monkeypatch)
    for file in MNIST_FILES[:3]:
        (tmp_path / file.name).write_bytes(b"")
    dialog.take_folder(tmp_path)
    assert says(dialog, str(tmp_path), MNIST_FILES[3].name, "all four files")
    assert dialog.error.height() >= dialog.error.heightForWidth(dialog.error.width())
    assert dialog.message.height() >= dialog.message.heightForWidth(dialog.message.width())
    assert not says(dialog, f"lacks {MNIST_FILES[0].name}")
    dialog.take_folder(tmp_path / "nowhere")
    assert says(dialog, "nowhere", MNIST_FILES[0].name)
    click(dialog.cancel_button)
    press(window, "next_layer")


def idx(images: int, labels: int) -> dict[str, bytes]:
    pictures = struct.pack(">IIII", 0x803, images, 28, 28) + bytes(images * 784)
    return {
        MNIST_FILES[0].name: pictures,
        MNIST_FILES[1].name: struct.pack(">II", 0x801, labels) + bytes(labels),
        MNIST_FILES[2].name: pictures,
        MNIST_FILES[3].name: struct.pack(">II", 0x801, images) + bytes(images),
    }


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({}, "5"),
        ({MNIST_FILES[0].name: b"\x00\x00\x08\x03\x00\x00"}, MNIST_FILES[0].name),
        ({MNIST_FILES[0].name: b"PK\x03\x04 this is a zip file"}, MNIST_FILES[0].name),
        ({f"{MNIST_FILES[0].name}.gz": gzip.compress(bytes(9_000))[:20]}, MNIST_FILES[0].name),
    ],
    ids=["counts differ", "cut", "wrong magic", "broken gzip"],
)
def test_a_folder_with_damaged_files_is_refused_in_the_window(
    window: MainWindow,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    damage: dict[str, bytes],
    words: str,
) -> None:
    files = {**idx(6, 6 if damage else 5), **damage}
    for name in damage:
        if name.endswith(".gz"):
            del files[name.removesuffix(".gz")]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    dialog = ask(window, monkeypatch)
    press_weights = window.document.weights()
    with qtbot.waitSignal(window.opener.loader.failed):
        dialog.take_folder(tmp_path)
    assert window.banner.isVisible() and says(window.banner, words)
    assert window.document.experiment.data["kind"] == "xor" and same_bits(window.document.weights(), press_weights)
    assert window.arrangement.panel(DataPanel).tiles["xor"].isChecked()
    press(window, "next_layer")


def test_a_folder_with_the_files_is_taken(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, mnist_folder: Path
) -> None:
    dialog = ask(window, monkeypatch)
    wait_for_data(qtbot, window, lambda: dialog.take_folder(mnist_folder))
    assert window.document.experiment.data["kind"] == "mnist" and window.document.problem == ""
    press(window, "next_layer")


def test_data_that_was_asked_for_before_does_not_arrive_behind_the_dialog(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on, drawn = threading.Event(), Digits().load()

    def slowly(source: Digits, folder: Path | None = None) -> Dataset:
        may_go_on.wait()
        return drawn

    monkeypatch.setattr(Digits, "load", slowly)
    document, opener, arrived = window.document, window.opener, []
    opener.loader.loaded.connect(lambda *given: arrived.append(given))
    click(window.arrangement.panel(DataPanel).tiles["digits"])
    opener.open_preset("mnist-dense")
    assert opener.mnist_dialog is not None and opener.mnist_dialog.isVisible()
    with qtbot.waitSignal(opener.loader._answered):
        may_go_on.set()
    QApplication.processEvents()
    assert not arrived and document.experiment.data["kind"] == "xor" and not says(window, "Loading")
    click(opener.mnist_dialog.cancel_button)
