"""Names of record and event types, for messages and counts."""

from __future__ import annotations

from typing import Final

from gstrace.importers.perfdata.kernel import TYPES

_KERNEL: Final = (
    "MMAP LOST COMM EXIT THROTTLE UNTHROTTLE FORK READ SAMPLE MMAP2 AUX ITRACE_START LOST_SAMPLES SWITCH "
    "SWITCH_CPU_WIDE NAMESPACES KSYMBOL BPF_EVENT CGROUP TEXT_POKE AUX_OUTPUT_HW_ID CALLCHAIN_DEFERRED"
)
_TOOL: Final = (
    "HEADER_ATTR HEADER_EVENT_TYPE TRACING_DATA BUILD_ID FINISHED_ROUND ID_INDEX AUXTRACE_INFO AUXTRACE "
    "AUXTRACE_ERROR THREAD_MAP CPU_MAP STAT_CONFIG STAT STAT_ROUND EVENT_UPDATE TIME_CONV HEADER_FEATURE COMPRESSED "
    "FINISHED_INIT COMPRESSED2 BPF_METADATA SCHEDSTAT_CPU SCHEDSTAT_DOMAIN"
)
RECORDS: Final = {**dict(enumerate(_KERNEL.split(), 1)), **dict(enumerate(_TOOL.split(), 64))}
EVENT_TYPES: Final = {0: "hardware", 1: "software", 2: "tracepoint", 3: "hw-cache", 4: "raw", 5: "breakpoint"}


def record_name(kind: int) -> str:
    """A record type's name; types that no perf known here writes are one."""
    return RECORDS.get(kind, f"unknown type {kind}" if kind < TYPES - 1 else "unknown type")
