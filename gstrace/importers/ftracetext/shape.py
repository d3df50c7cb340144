"""What a line of ftrace text looks like.

    comm-pid (tgid) [cpu] flags seconds.fraction: event: payload
    comm-pid    cpuflags        seconds.fraction: event: payload     latency format; time may be `34us+`

A comm may hold anything, a dash and digits too; a payload may as well. The first place where the whole head fits is
taken: what a program writes to trace_marker comes behind it and cannot pose as another head. How many flags there are
differs by kernel, and nothing is taken from them.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_COMM: Final = 96
"""Bytes in front of a line's `-pid`: the kernel writes 16, viewers of systrace whole package names."""

_HEAD: Final = (
    rb"(?P<comm>[^\n]{0,%d}?)-(?P<tid>\d{1,10})[ \t]+"
    rb"(?:"
    rb"(?:\([ \t]*(?P<tgid>\d{1,10}|-+)\)[ \t]*)?"
    rb"\[(?P<cpu>\d{3,5})\][ \t]+"
    rb"(?:[^\s\[\]:]{3,9}[ \t]+)?"
    rb"|(?P<glued>\d{1,5})[^\s\d\[\]:][^\s\[\]:]{2,8}[ \t]+"
    rb")"
    rb"(?P<seconds>\d{1,19})(?:\.(?P<fraction>\d{1,9})|(?P<micros>us)[^\w\n:]?)?:[ \t]+"
) % LONGEST_COMM

LINE: Final = re.compile(_HEAD + rb"(?P<rest>[^\n]*)")
NAME: Final = re.compile(_HEAD + rb"(?P<name>[\w.-]{1,64})(?P<sign>:| ->|\()?")
"""A line's event name alone, and what stands behind it."""

CALL: Final = re.compile(rb"sys_(?P<name>\w{1,64})(?:\((?P<args>.*)\)?| -> (?P<ret>-?(?:0x)?[0-9a-f]+))\s*$")
"""A named system call as the kernel prints it: it names no event in front."""

_NAMED_CALL: Final = re.compile(rb"sys_\w+")
EVENT: Final = re.compile(rb"(?P<name>[\w.-]{1,64}):[ \t]*(?P<payload>.*)")

KTHREADD: Final = re.compile(rb"kthreadd(?:-2[ \t]| next_pid=2 |:2 )")
"""A line that shows thread 2 by its name."""
_FILE: Final = rb"(?:\S{1,64}: )?"
"""`trace-cmd report` of several files begins each line with the file's name."""
FILE: Final = re.compile(rb"[ \t]*\S{1,64}: ")
HEADER: Final = re.compile(rb"(?m)^# (?:tracer:|entries-in-buffer)|^[ \t]*%scpus=\d+\s*$|^CPU \d+ is empty" % _FILE)
CPUS: Final = re.compile(rb"[ \t]*(?P<file>%s)cpus=(?P<cpus>\d{1,5})\s*$" % _FILE)
LOST: Final = re.compile(
    rb"[ \t]*%sCPU:(?P<cpu>\d{1,5}) \[(?:LOST )?(?P<count>\d{1,18})?\s?(?:EVENTS(?: DROPPED)?)\]" % _FILE
)
STARTED: Final = re.compile(rb"[ \t]*##### CPU (?P<cpu>\d{1,5}) buffer started ####")
ENTRIES: Final = re.compile(
    rb"# entries-in-buffer/entries-written: (?P<held>\d{1,18})/(?P<written>\d{1,18})\s+#P:(?P<cpus>\d{1,5})"
)


def event_of(name: bytes, sign: bytes) -> str:
    """The name under which a line is decoded: a named call's line begins with the call. Empty for no event."""
    if sign == b":":
        return name.decode()
    if not sign or not _NAMED_CALL.fullmatch(name):
        return ""
    return ("sys_exit_" if sign == b" ->" else "sys_enter_") + name[4:].decode()
