"""The operations that bills count: names, order of a bill's columns, names in the price lists."""

from __future__ import annotations

from typing import Final, NamedTuple


class Operation(NamedTuple):
    """`price` is the operation's name in a price list (`gstrace/uarchs/*.toml`)."""

    name: str
    price: str
    meaning: str


OPERATIONS: Final = (
    Operation("swapgs", "swapgs", "SWAPGS: exchange the active GS base with KERNEL_GS_BASE"),
    Operation("rdgsbase", "rdgsbase", "RDGSBASE: read the active GS base"),
    Operation("wrgsbase", "wrgsbase", "WRGSBASE: write the active GS base"),
    Operation("rdfsbase", "rdfsbase", "RDFSBASE: read the FS base"),
    Operation("wrfsbase", "wrfsbase", "WRFSBASE: write the FS base"),
    Operation("rdmsr_fs", "rdmsr_fs_base", "RDMSR of FS_BASE"),
    Operation("rdmsr_gs", "rdmsr_gs_base", "RDMSR of GS_BASE, the active one"),
    Operation("rdmsr_kernel_gs", "rdmsr_kernel_gs_base", "RDMSR of KERNEL_GS_BASE, the inactive one"),
    Operation("wrmsr_fs", "wrmsr_fs_base", "WRMSR of FS_BASE"),
    Operation("wrmsr_gs", "wrmsr_gs_base", "WRMSR of GS_BASE, the active one"),
    Operation("wrmsr_kernel_gs", "wrmsr_kernel_gs_base", "WRMSR of KERNEL_GS_BASE, the inactive one"),
    Operation("mov_gs", "mov_to_seg", "MOV of a selector with a descriptor to GS"),
    Operation("mov_gs_null", "mov_to_seg_null", "MOV of a null selector to GS"),
    Operation("mov_fs", "mov_to_seg", "MOV of a selector with a descriptor to FS"),
    Operation("mov_fs_null", "mov_to_seg_null", "MOV of a null selector to FS"),
    Operation("lkgs", "lkgs", "LKGS: load a selector into GS, its base into KERNEL_GS_BASE"),
    Operation("lsl", "lsl", "LSL of the segment whose limit holds the CPU's number"),
    Operation("rdpid", "rdpid", "RDPID: read TSC_AUX, which holds the CPU's number"),
    Operation("lfence", "lfence", "LFENCE against a SWAPGS that is skipped or done speculatively"),
    Operation("irq_save", "irq_save", "save the interrupt flag and clear it"),
    Operation("irq_restore", "irq_restore", "restore the interrupt flag"),
    Operation("load", "l1_load", "load of a base from the thread struct, a stack slot or the table of the CPUs' bases"),
    Operation("store", "l1_store", "store of a base to the thread struct or a stack slot"),
)
"""In the order of the columns of `Scheme.matrix`."""

NAMES: Final = tuple(op.name for op in OPERATIONS)
INDEX: Final = {name: column for column, name in enumerate(NAMES)}

LEDGERS: Final = ("gs", "fs")
"""In the order of `Scheme.matrix`."""
