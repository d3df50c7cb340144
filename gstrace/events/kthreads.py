"""Names that the kernel gives its own threads, for recordings that do not mark them: an assumption, never a mark.

Every row is the name's form in the kernel's source, as far as a name reaches in a trace (15 bytes), and where it is
given. Left out are names that user programs are likely to have too, and what runs in the kernel for a user's process
(`iou-wrk-*`, `iou-sqp-*`, `vhost-*`): those threads have the process' bases.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import Final

NAMES: Final = {
    "kthreadd": "kernel/kthread.c",
    "kworker/*": "kernel/workqueue.c: create_worker, and rescuers since 6.9",
    "pool_workqueue_*": "kernel/workqueue.c: pwq_release_worker",
    "ksoftirqd/[0-9]*": "kernel/softirq.c",
    "migration/[0-9]*": "kernel/stop_machine.c",
    "cpuhp/[0-9]*": "kernel/cpu.c",
    "idle_inject/[0-9]*": "drivers/powercap/idle_inject.c",
    "watchdog/[0-9]*": "kernel/watchdog.c, before 4.19",
    "watchdogd": "drivers/watchdog/watchdog_dev.c",
    "khungtaskd": "kernel/hung_task.c",
    "rcu_preempt": "kernel/rcu/tree.c: rcu_spawn_gp_kthread",
    "rcu_sched": "kernel/rcu/tree.c, of a kernel without preemption",
    "rcu_bh": "kernel/rcu/tree.c, before 4.20",
    "rcu_gp": "kernel/rcu/tree.c: a rescuer",
    "rcu_par_gp": "kernel/rcu/tree.c: a rescuer",
    "rcu_exp_*": "kernel/rcu/tree.c: expedited grace periods",
    "rcu_tasks_*": "kernel/rcu/tasks.h",
    "rcu[bc]/[0-9]*": "kernel/rcu/tree_plugin.h: boosting; kernel/rcu/tree.c",
    "rcuo[bgps]/[0-9]*": "kernel/rcu/tree_nocb.h",
    "irq/[0-9]*-*": "kernel/irq/manage.c: setup_irq_thread",
    "psimon": "kernel/sched/psi.c",
    "kauditd": "kernel/audit.c",
    "hwrng": "drivers/char/hw_random/core.c",
    "kdevtmpfs": "drivers/base/devtmpfs.c",
    "oom_reaper": "mm/oom_kill.c",
    "kswapd[0-9]*": "mm/vmscan.c",
    "kcompactd[0-9]*": "mm/compaction.c",
    "kdamond.[0-9]*": "mm/damon/core.c",
    "khugepaged": "mm/khugepaged.c",
    "ksmd": "mm/ksm.c",
    "kintegrityd": "block/bio-integrity.c: a rescuer",
    "kblockd": "block/blk-core.c: a rescuer",
    "kthrotld": "block/blk-throttle.c: a rescuer",
    "jbd2/*": "fs/jbd2/journal.c",
    "ext4-rsv-conver": "fs/ext4/super.c: a rescuer",
    "xfsaild/*": "fs/xfs/xfs_trans_ail.c",
    "xfs-*/*": "fs/xfs: rescuers, named after the device",
    "btrfs-cleaner": "fs/btrfs/disk-io.c",
    "btrfs-transacti": "fs/btrfs/disk-io.c",
    "scsi_eh_[0-9]*": "drivers/scsi/hosts.c",
    "scsi_tmf_[0-9]*": "drivers/scsi/hosts.c: a rescuer",
    "napi/*-[0-9]*": "net/core/dev.c",
    "acpi_thermal_pm": "drivers/acpi/thermal.c: a rescuer",
    "kvm-nx-lpage-re": "arch/x86/kvm/mmu/mmu.c",
    "mmcqd/[0-9]*": "drivers/mmc/card/queue.c, before 4.14",
}  # fmt: skip
"""Pattern → the source that gives it."""

_NAME: Final = re.compile("|".join(translate(pattern) for pattern in NAMES))


def is_kernel_name(comm: str) -> bool:
    """Whether a thread of this name is likely the kernel's."""
    return _NAME.match(comm) is not None
