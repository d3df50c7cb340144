"""Coverage-guided fuzzing of one format: the whole ingest loop on mutated recordings, the kernels as plain Python.

    make guided FORMAT=perfdata SECONDS=600

What crashes, takes more than ten seconds or a gigabyte at once is a finding (the search itself grows with time); its
input is left in `.cache/guided/FORMAT`. Without the compiler every index is checked, so that a read beyond a buffer is
found.
"""

from __future__ import annotations

import os
import pkgutil
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"

import atheris

with atheris.instrument_imports(include=["gstrace.importers"]):
    import gstrace.importers

    # Formats import their parts when first used: too late to be seen.
    for part in pkgutil.walk_packages(gstrace.importers.__path__, "gstrace.importers."):
        import_module(part.name)

from importers.damage import samples

from gstrace.errors import GstraceError
from gstrace.importers.registry import FORMATS
from gstrace.importers.stream import Stream

LONGEST = 1 << 16
ROOT = Path(__file__).resolve().parents[2]


def one_input(data: bytes, module: str) -> None:
    """An answer or a refusal."""
    with suppress(GstraceError):
        reader = import_module(module).open(BytesIO(data), "fuzzed", None)
        for _ in Stream(reader).rows():
            pass


def seeds(name: str, folder: Path) -> None:
    """Where the search begins: the start of the format's sample, and the small recordings that its tests build."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [samples()[name][:size] for size in (1024, 8192, LONGEST)]
    found += import_module(f"importers.{name}.seeds").SEEDS
    for number, seed in enumerate(found):
        (folder / f"seed-{number}").write_bytes(seed)


def main() -> None:
    name, seconds = sys.argv[1], int(sys.argv[2])
    module = next(f.module for f in FORMATS if f.name == name)
    folder = ROOT / ".cache" / "guided" / name
    seeds(name, folder / "corpus")
    warnings.simplefilter("ignore", RuntimeWarning)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        "-timeout=10",
        "-rss_limit_mb=8192",
        "-malloc_limit_mb=1024",
    ]
    atheris.Setup(
        [sys.argv[0], *options, f"-artifact_prefix={folder}/", str(folder / "corpus")], lambda d: one_input(d, module)
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
