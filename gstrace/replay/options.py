"""What the replay takes for granted, as switches: each default is an assumption that an answer names."""

from __future__ import annotations

from typing import Final, NamedTuple


class Options(NamedTuple):
    """The default is what the stored census was counted with. Any other value only widens what is left open.

    user_writes: user code may write FS and GS bases whenever it runs (WRFSBASE, WRGSBASE): what was known of them is
    good until the thread has been in user mode.
    tls_distinct: the FS base of a CLONE_SETTLS child is not 0 and equals no other thread's.
    selectors_null: a thread has no selector unless it was seen asking for a descriptor; else only exec and ARCH_SET_*
    make it null.
    kernel_names: a thread that nothing but its name marks as the kernel's is one (`events/kthreads.py`).
    """

    user_writes: bool = False
    tls_distinct: bool = True
    selectors_null: bool = True
    kernel_names: bool = True


DEFAULT: Final = Options()
