"""The window under load: `python -m benchmarks.window [--quick] [--json]`.

Every preset is measured in a process of its own, with the whole window and its first panels, on no screen. Training
without a window, which the throughput is compared with, runs in another process, and the two take turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.report import keep, machine

PRESETS = ("xor", "mnist-dense", "mnist-conv")
_HEADING = "## The window"
_STARTS = 3
_PACE = {"plot": 7.5, "boxes": 7.2}  # milliseconds on the machine by whose figures the goals were set

GOALS = {
    "throughput": ("training throughput with the window ÷ `chainrule train`", "", 0.95, "least"),
    "throughput_cpu": ("the same by seconds of processor time, whatever else the machine does", "", None, ""),
    "gap_p95": ("frame gap while training, p95", "ms", 20, "most"),
    "gap_p99": ("frame gap while training, p99", "ms", 33, "most"),
    "gap_max": ("frame gap while training, max", "ms", 100, "most"),
    "busy_gap_p95": ("frame gap while resizing, hovering and switching tabs, p95", "ms", 33, "most"),
    "pause": ("Pause pressed → paused and shown, median", "ms", 100, "most"),
    "pause_max": ("Pause pressed → paused and shown, slowest", "ms", None, ""),
    "first_frame": ("Run pressed → first new frame, median", "ms", 150, "most"),
    "first_frame_max": ("Run pressed → first new frame, slowest", "ms", None, ""),
    "record": ("a batch recorded as a tape, median", "ms", 60, "most"),
    "cursor": ("cursor moved by one record → painted, median", "ms", 16, "most"),
    "cursor_max": ("cursor moved by one record → painted, slowest", "ms", None, ""),
    "jump": ("jump anywhere on the tape → painted, median", "ms", 33, "most"),
    "jump_max": ("jump anywhere on the tape → painted, slowest", "ms", None, ""),
    "memory": ("growth of the window's memory", "MB", 20, "most"),
    "curves": ("drawing a frame of curves with 1 000 000 steps, median", "ms", 5, "most"),
    "start": ("process start → usable window, warm, median", "ms", 1200, "most"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.window", description="Measure the window under load.")
    parser.add_argument("--quick", action="store_true", help="short measurements, about four minutes in all")
    parser.add_argument("--json", action="store_true", help="print rows as JSON and write nothing")
    parser.add_argument("--preset", action="append", choices=PRESETS, help="measure this one only; may be repeated")
    parser.add_argument("--probe", metavar="PRESET", help=argparse.SUPPRESS)
    parser.add_argument("--train", metavar="PRESET", help=argparse.SUPPRESS)
    parser.add_argument("--start", metavar="TIME", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--pace", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.probe or arguments.train or arguments.start or arguments.pace:
        import app.cli  # noqa: F401, PLC0415  as the program: PySide6 reads the source of all that is imported after it
        from benchmarks import pace, window_probe  # noqa: PLC0415  which load Qt

        if arguments.train:
            window_probe.serve_training(arguments.train)
        elif arguments.start:
            window_probe.start(arguments.start)
        elif arguments.pace:
            print(json.dumps(pace.pace()))
        else:
            print(json.dumps(window_probe.probe(arguments.probe, quick=arguments.quick)))
        return
    rows = [_measure(preset, arguments.quick) for preset in arguments.preset or PRESETS]
    rows.append({"preset": "", "start": _start(), "pace": _pace()})
    if arguments.json:
        print(json.dumps(rows))
        return
    text = _report(rows, arguments.quick)
    print(text)
    keep(_HEADING, text)


def own_process(*arguments: str, **streams: Any) -> "subprocess.Popen[str]":
    """This program once more, for a part of the measurements."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # who starts the program twice has its bytecode
    command = [sys.executable, "-m", "benchmarks.window", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, **streams)


def _measure(preset: str, quick: bool) -> dict[str, Any]:
    print(f"measuring {preset} …", file=sys.stderr)
    with own_process("--probe", preset, *(["--quick"] if quick else [])) as process:
        answer = process.communicate()[0]
    if process.returncode:
        return {"preset": preset, "skipped": "the measuring process failed; its error stands above"}
    result: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return {"preset": preset, **result}


def _start() -> float:
    """Milliseconds from the start of the process to the window, once everything has been read from the disk before."""
    times = []
    for _ in range(_STARTS + 1):
        with own_process("--start", repr(time.time())) as process:
            times.append(float(process.communicate()[0].split()[-1]))
    return statistics.median(times[1:])


def _pace() -> dict[str, float]:
    with own_process("--pace") as process:
        found: dict[str, float] = json.loads(process.communicate()[0].splitlines()[-1])
    return found


def _report(rows: list[dict[str, Any]], quick: bool) -> str:
    measured = [row for row in rows if "skipped" not in row]
    presets = [row["preset"] for row in measured if row["preset"]]
    lines = [
        f"{_HEADING}\n\nMeasured on {machine()}, by `python -m benchmarks.window{' --quick' if quick else ''}`, "
        f"off-screen, 1600×1000.",
    ]
    if quick:
        lines.append("\n**Preliminary**: short measurements, perhaps beside other work of the machine.")
    lines += [_machine_words(row["pace"]) for row in rows if "pace" in row]
    lines += [f"\n{row['preset']} was skipped: {row['skipped']}." for row in rows if "skipped" in row]
    lines += [_circumstances(row) for row in measured if row["preset"]]
    lines += [f"\n| what | goal | {' | '.join(presets)} |", f"|---|---|{'---|' * len(presets)}"]
    for name, (what, unit, goal, _) in GOALS.items():
        shown = "" if goal is None else f"{'≥' if name == 'throughput' else '≤'} {goal:g} {unit}".strip()
        if name == "start":
            value = next(row[name] for row in rows if name in row)
            cells = [_cell(value, name)] + [""] * (len(presets) - 1)
        else:
            cells = [_cell(row.get(name), name) for row in measured if row["preset"]]
        lines.append(f"| {what} | {shown} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _machine_words(pace: dict[str, float]) -> str:
    """What a millisecond is worth here."""
    return (
        f"\nHow fast this machine draws: an empty plot is made in {pace['plot']:.1f} ms ({_PACE['plot']} where the "
        f"goals were set), 64 small pictures are drawn in as many view boxes in {pace['boxes']:.1f} ms "
        f"({_PACE['boxes']})."
    )


def _circumstances(row: dict[str, Any]) -> str:
    """What the ratios of a preset come from."""
    return (
        f"\n{row['preset']}: {row['steps_window']:,.0f} steps/s in the window, evaluations included, and "
        f"{row['steps_plain']:,.0f} without it, {row['threads']} BLAS thread(s); the frame timer beats "
        f"{row['frames']:.0f} times a second; the window's process takes {row['window_busy']:.0%} of a processor; "
        f"memory from {row['memory_from']:.0f} s to {row['memory_to']:.0f} s, {row['memory_steps']:,} steps."
    )


def _cell(value: float | None, name: str) -> str:
    """A value, in bold where the goal is missed."""
    if value is None:
        return "–"
    _, unit, goal, side = GOALS[name]
    text = f"{value:.3f}" if not unit else f"{value:.1f}" if value < 100 else f"{value:.0f}"
    missed = goal is not None and (value < goal if side == "least" else value > goal)
    return f"**{text}**" if missed else text


if __name__ == "__main__":
    main()
