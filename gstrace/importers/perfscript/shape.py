"""What the lines of `perf script` look like.

    comm pid/tid [cpu] misc seconds.fraction: period event: payload  ip symbol (object)
    comm tid [cpu] seconds.fraction: PERF_RECORD_…
    <tab> address symbol (object)                                        a call chain, up to an empty line

Which columns there are is the user's choice (`-F`); their order is not. The thread's number is a word of its own, which
tells the text from ftrace's `comm-pid`: a comm has 15 bytes at most, so no head of ftrace text hides in one.
"""

from __future__ import annotations

import re
from typing import Final

_HEAD: Final = (
    rb"[ \t]*(?:(?P<comm>[^ \t\n][^\n]{0,14}?)[ \t]+)?"
    rb"(?:(?P<pid>-1|\d{1,10})/)?(?P<tid>-1|\d{1,10})[ \t]+"
    rb"(?:\[(?P<cpu>\d{3,5})\][ \t]+)?"
    rb"(?:[A-Za-z]{1,4}[ \t]+)?"
    rb"(?P<seconds>\d{1,10})\.(?P<fraction>\d{9}|\d{6}):[ \t]+"
)
_NAME: Final = rb"(?:(?=PERF_RECORD_)|(?:\d{1,20}[ \t]+)?(?P<name>[^\s:]{1,64}(?::[^\s:]{1,64}){0,4}):(?!\S))"

LINE: Final = re.compile(_HEAD + _NAME + rb"[ \t]*(?P<payload>[^\n]*)")
NAMES: Final = re.compile(
    rb"^" + _HEAD + rb"(?:\d{1,20}[ \t]+)?(?P<name>PERF_RECORD_[A-Z_0-9]+|[^\s:]+:[^\s:]+)", re.MULTILINE
)
"""Every line's event name alone, or its record's."""

FRAME: Final = re.compile(rb"\t *([0-9a-f]{1,16}) ")
SAMPLED: Final = re.compile(rb" (?=[ 0-9a-f]{16} ) *[0-9a-f]+ \S.*\)\s*$")
"""Where an event without a call chain was sampled, as perf puts it behind the payload."""

BEGIN: Final = re.compile(rb"# ========\r?\n# captured on")
FACT: Final = re.compile(rb"# (?P<name>[a-z ]+?) *: (?P<value>[^\n]*?)\s*$")
ERROR: Final = re.compile(rb"\s*instruction trace error ")

FORK: Final = re.compile(
    rb"PERF_RECORD_(?P<what>FORK|EXIT)\((?P<pid>-?\d+):(?P<tid>-?\d+)\):\((?P<ppid>-?\d+):(?P<ptid>-?\d+)\)"
)
COMM: Final = re.compile(rb"PERF_RECORD_COMM(?P<exec> exec)?: (?P<comm>.*):(?P<pid>-?\d+)/(?P<tid>-?\d+)\s*$")
LOST: Final = re.compile(rb"PERF_RECORD_LOST(?P<samples>_SAMPLES)?\b.*\blost (?P<count>\d{1,18})")
SWITCH: Final = re.compile(
    rb"PERF_RECORD_SWITCH(?:_CPU_WIDE)? +OUT(?P<preempt> preempt)?(?: +next pid/tid: +-?\d+/(?P<next>-?\d+))?"
)
