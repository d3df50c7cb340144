"""Drawn timelines: a recording as lines of text, and what the replay makes of it in words.

0 a sys_enter 39          CPU, thread, event, payload; one line an event, 1 µs apart
0 a switch b              threads are letters; `idle` is tid 0, `stranger` a number that no thread has
0 a sys_exit +500         500 µs more until the next one
0 a fork b flags=settls   0 a arch_prctl SET_GS 0x1000     0 a irq entry user     – - loss 5
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from oracle.stream import rows

from gstrace.replay.engine import Replay
from gstrace.replay.options import DEFAULT, Options
from gstrace.replay.situations import Event, decode

CODES = {"SET_GS": 0x1001, "SET_FS": 0x1002, "GET_FS": 0x1003, "GET_GS": 0x1004}
FLAGS = {"none": 0, "thread": 0x10000, "settls": 0x80000 | 0x10000, "unknown": None}


def tid(name: str) -> int:
    """a → 10, b → 11, …; A → 110, …; idle → 0."""
    return {"idle": 0, "kthreadd": 2, "stranger": -1}.get(name) or (0 if name == "idle" else ord(name) - 87)


def _number(text: str) -> int | None:
    return None if text == "?" else int(text, 0)


def event(line: str, number: int) -> dict[str, Any]:
    """One line as the plain replay's event."""
    cpu, who, kind, *words = line.split()
    named = dict(w.split("=", 1) for w in words if "=" in w)
    plain = [w for w in words if "=" not in w]
    e: dict[str, Any] = {"kind": kind, "cpu": -1 if cpu == "-" else int(cpu), "tid": -1 if who == "-" else tid(who)}
    e["ts"] = 1_000_000 + number * 1000
    match kind:
        case "sys_enter":
            e |= {"nr": int(plain[0]) if plain else 39}
        case "sys_exit":
            e |= {"nr": int(plain[0]) if plain else 39, "ret": _number(plain[1]) if len(plain) > 1 else 0}
        case "arch_prctl":
            e |= {
                "code": CODES[plain[0]],
                "value": _number(plain[1]),
                "ret": _number(plain[2]) if len(plain) > 2 else 0,
            }
        case "switch":
            e |= {"next": tid(plain[0]), "gone": "gone" in plain, "traced": "traced" in plain}
        case "fault":
            e |= {"kind": "exception", "user": plain[0] == "user"}
        case "irq":
            e |= {"phase": plain[0], "origin": plain[1] if len(plain) > 1 else "unknown"}
            if "line" in named:
                e["line"] = tuple(int(n) for n in named["line"].split("/"))
        case "nmi":
            e |= {"handler": int(plain[0]), "origin": plain[1] if len(plain) > 1 else "unknown"}
        case "signal":
            e |= {
                "sig": int(plain[0]),
                "code": int(plain[1]),
                "default": None if "unknown" in plain else "default" in plain,
            }
        case "found" | "fork" | "exec" | "exit" | "rename":
            e |= {"kind": "task", "what": kind, "subject": tid(plain[0]) if plain else e["tid"]}
            e |= {"flags": FLAGS[named.get("flags", "none")], "pid": tid(named["pid"]) if "pid" in named else 0}
            e |= {"kernel": {"kernel": True, "user": False, "name": "name"}.get(named.get("is", "")), "old": None}
            if "old" in named:
                e["old"] = tid(named["old"])
        case "loss":
            e |= {"loss": plain[1] if len(plain) > 1 else "lost", "count": _number(plain[0])}
    return e


def replay(text: str, options: Options = DEFAULT) -> Replay:
    """The whole timeline, replayed to its end."""
    done, at, events = Replay(options=options), 0, []
    for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
        plain, _, more = line.partition(" +")
        events.append(event(plain, at))
        at += 1 + int(more or 0)
    done.feed(rows(events))
    done.finish()
    return done


def told(text: str, *, segment: int | None = None, cpu: int | None = None, options: Options = DEFAULT) -> Counter[str]:
    """Event in words → how often; a situation's fields where they are not the first value, `entry syscall` and so on.

    segment, cpu: only there. Switches are told apart by `told_switches`.
    """
    census = replay(text, options).census()
    found: Counter[str] = Counter()
    for i in range(len(census.count)):
        if (segment is None or census.segment[i] == segment) and (cpu is None or census.cpu[i] == cpu):
            found[words(int(census.situation[i]))] += int(census.count[i])
    return found


def words(code: int) -> str:
    """`entry syscall`, `nmi kernel`, `switch_gs`, `set_gs`, … without the fields of switches and calls."""
    kind, values = decode(code)
    if kind in (Event.SWITCH_GS, Event.SWITCH_FS):
        return kind.name.lower() + (" inferred" if values["inferred"] == "yes" else "")
    shown = [values[f] for f in ("via", "origin") if f in values and (f, kind) != ("origin", Event.INTERRUPT)]
    return " ".join([kind.name.lower(), *shown])


def switches(text: str, event: Event = Event.SWITCH_GS, options: Options = DEFAULT) -> list[dict[str, str]]:
    """The fields of every switch of one ledger, in order of cells."""
    census = replay(text, options).census()
    decoded = [(decode(int(code)), int(n)) for code, n in zip(census.situation, census.count, strict=True)]
    return [values for (kind, values), n in decoded if kind is event for _ in range(n)]
