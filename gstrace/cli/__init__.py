"""The command line: one module per command, each thin over `gstrace.api`. `main` is what `gstrace` runs."""

from __future__ import annotations


def main() -> None:
    """Run the command that the arguments ask for, and end with its status."""
    from gstrace.cli.run import run

    run()
