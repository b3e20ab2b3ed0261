"""The command line as people use it: what it trains and writes, and one sentence for whatever makes no sense."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from app import cli, train_command
from app.document.presets import load_preset, preset_names
from app.version import VERSION
from app.window import start
from core.export.npz import read_npz
from core.trainer import Trainer

ROOT = Path(cli.__file__).parent.parent
XOR = load_preset("xor").to_dict()


def call(*arguments: str) -> int:
    """The exit code of `chainrule` with these arguments."""
    try:
        return cli.main(arguments)
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        return ended.code


def in_process_of_its_own(*arguments: str, folder: Path = ROOT, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with the program on its path and no display."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **variables}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def write(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Any:
    """Call with bad arguments and return the one sentence."""

    def call_and_read(*arguments: str) -> str:
        assert call(*arguments) == cli.USAGE_ERROR
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("chainrule: ") and err.endswith("\n") and err.count("\n") == 1
        return err.removeprefix("chainrule: ").rstrip()

    return call_and_read


# What makes no sense


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--preset", "nix"], "There is no preset 'nix'; the presets are"),
        (["--preset", ""], "There is no preset ''; the presets are"),
        (["nix.json"], "There is no preset and no file 'nix.json'; the presets are"),
        ([""], "There is no preset and no file ''"),
        (["x" * 5000], "There is no preset and no file 'xxx"),
        (["xor", "--preset", "xor"], "Give a FILE or --preset, not both"),
        (["--size", "big"], "'big' is not a size such as 1600x1000"),
        (["--size", "1600"], "'1600' is not a size"),
        (["--size", "1600x"], "'1600x' is not a size"),
        (["--size", "-1600x1000"], "Argument --size: expected one argument"),
        (["--size", "10x10"], "from 400x300 to 8000x8000"),
        (["--size", "99999x99999"], "from 400x300 to 8000x8000"),
        (["--size", "²x³"], "'²x³' is not a size"),
        (["--threads", "²"], "'²' is not a number of threads from 1 to 64"),
        (["train", "xor", "--threads", "0"], "'0' is not a number of threads from 1 to 64"),
        (["--theme", "pink"], "invalid choice: 'pink'"),
        (["--steps", "-1"], "--steps counts steps of the tape, so it cannot be -1"),
        (["--steps", "many"], "invalid int value: 'many'"),
        (["--frobnicate"], "Unrecognized arguments: --frobnicate"),
        (["xor", "circles"], "Unrecognized arguments: circles"),
        (["train"], "The following arguments are required: PRESET|FILE"),
        (["train", "nix"], "There is no preset and no file 'nix'"),
        (["train", "xor", "--epochs", "0"], "epochs must be a whole number of at least 1"),
        (["train", "xor", "--epochs", "-1"], "epochs must be a whole number of at least 1"),
        (["train", "xor", "--epochs", "9" * 30], "epochs must be a whole number of at least 1"),
        (["train", "xor", "--epochs", "abc"], "invalid int value: 'abc'"),
        (["train", "xor", "--epochs", "1.5"], "invalid int value: '1.5'"),
        (["train", "xor", "--screenshot", "a.png"], "Unrecognized arguments: --screenshot a.png"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_a_bad_argument_gets_one_sentence(refused: Any, arguments: list[str], sentence: str) -> None:
    assert sentence in refused(*arguments)


@pytest.mark.parametrize("way", [[], ["train"]], ids=["window", "train"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("chainrule", "it is not JSON text"),
        ([], "This is not an experiment"),
        ({**XOR, "schema": 99}, "saved by a newer Chainrule"),
        ({**XOR, "layers": [{"kind": "convex"}]}, "'convex'"),
        ({**XOR, "layers": [{"kind": "dense", "units": 0}]}, "units must be a whole number of at least 1"),
        (" " * 2**21, "larger than 1.0 MB"),
    ],
    ids=["no JSON", "a list", "newer", "unknown layer", "no units", "huge"],
)
def test_a_bad_file_gets_one_sentence_with_its_name(
    tmp_path: Path, refused: Any, way: list[str], content: Any, sentence: str
) -> None:
    path = write(tmp_path / "experiment.json", content)
    said = refused(*way, path)
    assert path in said and sentence in said


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([{"kind": "conv2d", "filters": 2, "kernel_size": 3}], "Layer 1, Conv2D, needs"),
        ([{"kind": "dense", "units": 10**9}, {"kind": "dense", "units": 1}], "GB"),
        ([], "The network has no layers: add Dense."),
    ],
)
def test_layers_that_do_not_fit_cannot_be_trained(tmp_path: Path, refused: Any, layers: Any, sentence: str) -> None:
    assert sentence in refused("train", write(tmp_path / "experiment.json", {**XOR, "layers": layers}))


def test_a_training_that_goes_astray_ends_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wild = {**XOR, "loss": {"kind": "mse"}, "optimizer": {"kind": "sgd", "learning_rate": 1e6}}
    wild["layers"] = [{"kind": "dense", "units": 1}]
    export = tmp_path / "weights.npz"
    assert call("train", write(tmp_path / "wild.json", wild), "--export", str(export)) == cli.USAGE_ERROR
    out, err = capsys.readouterr()
    assert "not finite" in err.splitlines()[-1] and err.splitlines()[-1].startswith("chainrule: Step ")
    steps = int(out.split()[3])
    assert out == f"weights after step {steps} in {export}\n" and f"Step {steps + 1}: " in err
    assert all(np.isfinite(array).all() for array in read_npz(export).values())


def test_a_training_that_is_broken_off_keeps_what_it_learnt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def three_steps(trainer: Trainer, epochs: int) -> list[float]:
        for _ in range(3):
            trainer.train_step()
        raise KeyboardInterrupt  # Ctrl+C

    monkeypatch.setattr(train_command, "train_with_progress", three_steps)
    export = tmp_path / "weights.npz"
    assert call("train", "xor", "--export", str(export)) == cli.INTERRUPTED
    out, err = capsys.readouterr()
    assert out == f"weights after step 3 in {export}\n" and err == "chainrule: Broken off.\n"
    assert "0.weight" in read_npz(export)


@pytest.mark.parametrize("more", [(), ("--preset", "xor")])
def test_the_window_has_the_size_that_is_asked_for(monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]) -> None:
    asked: list[Any] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(start, "open_window", lambda *given, **_: asked.append(given))
    call("--size", "900x700", *more)
    assert asked[0][1] == (900, 700)


@pytest.mark.parametrize("name", [".", "missing/weights.npz"])
def test_an_export_that_cannot_be_written_is_refused_before_the_training(
    tmp_path: Path, refused: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def never(*_: object, **__: object) -> NoReturn:
        pytest.fail("It trained, or looked for data.")

    for step in ("train_with_progress", "load_data"):
        monkeypatch.setattr(train_command, step, never)
    said = refused("train", "xor", "--export", str(tmp_path / name))
    assert "cannot be written" in said and said.endswith("Choose another place.")


# MNIST that is not there or damaged


@pytest.mark.parametrize("way", [["train", "mnist-dense"], ["--preset", "mnist-dense", "--screenshot", "a.png"]])
def test_without_mnist_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Any, way: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    said = refused(*way)
    assert said.startswith("MNIST is not on this computer.")
    assert "chainrule train mnist-dense --download" in said and "CHAINRULE_DATA" in said
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "missing: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images"),
        (
            {"train-images-idx3-ubyte": b"\0\0\x08\x03" + bytes(11), "train-labels-idx1-ubyte": b"no IDX"},
            "missing: t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte",
        ),
        (dict.fromkeys(("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"), b""), "IDX"),
        (
            dict.fromkeys(
                ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"), b"\x1f\x8b"
            ),
            "The packed file",
        ),
    ],
    ids=["empty", "two files", "wrong content", "damaged gzip"],
)
def test_a_folder_that_does_not_hold_mnist_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Any, files: dict[str, bytes], sentence: str
) -> None:
    for name, content in files.items():
        (tmp_path / (name if name.endswith("ubyte") else f"{name}-ubyte")).write_bytes(content)
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    said = refused("train", "mnist-dense")
    assert str(tmp_path) in said and sentence in said


# What it does


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr() == (f"Chainrule {VERSION}\n", "")
    assert call("--help") == 0
    text = capsys.readouterr().out
    for word in ("--preset", "--screenshot", "--size", "--theme", "--steps", "--version", "chainrule train", "xor"):
        assert word in text
    assert call("train", "--help") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in (*preset_names(), "--epochs", "--export", "--download"))


def test_xor_is_learnt_and_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "weights.npz"
    assert call("train", "xor", "--export", str(path)) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"weights after step 2000 in {path}", "test accuracy 100.00 %"]
    assert "2000/2000" in err
    experiment = load_preset("xor")
    trainer = experiment.trainer(experiment.source().load())
    for _ in range(experiment.epochs * trainer.batches_per_epoch):
        trainer.train_step()
    found = read_npz(path)
    assert list(found) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert found["0.weight"].shape == (8, 2) and found["2.weight"].shape == (1, 8)
    for name, array in trainer.network.state_dict().items():
        assert found[name].tobytes() == array.tobytes()


def test_a_file_and_a_number_of_epochs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "mine.json", {**XOR, "loss": {"kind": "mse"}, "data": {"kind": "plane", "points": 100}})
    assert call("train", path, "--epochs", "3") == 0
    out, err = capsys.readouterr()
    assert out.startswith("test loss ") and out.count("\n") == 1
    assert "15/15" in err


def test_mnist_is_learnt_in_one_epoch(
    mnist_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAINRULE_DATA", str(mnist_folder))
    assert call("train", "mnist-dense", "--epochs", "1") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("test accuracy ") and last.endswith(" %")
    assert float(last.split()[2]) > 90


# As a process of its own


def test_the_command_line_and_training_need_no_qt() -> None:
    code = (
        "import sys, app.cli, app.__main__\n"
        "assert app.cli.main(['train', 'xor', '--epochs', '1']) == 0\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('PySide6', 'shiboken6', 'pyqtgraph')])"
    )
    done = in_process_of_its_own("-c", code)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "[]")


def test_the_exit_code_is_that_of_the_process() -> None:
    done = in_process_of_its_own("-m", "app", "--preset", "nix")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("chainrule: There is no preset 'nix'") and done.stderr.count("\n") == 1


def test_without_a_display_it_shows_off_screen_what_the_window_would_show(tmp_path: Path) -> None:
    # In ASCII, as some consoles are: × and − of the sentences must not end it.
    done = in_process_of_its_own("-m", "app", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "no display" in lines[0] and lines[1] == "test accuracy 100.00 %"
    assert len(lines) == 2 + 11 + 1 and "Dense forward" in lines[2] and "Update of the bias" in lines[-2]
    assert str(tmp_path / "chainrule-demo.png") in lines[-1] and str(tmp_path / "chainrule-demo.npz") in lines[-1]
    assert sorted(os.listdir(tmp_path)) == ["chainrule-demo.npz", "chainrule-demo.png"]
    assert (tmp_path / "chainrule-demo.png").read_bytes().startswith(b"\x89PNG")
    experiment = load_preset("xor")
    trainer = experiment.trainer(experiment.source().load())
    for _ in range(2000):
        trainer.train_step()
    for name, array in read_npz(tmp_path / "chainrule-demo.npz").items():
        assert array.tobytes() == trainer.network.state_dict()[name].tobytes()
