"""The file in which the figures are kept, a section for each benchmark, and the machine they were measured on."""

import os
import platform
from pathlib import Path

from threadpoolctl import threadpool_info

RESULTS = Path(__file__).with_name("results.md")


def machine() -> str:
    """The machine in words: "x86_64, 2 cores, AMD EPYC, Python 3.11.7, OpenBLAS with kernels for Haswell"."""
    cores, python = os.cpu_count(), platform.python_version()
    return f"{platform.machine()}, {cores} cores, {_processor()}, Python {python}{_kernels()}"


def _kernels() -> str:
    """For which processor NumPy's matrix products are written: AVX-512 is up to twice as fast as AVX2."""
    found = next((pool for pool in threadpool_info() if pool["internal_api"] == "openblas"), None)
    return f", OpenBLAS with kernels for {found['architecture']}" if found else ""


def keep(heading: str, text: str) -> None:
    """Put the section with that heading into `results.md`, in place of the one before."""
    kept = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Measurements\n"
    before, _, rest = kept.partition(heading)
    _, mark, after = rest.partition("\n## ")
    RESULTS.write_text(f"{before.rstrip()}\n\n{text}\n{mark}{after}", encoding="utf-8")


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "")
