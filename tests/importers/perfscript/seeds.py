"""Small texts that hold all kinds of lines, for the guided search of `tests/fuzz`."""

from __future__ import annotations

from importers.perfscript.helping import line

CHAIN = (
    "\tffffffff81325087 a+0x57 ([kernel.kallsyms])\n\tffffffff81000e86 b+0x16 ([kernel.kallsyms])\n\t 8534f c (/x)\n\n"
)
HEADER = "# ========\n# captured on    : Wed Nov 25 07:31:26 2026\n# hostname : vm\n# arch : x86_64\n# nrcpus online : 2\n# cpuid : AuthenticAMD,25,17,1\n# cmdline : perf record -a\n# ========\n#\n"  # noqa: E501
PREFIX = f"{'perf':>16} {5:5} [001] {'5.000000050':>12}: "
BEFORE = "         swapper     0 [000]     0.000000000: "
SEEDS = [
    "".join([
        HEADER,
        BEFORE + "PERF_RECORD_FORK(2:2):(0:0)\n",
        BEFORE + "PERF_RECORD_COMM: kthreadd:2/2\n",
        BEFORE + "PERF_RECORD_FORK(3:3):(2:2)\n",
        PREFIX + "PERF_RECORD_COMM exec: sh:5/5\n",
        line("NR 158 (1002, 7f00, 3, 4, 5, 6)"),
        line("NR 158 = 0 ffffffff81415391 syscall_exit+0x31 ([kernel.kallsyms])", event="raw_syscalls:sys_exit"),
        line("prev_comm=a b prev_pid=7 prev_prio=120 prev_state=R+ ==> next_comm=c next_pid=8 next_prio=120",
             event="sched:sched_switch"),
        line("vector=236", event="irq_vectors:local_timer_entry") + CHAIN,
        line("irq=36 name=eth0", event="irq:irq_handler_entry") + "\n",
        line("address=0x1 ip=0x2 error_code=0x4", event="exceptions:page_fault_user"),
        PREFIX + "PERF_RECORD_LOST lost 173\n",
        PREFIX + "PERF_RECORD_EXIT(5:5):(1:1)\n",
        PREFIX + "PERF_RECORD_SWITCH_CPU_WIDE OUT preempt  next pid/tid:    15/15   \n",
    ]).encode()
]  # fmt: skip
