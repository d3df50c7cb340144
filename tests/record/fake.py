"""A tracefs of plain folders, and interruptions at any line."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

from importers.tracedat.build import ENTER, EXIT, PRINT, event, header_page, page

from gstrace import record

EVENTS = (ENTER, EXIT)
NAMES = tuple(one.name for one in EVENTS)
PAGES = {0: page(9, event(ENTER.raw(7, id=39))) + page(20, event(EXIT.raw(7, id=39))), 1: b""}
STATS = b"entries: 0\noverrun: 4\ncommit overrun: 0\nbytes: 0\ndropped events: 1\nread events: 2\n"
OPTIONS = ("event-fork", "copy_trace_marker")
_MKDIR, _RMDIR = Path.mkdir, Path.rmdir
_SOURCES = str(Path(record.__file__).parent)


def files(folder: Path) -> None:
    """What the kernel puts into the top level and into every new instance."""
    texts = {
        "tracing_on": "1\n",
        "trace_clock": "[local] global mono\n",
        "buffer_size_kb": "1410\n",
        "set_event_pid": "",
        "saved_cmdlines": "7 my program\n",
        "events/header_page": header_page().decode(),
        "events/header_event": "x",
        "events/ftrace/print/format": PRINT.format(),
        **{f"options/{name}": "0\n" for name in OPTIONS},
        **{f"per_cpu/cpu{cpu}/stats": STATS.decode() for cpu in PAGES},
    }
    for one in EVENTS:
        place = f"events/{one.name.replace(':', '/')}"
        texts |= {
            f"{place}/enable": "0\n",
            f"{place}/trigger": "# Available triggers:\n# traceon stacktrace\n",
            f"{place}/format": one.format(),
        }
    for name, text in texts.items():
        _MKDIR((folder / name).parent, parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for cpu, pages in PAGES.items():
        (folder / f"per_cpu/cpu{cpu}/trace_pipe_raw").write_bytes(pages)


def tracefs(root: Path, monkeypatch) -> Path:
    """A tree in which a folder made or removed under `instances` is one the kernel makes and removes."""
    files(root)
    (root / "instances").mkdir()

    def make(self, *args, **kwargs):
        _MKDIR(self, *args, **kwargs)
        if self.parent == root / "instances":
            files(self)

    def remove(self):
        if self.parent == root / "instances" and self.exists():
            shutil.rmtree(self)
        else:
            _RMDIR(self)

    monkeypatch.setattr(Path, "mkdir", make)
    monkeypatch.setattr(Path, "rmdir", remove)
    monkeypatch.setattr(record.wanted, "TRACEFS", (root,))
    return root


def state(root: Path) -> dict[str, object]:
    """Everything in a tree."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()} | {
        "instances": str(sorted(path.name for path in (root / "instances").iterdir()))
    }


class Lines:
    """Lines of the recorder's code run so far, this thread's only."""

    def __init__(self, last: int) -> None:
        self.run, self.last = 0, last

    def __call__(self, frame, what, _):
        if not frame.f_code.co_filename.startswith(_SOURCES):
            return None
        if what == "line":
            self.run += 1
            if self.run == self.last:
                raise KeyboardInterrupt
        return self


@contextmanager
def interrupted(line: int):
    """Ctrl-C before so many lines of the recorder have run; 0 for never. Gives a counter."""
    before = sys.gettrace()
    lines = Lines(line)
    sys.settrace(lines)
    try:
        yield lines
    finally:
        sys.settrace(before)
