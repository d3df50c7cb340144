"""Names that the kernel gives its own threads."""

from __future__ import annotations

import pytest

from gstrace.events.kthreads import NAMES, is_kernel_name


@pytest.mark.parametrize(
    "name",
    [
        "kthreadd", "kworker/0:1H", "kworker/u8:3-ev", "ksoftirqd/12", "migration/0", "rcu_preempt", "rcu_tasks_kthre",
        "rcuop/3", "irq/24-nvme0q1", "jbd2/sda1-8", "kswapd0", "cpuhp/1", "napi/eth0-8193", "kworker/R-rcu_gp",
    ],
)  # fmt: skip
def test_a_name_of_the_kernels(name: str) -> None:
    assert is_kernel_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "bash", "kwin_x11", "kded5", "ksoftirqd", "ksoftirqd/x", "migrations", "rcu", "irqbalance", "md", "nfsd",
        "iou-wrk-4711", "vhost-4711", "my kworker/0:1", "kthreadd2", "jbd2",
    ],
)  # fmt: skip
def test_no_name_of_the_kernels(name: str) -> None:
    assert not is_kernel_name(name)


def test_each_pattern_fits_a_name_as_long_as_a_trace_has() -> None:
    for pattern, source in NAMES.items():
        assert len(pattern.replace("[0-9]*", "0").replace("[bc]", "b").replace("[bgps]", "g").rstrip("*")) <= 15, source
