"""The core against PyTorch: `python -m benchmarks.core [--quick] [--json]`.

Each side runs in a process of its own, so that neither's threads or memory disturb the other, and the two take turns
within every measurement, so that a machine that slows down slows both. The medians of several turns are compared.
Other programs that compute at the same time spoil the rows with several threads: run it on an idle machine.
"""

import argparse
import dataclasses
import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.networks import CASES, EVALUATION, GROWTH, Case, matrix_flops
from benchmarks.report import keep, machine

_HEADING = "## Core"
_MEMORY = next(case for case in CASES if case.batch == 128 and "conv" in case.network)
_REST = 0.05
"""Seconds for which the other side's threads are let finish: they go on looking for work for a moment."""

_PRESETS = (("mnist-dense", 0.95, 25), ("mnist-conv", 0.99, 200))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.core", description="Measure the core against PyTorch.")
    parser.add_argument("--quick", action="store_true", help="training steps only, under a minute")
    parser.add_argument("--json", action="store_true", help="print rows as JSON and write nothing")
    parser.add_argument("--serve", choices=("ours", "torch"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return _serve(arguments.serve)
    has_torch = importlib.util.find_spec("torch") is not None
    if not has_torch:
        print("PyTorch is not installed, so nothing is compared: pip install chainrule[bench].", file=sys.stderr)
    rows: list[dict[str, Any]] = []
    for threads in sorted({1, os.cpu_count() or 1}):
        with Side("ours", threads) as ours:
            if has_torch:
                with Side("torch", threads) as torch:
                    rows += _compare(ours, torch, threads, arguments.quick)
            else:
                rows += _compare(ours, None, threads, arguments.quick)
    if arguments.json:
        print(json.dumps(rows))
    elif arguments.quick:
        print(_comparison(rows))
    else:
        text = _report(rows)
        print(text)
        keep(_HEADING, text)
    return None


class Side:
    """A process that builds networks of one library and times them when asked."""

    def __init__(self, name: str, threads: int) -> None:
        limits = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        command = [sys.executable, "-m", "benchmarks.core", "--serve", name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **limits}
        )

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, **question: Any) -> Any:
        """Send a question and wait for the answer."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("A measuring process ended; its error stands above.")
        return json.loads(answer)

    def prepare(self, case: Case, **how: Any) -> None:
        """Build a network and warm it up."""
        self.ask(do="prepare", case=dataclasses.asdict(case), **how)

    def measure(self, seconds: float) -> float:
        """Microseconds a call, over about that many seconds."""
        return float(self.ask(do="measure", seconds=seconds))


def _compare(ours: Side, torch: Side | None, threads: int, quick: bool) -> list[dict[str, Any]]:
    turns, seconds = (5, 0.06) if quick else (11, 0.25)
    cases = [(case, "step") for case in CASES] + [(EVALUATION, "evaluation")] * (not quick)
    rows = []
    for case, what in cases:
        ours.prepare(case, what=what)
        times: dict[str, list[float]] = {"ours": [], "torch": [], "torch fused": []}
        if torch is not None:
            torch.prepare(case, what=what)
        for _ in range(turns):
            times["ours"].append(ours.measure(seconds))
            if torch is not None:
                times["torch"].append(torch.measure(seconds))
                if what == "step":
                    times["torch fused"].append(float(torch.ask(do="measure", seconds=seconds, fused=True)))
        medians = {name: round(statistics.median(values), 1) if values else None for name, values in times.items()}
        ratio = round(medians["torch"] / medians["ours"], 2) if medians["torch"] and medians["ours"] else None
        rows.append({
            "network": case.network,
            "batch": case.batch,
            "threads": threads,
            "ours_us": medians["ours"],
            "torch_us": medians["torch"],
            "torch_fused_us": medians["torch fused"],
            "ratio": ratio,
        })  # fmt: skip
    return rows


def _serve(name: str) -> None:
    """Answer the questions that come in on standard input."""
    side = importlib.import_module("benchmarks.ours" if name == "ours" else "benchmarks.pytorch")
    calls: dict[bool, Callable[[], Any]] = {}
    for line in sys.stdin:
        question = json.loads(line)
        answer: Any = None
        match question["do"]:
            case "prepare":
                case_ = Case(**{**question["case"], "layers": tuple(question["case"]["layers"])})
                calls = {False: getattr(side, question["what"])(case_)}
                if name == "torch" and question["what"] == "step":
                    calls[True] = side.step(case_, fused=True)
                for call in calls.values():
                    _time(call, 0.1)
            case "measure":
                answer = _time(calls[question.get("fused", False)], question["seconds"])
            case "call":
                arguments = question["arguments"]
                if "case" in arguments:
                    arguments["case"] = Case(**{**arguments["case"], "layers": tuple(arguments["case"]["layers"])})
                answer = getattr(side, question["function"])(**arguments)
        print(json.dumps(answer), flush=True)


def _time(call: Callable[[], Any], seconds: float) -> float:
    """Microseconds a call: the median, so that neither an interruption nor the short last batch of an epoch counts."""
    time.sleep(_REST)
    call()
    spent: list[float] = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e6


def _report(rows: list[dict[str, Any]]) -> str:
    """All tables of the section in `results.md`."""
    parts = [
        f"{_HEADING}\n\nMeasured on {machine()}, by `python -m benchmarks.core`.",
        _comparison(rows),
        _growth(),
        _training(),
    ]
    return "\n\n".join(parts)


def _comparison(rows: list[dict[str, Any]]) -> str:
    goals = {(case.network, case.batch): case.goal for case in (*CASES, EVALUATION)}
    lines = [
        "Microseconds a training step (or an evaluation), Adam, float32; ratio: PyTorch's time divided by ours.\n",
        "| network | batch | threads | Chainrule | PyTorch | PyTorch, fused Adam | ratio | goal |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        values = (
            row[name] for name in ("network", "batch", "threads", "ours_us", "torch_us", "torch_fused_us", "ratio")
        )
        cells = ["–" if value is None else f"{value:.0f}" if isinstance(value, float) and value > 100 else str(value)
                 for value in values]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} | {goals[row['network'], row['batch']]} |")
    return "\n".join(lines)


def _growth() -> str:
    """How the time of a step follows the arithmetic it takes."""
    lines = [
        "Growth with batch and width: the share is that of this machine's matrix-product speed which the step reaches, "
        "counting only the arithmetic of its matrix products.\n",
        "| network | batch | threads | µs a step | GFLOP/s | share of peak |",
        "|---|---|---|---|---|---|",
    ]
    for threads in sorted({1, os.cpu_count() or 1}):
        with Side("ours", threads) as ours:
            peak = float(ours.ask(do="call", function="matrix_peak", arguments={}))
            for case in GROWTH:
                ours.prepare(case, what="step")
                spent = statistics.median(ours.measure(0.2) for _ in range(5))
                speed = matrix_flops(case.layers, (1, 28, 28), case.batch) / spent * 1e6
                measured = f"{spent:.0f} | {speed / 1e9:.1f} | {speed / peak:.0%}"
                lines.append(f"| {case.network} | {case.batch} | {threads} | {measured} |")
            lines.append(f"| matrix product 1536×1536 | – | {threads} | – | {peak / 1e9:.1f} | 100% |")
    return "\n".join(lines)


def _training() -> str:
    """Time to an accuracy, and memory."""
    threads = os.cpu_count() or 1
    lines = [f"Training on MNIST with the program's presets, {threads} threads (time of training alone):\n"]
    lines += ["| preset | test accuracy | seconds | steps |", "|---|---|---|---|"]
    for preset, goal, every in _PRESETS:
        with Side("ours", threads) as ours:
            arguments = {"preset": preset, "goal": goal, "every": every}
            result = ours.ask(do="call", function="seconds_to_accuracy", arguments=arguments)
        lines.append(f"| {preset} | {result['accuracy']:.2%} | {result['seconds']:.2f} | {result['steps']} |")
    with Side("ours", threads) as ours:
        arguments = {"case": dataclasses.asdict(_MEMORY)}
        memory = ours.ask(do="call", function="epoch_memory", arguments=arguments)
    lines.append(
        f"\nPeak memory of a process that loads MNIST, trains {_MEMORY.network} for an epoch (batch {_MEMORY.batch}) "
        f"and evaluates it: {memory['peak']:.0f} MB, of which {memory['data']:.0f} MB are data."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
