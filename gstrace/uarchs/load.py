"""Which microarchitectures there are, by name, by file and by the CPU that a recording came from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gstrace.errors import UsageError, nearest
from gstrace.uarchs import parse

if TYPE_CHECKING:
    from gstrace.events.capture import Capture
    from gstrace.uarchs.uarch import Uarch

GENERIC: Final = "generic"
"""The microarchitecture for a CPU that is in no list."""

_FOLDER: Final = Path(__file__).parent


@cache
def names() -> tuple[str, ...]:
    """Names of all microarchitectures, sorted, `generic` last."""
    found = sorted(path.stem for path in _FOLDER.glob("*.toml"))
    return (*(name for name in found if name != GENERIC), GENERIC)


def load(name_or_path: str | Path) -> Uarch:
    """A microarchitecture by name, or read from a TOML file (a path, or a text that ends in `.toml` or has a `/`).

    Raises UsageError: no such name (offers the nearest), no such file, or a file that does not hold (says where).
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text:
        return _read(Path(text))
    if text not in names():
        raise nearest(text, list(names()), what="microarchitecture")
    return _bundled(text)


def select(patterns: Iterable[str]) -> tuple[Uarch, ...]:
    """Microarchitectures by names, globs (`zen*`), `all` or files; each once, in the order asked for.

    Raises UsageError as `load`, and for a glob that fits none.
    """
    chosen: dict[str, Uarch] = {}
    for pattern in patterns:
        for name in _expand(pattern):
            chosen.setdefault(name, load(name))
    by_id: dict[str, str] = {}
    for name, uarch in chosen.items():
        if (other := by_id.setdefault(uarch.id, name)) != name:
            raise UsageError(f"{other} and {name} both have the id {uarch.id}", hint="a copy needs an id of its own")
    return tuple(chosen.values())


def match(capture: Capture) -> tuple[Uarch, str]:
    """The microarchitecture of the recorded CPU, and why: by CPUID, else `generic` with a sentence."""
    vendor = capture.text("cpu_vendor")
    family, model, stepping = (_number(capture, f"cpu_{part}") for part in ("family", "model", "stepping"))
    if not vendor or family is None or model is None:
        return load(GENERIC), "the recording does not say which CPU it came from"
    seen = f"CPUID {vendor} {family:X}/{model:02X}" + ("" if stepping is None else f" stepping {stepping}")
    found = [
        uarch
        for uarch in map(load, names())
        if any(entry.matches(vendor, family, model, stepping) for entry in uarch.match)
    ]
    if not found:
        return load(GENERIC), f"{seen} is in no microarchitecture's list (a hypervisor may show another model)"
    if len(found) > 1:
        return load(GENERIC), f"{seen} may be {' or '.join(uarch.name for uarch in found)}"
    guest = "hypervisor" in (capture.words("cpu_flags") or ())
    doubt = "; it ran under a hypervisor, which may show another model" if guest else ""
    return found[0], f"{seen} is {found[0].name}{doubt}"


def _expand(pattern: str) -> Iterable[str]:
    if pattern == "all":
        return names()
    if pattern.endswith(".toml") or "/" in pattern or not set(pattern) & set("*?["):
        return (pattern,)
    found = [name for name in names() if fnmatchcase(name, pattern)]
    if not found:
        raise nearest(pattern, list(names()), what="microarchitecture")
    return found


@cache
def _bundled(name: str) -> Uarch:
    return _read(_FOLDER / f"{name}.toml")


def _read(path: Path) -> Uarch:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="`gstrace uarchs` lists the names") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from error
    return parse.uarch(data, str(path))


def _number(capture: Capture, name: str) -> int | None:
    try:
        return int(capture.text(name))
    except ValueError:
        return None
