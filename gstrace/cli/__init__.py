"""The command line: one module per command, each thin over `gstrace.api`. `main` is what `gstrace` runs."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command that the arguments ask for, and end with its status."""
    from gstrace.cli.run import run

    # The matrices here are small: a second thread of BLAS only spins, and tripled the CPU time of `by-process`.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    run()
