"""The download of MNIST against a server that behaves well or badly, and the search for its folder."""

import gzip
import hashlib
import itertools
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import platformdirs
import pytest

from app import mnist_files
from app.mnist_files import DownloadCancelled, download_mnist, find_mnist
from core.datasets.mnist import MNIST_FILES, Mnist, MnistFile
from core.types import DataError
from tests.data_server import Answer, DataServer

CONTENTS = {name: name.encode() * 4_000 for name in (file.name for file in MNIST_FILES)}
PACKED = {name: gzip.compress(content, compresslevel=0) for name, content in CONTENTS.items()}
FILES = tuple(
    MnistFile(name, len(content), hashlib.sha256(content).hexdigest(), len(PACKED[name]))
    for name, content in CONTENTS.items()
)
FIRST = FILES[0].name

SILENCE = 1.0
"""Seconds after which a server counts as silent where one is; the others have to answer in them."""

PATIENCE = 60.0
"""Seconds where none is."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def never() -> bool:
    return False


def ignore(_done: int, _total: int) -> None:
    pass


def mirror(folder: str, packed: dict[str, bytes] = PACKED) -> dict[str, Answer]:
    return {f"/{folder}/{name}.gz": Answer(body) for name, body in packed.items()}


def fetch(
    mirrors: Sequence[str],
    folder: Path,
    progress: Callable[[int, int], None] = ignore,
    cancelled: Callable[[], bool] = never,
    timeout: float = PATIENCE,
) -> Path:
    return download_mnist(progress, cancelled, mirrors, files=FILES, folder=folder, timeout=timeout)


def patience(answer: Answer) -> float:
    """Seconds to wait for a server: only one that falls silent is not given all the time it wants."""
    return SILENCE if answer.stall else PATIENCE


def assert_complete(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.gz" for name in CONTENTS)
    for name, content in CONTENTS.items():
        assert gzip.decompress((folder / f"{name}.gz").read_bytes()) == content


def test_download_stores_the_files_and_reports_every_step(tmp_path: Path) -> None:
    reports: list[tuple[int, int]] = []
    with DataServer(mirror("good")) as server:
        folder = fetch([server.url("good")], tmp_path / "new" / "mnist", lambda *report: reports.append(report))
    assert folder == tmp_path / "new" / "mnist"
    assert_complete(folder)
    done = [report[0] for report in reports]
    assert done == sorted(done)
    assert {report[1] for report in reports} == {sum(len(body) for body in PACKED.values())}
    assert done[0] == 0
    assert done[-1] == reports[-1][1]
    assert len(set(done)) > 2 * len(FILES), "progress within a file, not only between files"


def test_files_packed_differently_or_not_at_all_are_accepted(tmp_path: Path) -> None:
    other = {name: gzip.compress(content, compresslevel=9) for name, content in CONTENTS.items()}
    other[FIRST] = CONTENTS[FIRST]
    reports: list[tuple[int, int]] = []
    with DataServer(mirror("good", other)) as server:
        fetch([server.url("good")], tmp_path, lambda *report: reports.append(report))
    assert (tmp_path / f"{FIRST}.gz").read_bytes() == CONTENTS[FIRST]
    assert reports[-1][0] == reports[-1][1]


def test_length_not_told_is_no_obstacle(tmp_path: Path) -> None:
    smaller = {name: gzip.compress(content, compresslevel=9) for name, content in CONTENTS.items()}
    answers = {path: Answer(answer.body, tell_length=False) for path, answer in mirror("good", smaller).items()}
    reports: list[tuple[int, int]] = []
    with DataServer(answers) as server:
        fetch([server.url("good")], tmp_path, lambda *report: reports.append(report))
    assert_complete(tmp_path)
    assert reports[-1][0] == reports[-1][1]


def test_progress_is_even_when_a_mirror_packs_otherwise_than_expected(tmp_path: Path) -> None:
    done: list[int] = []
    expected = tuple(file._replace(packed_bytes=1_000_000) for file in FILES)
    with DataServer(mirror("good")) as server:
        download_mnist(lambda now, _: done.append(now), never, [server.url("good")], files=expected, folder=tmp_path)
    steps = [after - before for before, after in itertools.pairwise(done)]
    assert max(steps) <= 1_000_000 * mnist_files.CHUNK_BYTES / min(len(body) for body in PACKED.values()) + 1


BODY = PACKED[FIRST]
BAD_ANSWERS = {
    "404": (Answer(b"not here", status=404), "404"),
    "503": (Answer(b"later", status=503), "503"),
    "breaks off": (Answer(BODY, stop_after=len(BODY) // 2), "broke off"),
    "breaks off, length not told": (Answer(BODY, stop_after=len(BODY) // 2, tell_length=False), "not that of MNIST"),
    "web page": (Answer(b"<html><body>Please log in</body></html>"), "not that of MNIST"),
    "another file": (Answer(gzip.compress(CONTENTS[FIRST][::-1])), "not that of MNIST"),
    "damaged": (Answer(BODY[:40] + b"\xff" + BODY[41:]), "not that of MNIST"),
    "longer": (Answer(gzip.compress(CONTENTS[FIRST] + b"\0")), "not that of MNIST"),
    "empty": (Answer(b""), "not that of MNIST"),
    "silent": (Answer(BODY, stop_after=0, stall=True), "silent"),
    "falls silent": (Answer(BODY, stop_after=len(BODY) // 2, stall=True), "silent"),
    "never ends": (Answer(bytes(3 * 2**20)), "more than"),
}


@pytest.mark.parametrize("bad", [answer for answer, _ in BAD_ANSWERS.values()], ids=list(BAD_ANSWERS))
def test_second_mirror_helps_when_the_first_fails(bad: Answer, tmp_path: Path) -> None:
    answers = {**mirror("bad"), **mirror("good"), f"/bad/{FIRST}.gz": bad}
    reports: list[tuple[int, int]] = []
    with DataServer(answers) as server:
        mirrors = [server.url("bad"), server.url("good")]
        fetch(mirrors, tmp_path, lambda *report: reports.append(report), timeout=patience(bad))
        assert server.requests[:2] == [f"/bad/{FIRST}.gz", f"/good/{FIRST}.gz"]
        assert all(path.startswith("/good/") for path in server.requests[2:]), "a mirror that failed is not asked first"
    assert_complete(tmp_path)
    done = [report[0] for report in reports]
    assert done == sorted(done)
    assert done[-1] == reports[-1][1]


@pytest.mark.parametrize(("bad", "reason"), BAD_ANSWERS.values(), ids=list(BAD_ANSWERS))
def test_error_names_every_mirror_and_the_reason(bad: Answer, reason: str, tmp_path: Path) -> None:
    with DataServer({f"/one/{FIRST}.gz": bad}) as server, pytest.raises(DataError) as caught:
        fetch([server.url("one"), server.url("two")], tmp_path, timeout=patience(bad))
    text = str(caught.value)
    assert f"/one/{FIRST}.gz" in text
    assert reason in text.split(";", maxsplit=1)[0]
    assert f"/two/{FIRST}.gz" in text
    assert "404" in text.split(";")[1]
    assert "open a folder with the files instead" in text
    assert str(tmp_path) not in text
    assert list(tmp_path.iterdir()) == []


def test_the_first_mirror_is_tried_again_where_the_second_lacks_a_file(tmp_path: Path) -> None:
    answers = {**mirror("one"), **mirror("two")}
    del answers[f"/one/{FIRST}.gz"], answers[f"/two/{FILES[2].name}.gz"]
    with DataServer(answers) as server:
        fetch([server.url("one"), server.url("two")], tmp_path)
    assert_complete(tmp_path)


def test_unreachable_server(tmp_path: Path) -> None:
    # A port that nobody listens at, and that nobody else can get meanwhile.
    with socket.socket() as taken, pytest.raises(DataError, match="no connection"):
        taken.bind(("127.0.0.1", 0))
        fetch([f"http://127.0.0.1:{taken.getsockname()[1]}/gone/"], tmp_path)


@pytest.mark.parametrize("last_file", [False, True], ids=["in the first file", "in the last file"])
def test_cancel_in_the_middle_leaves_nothing_behind(last_file: bool, tmp_path: Path) -> None:
    older = tmp_path / f"{FIRST}.gz"
    older.write_bytes(b"what was there before")
    name = FILES[-1 if last_file else 0].name
    answers = mirror("slow")
    answers[f"/slow/{name}.gz"] = Answer(PACKED[name], stop_after=40_000, stall=True)
    pressed = threading.Event()
    before = sum(file.packed_bytes for file in FILES[:-1]) if last_file else 0

    def press(done: int, _total: int) -> None:
        if done > before:
            pressed.set()

    with DataServer(answers) as server, pytest.raises(DownloadCancelled):
        fetch([server.url("slow"), server.url("other")], tmp_path, press, pressed.is_set)
    assert [path.name for path in tmp_path.iterdir()] == [older.name]
    assert older.read_bytes() == b"what was there before"


def test_cancel_while_the_server_is_silent_is_no_failure_of_the_mirror(tmp_path: Path) -> None:
    pressed = threading.Event()
    answers = {f"/slow/{FIRST}.gz": Answer(PACKED[FIRST], stop_after=20_000, stall=True)}

    def press(done: int, _total: int) -> None:
        if done > 0:
            pressed.set()

    # The button is pressed with the last piece that arrives; only silence follows, until the time is up.
    with DataServer(answers) as server, pytest.raises(DownloadCancelled):
        fetch([server.url("slow")], tmp_path, press, pressed.is_set, timeout=SILENCE)
    assert list(tmp_path.iterdir()) == []


def test_cancel_at_any_moment_leaves_nothing_behind(tmp_path: Path) -> None:
    asked = 0
    moment = 1_000_000

    def cancel_at_the_moment() -> bool:
        nonlocal asked
        asked += 1
        return asked >= moment

    with DataServer(mirror("good")) as server:
        fetch([server.url("good")], tmp_path / "whole", cancelled=cancel_at_the_moment)
        for next_moment in range(1, asked + 1):
            asked, moment = 0, next_moment
            with pytest.raises(DownloadCancelled):
                fetch([server.url("good")], tmp_path / "part", cancelled=cancel_at_the_moment)
            assert list((tmp_path / "part").iterdir()) == []
    assert moment > 2 * len(FILES)


def test_cancel_after_the_last_byte_leaves_nothing_behind(tmp_path: Path) -> None:
    reports: list[tuple[int, int]] = []
    with DataServer(mirror("good")) as server:
        fetch([server.url("good")], tmp_path / "whole", lambda *report: reports.append(report))
        last = len(reports)
        reports.clear()
        with pytest.raises(DownloadCancelled):
            fetch(
                [server.url("good")],
                tmp_path / "part",
                lambda *report: reports.append(report),
                lambda: len(reports) >= last,
            )
    assert list((tmp_path / "part").iterdir()) == []


def test_cancel_before_the_start_asks_no_server(tmp_path: Path) -> None:
    with DataServer(mirror("good")) as server:
        with pytest.raises(DownloadCancelled):
            fetch([server.url("good")], tmp_path, cancelled=lambda: True)
        assert server.requests == []


def test_damaged_files_are_replaced(tmp_path: Path) -> None:
    (tmp_path / f"{FIRST}.gz").write_bytes(b"damaged")
    with DataServer(mirror("good")) as server:
        fetch([server.url("good")], tmp_path)
    assert_complete(tmp_path)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with DataServer(mirror("good")) as server, pytest.raises(DataError, match=r"cannot be stored.*open a folder"):
        fetch([server.url("good")], tmp_path / "file" / "mnist")


def test_download_in_another_thread(tmp_path: Path) -> None:
    result: list[Path] = []
    with DataServer(mirror("good")) as server:
        thread = threading.Thread(target=lambda: result.append(fetch([server.url("good")], tmp_path)))
        thread.start()
        thread.join()
    assert result == [tmp_path]
    assert_complete(tmp_path)


def test_the_real_files_pass_the_real_checksums(tmp_path: Path, mnist_folder: Path) -> None:
    answers = {f"/mnist/{name}": Answer((mnist_folder / name).read_bytes()) for name in _packed_names()}
    with DataServer(answers) as server:
        folder = download_mnist(ignore, never, [server.url("mnist")], folder=tmp_path)
    assert Mnist().load(folder).x_test.shape == (10_000, 1, 28, 28)


def _packed_names() -> list[str]:
    return [f"{file.name}.gz" for file in MNIST_FILES]


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "own"
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name: folder / name)
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    return folder / "chainrule" / "mnist"


def fill(folder: Path, ending: str = ".gz") -> Path:
    folder.mkdir(parents=True)
    for file in MNIST_FILES:
        (folder / f"{file.name}{ending}").touch()
    return folder


def test_nothing_is_found_where_nothing_is(own_folder: Path) -> None:
    assert find_mnist() is None
    assert not own_folder.exists()


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_folder_of_the_environment_comes_first(
    ending: str, own_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(own_folder)
    assert find_mnist() == own_folder
    chosen = fill(tmp_path / "chosen", ending)
    monkeypatch.setenv("CHAINRULE_DATA", str(chosen))
    assert find_mnist() == chosen
    next(chosen.iterdir()).unlink()
    assert find_mnist() == own_folder, "an incomplete folder is passed over"


def test_without_a_folder_given_the_download_goes_to_the_programs_own(own_folder: Path) -> None:
    with DataServer(mirror("good")) as server:
        assert download_mnist(ignore, never, [server.url("good")], files=FILES) == own_folder
    assert find_mnist() == own_folder
