"""What a microarchitecture's file says, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

PRICED: Final = (
    "swapgs",
    "rdfsbase",
    "rdgsbase",
    "wrfsbase",
    "wrgsbase",
    "rdmsr_fs_base",
    "rdmsr_gs_base",
    "rdmsr_kernel_gs_base",
    "wrmsr_fs_base",
    "wrmsr_gs_base",
    "wrmsr_kernel_gs_base",
    "wrmsrns_kernel_gs_base",
    "lkgs",
    "lsl",
    "rdpid",
    "lfence",
    "pushf_pop",
    "cli",
    "sti",
    "popf",
    "irq_save",
    "irq_restore",
    "mov_from_seg",
    "mov_to_seg_null",
    "mov_to_seg",
    "l1_load",
    "l1_store",
)
"""Every operation that can have a price, in the order of the files."""

KINDS: Final = ("latency", "throughput", "serialising", "sequence")
"""How a price is meant: docs/costs.md."""

QUALITIES: Final = ("measured", "published", "derived", "recalled", "estimate")
"""How well a price is known, best first."""

CPU_FACTS: Final = {
    "null_seg": "a null selector load leaves the base (Linux: the null-segment bug)",
    "smap": "SMAP: the kernel cannot touch user memory by accident",
    "meltdown": "affected by Meltdown, which also defeats SMAP under speculation",
    "swapgs_bug": "speculates past SWAPGS, so that Linux may fence entries from user mode",
    "fsgsbase": "has RDGSBASE, WRGSBASE and their FS twins",
    "fred": "has FRED event delivery",
    "lkgs": "has LKGS",
    "rdpid": "has RDPID",
}
"""What a CPU brings by itself, whatever kernel it runs."""


class Cycles(NamedTuple):
    """Core clock cycles per execution: overlapped with other work, the best single value, isolated."""

    low: float
    typical: float
    high: float


@dataclass(frozen=True)
class Price:
    """What one operation costs. `cycles` is None where the CPU lacks the instruction: `note` says so.

    `parts`: the operations whose sum this one is; it is then never drawn by itself.
    """

    cycles: Cycles | None
    kind: str
    quality: str
    source: str
    note: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class CpuFact:
    """A CPU's own fact.

    `by_cpuid`: the kernel decides it by vendor, family and model alone, so it holds in a guest too.
    """

    value: bool
    source: str
    by_cpuid: bool = False


@dataclass(frozen=True)
class Cpuid:
    """One entry of a CPUID list; models and steppings are inclusive ranges."""

    vendor: str
    family: int
    model: tuple[int, int]
    stepping: tuple[int, int] | None = None

    def matches(self, vendor: str, family: int, model: int, stepping: int | None) -> bool:
        """Whether a CPU is meant; one of unknown stepping is, if another stepping could be."""
        if vendor != self.vendor or family != self.family or not self.model[0] <= model <= self.model[1]:
            return False
        return self.stepping is None or stepping is None or self.stepping[0] <= stepping <= self.stepping[1]


@dataclass(frozen=True)
class Uarch:
    """A microarchitecture: prices by name (`PRICED`), the CPU's facts (`CPU_FACTS`), the CPUIDs it goes by."""

    id: str
    name: str
    vendor: str
    description: str
    match: tuple[Cpuid, ...]
    facts: Mapping[str, CpuFact]
    prices: Mapping[str, Price]
