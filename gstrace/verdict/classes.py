"""Classes of events, declared once: where the recording holds them, who else counts them, what an unseen one may be.

Which counter counts what was read in the kernel's source; `counted` says where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gstrace.events.snapshots import DEVICES, RINGS
from gstrace.events.tables import EXCEPTIONS
from gstrace.replay.situations import Event, encode

INTERRUPTS: Final = "irq."
"""What the rows of a vector are called in `recorded` (`verdict/observed.py`): this and the vector's name."""


@dataclass(frozen=True)
class Class:
    """One class of events.

    recorded: names in `verdict/observed.py` whose numbers make up what was observed; none: no tracepoint shows them.
    counters: rows of the snapshots (`events/snapshots.py`) whose sum is independent of the recording.
    parts: each unseen event is one completion of one situation of every part.
    nothing: whether what the counter counts may have cost nothing at all.
    counted: what the counter counts, and where that stands; without a counter, why there is none.
    more: why more may be recorded than counted, other than that the snapshots do not enclose the recording.
    overlaps: whether other classes count the same events again, so that sums leave it out.
    """

    name: str
    recorded: tuple[str, ...]
    counters: tuple[str, ...] = ()
    parts: tuple[tuple[int, ...], ...] = ()
    nothing: bool = False
    counted: str = ""
    more: str = ""
    overlaps: bool = False


_VIAS: Final = ("syscall", "interrupt", "page_fault", "exception")
_OPEN: Final = dict.fromkeys(("prev_selector", "next_selector", "prev_base", "next_base", "differs"), "unknown")
_SWITCH: Final = (
    (encode(Event.SWITCH_GS, **_OPEN),),
    (encode(Event.SWITCH_FS, **_OPEN, differs_null_seg="unknown"),),
)
_INTERRUPT: Final = ((encode(Event.INTERRUPT, via="interrupt"),),)
_FAULT: Final = ((encode(Event.INTERRUPT, via="page_fault"),),)
_NMI: Final = ((encode(Event.NMI, origin="unknown"),),)
_FORK: Final = ((encode(Event.FORK),),)
_FROM_USER: Final = (
    (*(encode(Event.ENTRY, via=via) for via in _VIAS), encode(Event.NMI, origin="user")),
    tuple(encode(Event.RETURN, via=via) for via in _VIAS),
)


def _vector(name: str, vectors: str, counter: str, where: str, note: str = "") -> Class:
    told = f"{counter} in /proc/interrupts, counted where the tracepoint is: {where}{note}"
    return Class(name, tuple(INTERRUPTS + v for v in vectors.split()), (counter,), _INTERRUPT, counted=told)


_APIC: Final = "arch/x86/kernel/apic/apic.c"
_MCE: Final = "arch/x86/kernel/cpu/mce"
_TLB: Final = "; TLB shootdowns are among them since Linux 4.8 (arch/x86/kernel/irq.c)"
_LINES: Final = (
    "the numbered rows of /proc/interrupts: kernel/irq/proc.c, show_interrupts; a shared line counts once, as here; a "
    "line behind another one (nested) counts there too, and has no event"
)
_CALLBACKS: Final = (
    "HYP, HRE, HVS, PIN, NPI, PIW, PMN in /proc/interrupts: interrupts of a hypervisor's and of KVM's own vectors, "
    "which have no tracepoint: arch/x86/kernel/irq.c, arch/x86/kernel/kvm.c, arch/x86/kernel/cpu/mshyperv.c; on Xen "
    "HYP has the device interrupts once more"
)
_FAULTS: Final = (
    "pgfault in /proc/vmstat: mm/memory.c, handle_mm_fault; it also counts faults that the kernel makes without an "
    "exception (get_user_pages)"
)
_NO_FAULT: Final = "the kernel does not count faults that reach no mapping, or happen where faults are switched off"
_EDGES: Final = (
    "CPL_CYCLES.RING0_TRANS, a hardware count of transitions to ring 0 (Intel's event lists); wake-ups from a halt may "
    "be among them. Recorded are entries at the likeliest completion"
)

CLASSES: Final = (
    Class(
        "context switches",
        ("switch",),
        ("ctxt",),
        _SWITCH,
        counted="ctxt in /proc/stat: kernel/sched/core.c, __schedule counts where sched_switch is traced",
    ),
    _vector("timer interrupts", "local_timer", "LOC", f"{_APIC}, sysvec_apic_timer_interrupt"),
    _vector("reschedule interrupts", "reschedule", "RES", "arch/x86/kernel/smp.c, sysvec_reschedule_ipi"),
    _vector(
        "function call interrupts",
        "call_function call_function_single",
        "CAL",
        "arch/x86/kernel/smp.c, sysvec_call_function, sysvec_call_function_single",
        _TLB,
    ),
    _vector("irq_work interrupts", "irq_work", "IWI", "arch/x86/kernel/irq_work.c, sysvec_irq_work"),
    _vector("platform interrupts", "x86_platform_ipi", "PLT", "arch/x86/kernel/irq.c, sysvec_x86_platform_ipi"),
    _vector("thermal interrupts", "thermal_apic", "TRM", "arch/x86/kernel/irq.c, sysvec_thermal"),
    _vector("threshold interrupts", "threshold_apic", "THR", f"{_MCE}/threshold.c, sysvec_threshold"),
    _vector("deferred error interrupts", "deferred_error_apic", "DFR", f"{_MCE}/amd.c, sysvec_deferred_error"),
    _vector("APIC error interrupts", "error_apic", "ERR", f"{_APIC}, sysvec_error_interrupt"),
    _vector("spurious interrupts", "spurious_apic", "SPU", f"{_APIC}, handle_spurious_interrupt"),
    Class("device interrupts", ("irq.irq_handler",), (DEVICES,), _INTERRUPT, counted=_LINES),
    Class(
        "other interrupts",
        ("irq.other",),
        ("HYP", "HRE", "HVS", "PIN", "NPI", "PIW", "PMN"),
        _INTERRUPT,
        counted=_CALLBACKS,
    ),
    Class(
        "NMIs",
        ("NMI",),
        ("NMI",),
        _NMI,
        counted="NMI in /proc/interrupts: arch/x86/kernel/nmi.c, exc_nmi; once for all the handlers that serve one",
    ),
    Class(
        "machine checks",
        (),
        ("MCE",),
        _NMI,
        counted=f"MCE in /proc/interrupts: {_MCE}/core.c; they enter as an NMI does, and nothing traces the entry",
    ),
    Class("page faults", EXCEPTIONS, ("pgfault",), _FAULT, nothing=True, counted=_FAULTS, more=_NO_FAULT),
    Class(
        "forks",
        ("fork",),
        ("processes",),
        _FORK,
        counted="processes in /proc/stat: kernel/fork.c, copy_process, threads and kernel threads too",
    ),
    Class(
        "entries from user mode",
        ("entry",),
        RINGS,
        _FROM_USER,
        nothing=True,
        counted=_EDGES,
        overlaps=True,
    ),
    Class("system calls", ("sys_enter",), counted="the kernel keeps no count of them"),
    Class("exceptions without a tracepoint", ("exception",), counted="the kernel keeps no count of them"),
    Class("execs", ("exec",), counted="the kernel keeps no count of them"),
    Class("exits", ("exit",), counted="the kernel keeps no count of them"),
)
"""In the order of reports."""
