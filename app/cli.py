"""The command line: which of the program's ways in is meant, and a sentence for everything that makes no sense.

Qt is imported by the functions that need it, so that training without a window starts at once.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from app.document.presets import load_experiment, load_preset, preset_names
from app.version import VERSION
from core.experiment import EPOCHS, Experiment
from core.types import ChainruleError, OptionError

USAGE_ERROR = 2
INTERRUPTED = 130  # as a shell calls it
START_PRESET = "xor"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code: 0, or with a sentence on standard error 2, after Ctrl+C 130."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A console that has no × gets a ? instead of an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        if arguments[:1] == ["train"]:
            return _train(arguments[1:])
        return _window(arguments)
    except ChainruleError as error:
        print(f"chainrule: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("chainrule: Broken off.", file=sys.stderr)
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without repeating the usage."""

    def error(self, message: str) -> NoReturn:
        print(f"chainrule: {message[:1].upper()}{message[1:]}. See: {self.prog} --help", file=sys.stderr)
        sys.exit(USAGE_ERROR)


def _train(arguments: list[str]) -> int:
    parser = _Parser(prog="chainrule train", description="Train without a window.")
    parser.add_argument("experiment", metavar="PRESET|FILE", help=f"one of {', '.join(preset_names())}, or a file")
    parser.add_argument("--epochs", type=int, help="how often to go through the training data")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the trained weights to a .npz file")
    parser.add_argument("--threads", type=_threads, metavar="N", help="BLAS threads (default: all processors)")
    parser.add_argument("--download", action="store_true", help="download MNIST if it is not on this computer")
    chosen = parser.parse_args(arguments)
    experiment = _experiment(chosen.experiment)
    if chosen.epochs is not None:
        EPOCHS.check(chosen.epochs, "--epochs")
    from threadpoolctl import threadpool_limits

    from app.train_command import train

    threadpool_limits(chosen.threads)
    train(experiment, chosen.epochs or experiment.epochs, chosen.export, download=chosen.download)
    return 0


def _window(arguments: list[str]) -> int:
    parser = _Parser(
        prog="chainrule",
        description="A playground that shows how neural networks learn, one layer at a time.",
        epilog="chainrule train PRESET|FILE trains without a window; see chainrule train --help.",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="an experiment to open")
    parser.add_argument("--preset", metavar="NAME", help=f"open a preset: {', '.join(preset_names())}")
    parser.add_argument("--theme", choices=("light", "dark", "system"), default="system", help="colours of the window")
    parser.add_argument("--size", type=_size, default=(1600, 1000), metavar="WxH", help="size of the window")
    parser.add_argument("--screenshot", type=Path, metavar="PNG", help="write a picture of the window and end")
    parser.add_argument("--steps", type=int, default=0, metavar="N", help="tape steps before the picture is taken")
    parser.add_argument("--threads", type=_threads, metavar="N", help="BLAS threads; see the settings")
    parser.add_argument("--single-process", action="store_true", help="train in the window's own process")
    parser.add_argument("--version", action="version", version=f"Chainrule {VERSION}")
    chosen = parser.parse_args(arguments)
    if chosen.file is not None and chosen.preset is not None:
        parser.error("give a FILE or --preset, not both")
    if chosen.steps < 0:
        parser.error(f"--steps counts steps of the tape, so it cannot be {chosen.steps}")
    if chosen.preset is None:
        experiment = _experiment(START_PRESET if chosen.file is None else chosen.file)
    else:
        experiment = load_preset(chosen.preset)
    if chosen.screenshot:
        from app.window.screenshot import take_screenshot

        take_screenshot(chosen.screenshot, experiment, chosen.size, chosen.theme, chosen.steps)
        return 0
    if not has_display():
        print("There is no display here, so Chainrule shows off-screen what it would show in its window.")
        from app.demo import run_demo

        run_demo(experiment, Path.cwd())
        return 0
    from app.window.start import open_window

    return open_window(experiment, chosen.size, chosen.theme, chosen.threads, single_process=chosen.single_process)


def has_display() -> bool:
    """Whether a window can be shown: always, except on a Linux or BSD without X11 and Wayland."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of threads from 1 to 64")
    return int(text)


def _experiment(name: str) -> Experiment:
    """The preset of that name, or else the experiment in that file."""
    if name in preset_names():
        return load_preset(name)
    # Not Path.exists, which raises for a name too long or a folder that may not be read.
    if not os.path.exists(name):
        raise OptionError(f"There is no preset and no file {name!r}; the presets are {', '.join(preset_names())}.")
    return load_experiment(Path(name))


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and 400 <= int(width) <= 8000 and 300 <= int(height) <= 8000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1600x1000 (from 400x300 to 8000x8000)")
    return int(width), int(height)
