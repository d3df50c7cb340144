"""From a command's end to an exit status and a message on standard error (docs/contract.md, "Exit status")."""

from __future__ import annotations

import errno
import os
import signal
import sys
from types import FrameType
from typing import Any, Final, NoReturn

from gstrace.errors import GstraceError
from gstrace.units import clean

NAME: Final = "gstrace"
FAULT: Final = 70
"""EX_SOFTWARE: a fault of gstrace itself, which is no answer of any kind."""
UNWRITTEN: Final = 5
INTERRUPTED: Final = 130
TERMINATED: Final = 143
READER_GONE: Final = 141
SOON: Final = 0.01
"""Seconds."""


def run() -> NoReturn:
    """The whole of a process: never returns, never shows a traceback that was not asked for."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.unraisablehook = _not_ignored
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            # A thread's name that the locale cannot write must not cost the report.
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    status = _ended()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        status = _unwritten(error)
    if status == READER_GONE:
        _drop_output()
    sys.exit(status)


def _ended() -> int:
    """The command run to its end: its status."""
    from typer import Abort

    from gstrace.cli.app import run_app

    try:
        return run_app()
    except GstraceError as error:
        return say(error)
    except Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return _unwritten(error) if _is_output(error) else _fault(error)
    except SystemExit as end:
        # typer takes a closed pipe for an error of its own; 1 would mean that `check` found something.
        if isinstance(end.__context__, BrokenPipeError):
            return READER_GONE
        return end.code if isinstance(end.code, int) else 0
    except Exception as error:  # noqa: BLE001  (whatever it is, a user gets a sentence)
        return _fault(error)


def say(error: GstraceError) -> int:
    """An error's lines on standard error. → its status."""
    what, *rest = str(error).splitlines()
    for line in (f"{NAME}: {what}", *rest):
        print(clean(line), file=sys.stderr)
    return error.status


def _is_output(error: OSError) -> bool:
    return error.errno in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _unwritten(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    print(f"{NAME}: the output could not be written: {error.strerror or error}", file=sys.stderr)
    _drop_output()
    return UNWRITTEN


def _drop_output() -> None:
    # What Python still holds for a stream that takes nothing would be complained about when it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _fault(error: Exception) -> int:
    if {"--verbose", "-v"} & set(sys.argv) or os.environ.get("GSTRACE_VERBOSE", "") not in ("", "0"):
        import traceback

        traceback.print_exception(error)
    said = clean(f"{type(error).__name__}: {error}")
    print(f"{NAME}: a fault of gstrace itself: {said}", file=sys.stderr)
    print("hint: please report it with what --verbose prints", file=sys.stderr)
    return FAULT


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    # An exception, so that whatever is being written is cleared away.
    sys.exit(TERMINATED)


def _not_ignored(ignored: Any) -> None:
    """A signal that hit where Python was called from compiled code is lost there with its exception: raise it again."""
    if not isinstance(ignored.exc_value, (KeyboardInterrupt, SystemExit)):
        sys.__unraisablehook__(ignored)
        return
    again = ignored.exc_value

    def raise_again(_number: int, _frame: FrameType | None) -> NoReturn:
        raise again

    signal.signal(signal.SIGALRM, raise_again)
    signal.setitimer(signal.ITIMER_REAL, SOON)
