"""Small recordings that hold all kinds of packets, for the guided search of `tests/fuzz`."""

from __future__ import annotations

from importers.perfetto.build import bundle, deflated, event, generic, messages, packet, trace, zstandard

EVENTS = [
    event(50, 7, "sys_enter", id=158, args=[4098, 5, 6]),
    event(51, 7, "exceptions:page_fault_user", address=1, ip=-1, error_code=4),
    event(52, 7, "sys_exit", id=158, ret=-22),
    event(53, 7, "irq_handler_entry", irq=4, name="eth0"),
    event(54, 7, "task_newtask", pid=9, comm="sh", clone_flags=17),
    event(55, 7, "print", buf="gstrace:begin a"),
    event(56, 7, "sched_switch", prev_pid=7, prev_state=1, next_pid=0),
    generic(57, 0, "page_fault_kernel", address=3, name="x"),
]
BUNDLES = [
    packet(bundle(0, EVENTS, [(60, 1, 8), (61, 256, 0)], [(62, 9, 1)]), first_packet_on_sequence=True),
    packet(bundle(1, EVENTS, lost_events=True, previous_bundle_end_timestamp=40), previous_packet_dropped=1),
    packet(bundle(0, [event(70, 1, "sys_exit", id=1, ret=0)], error=[{"timestamp": 65, "status": 3}])),
]
OTHERS = messages.Trace()
OTHERS.packet.add().process_tree.processes.add(pid=9, ppid=1, cmdline=["/bin/sh"])
OTHERS.packet.add().system_info.utsname.release = "6.1"
OTHERS.packet.add().ftrace_stats.cpu_stats.add(cpu=0, overrun=4)
SOURCE = OTHERS.packet.add().trace_config.data_sources.add().config.ftrace_config
SOURCE.ftrace_events.append("raw_syscalls/sys_enter")
WHOLE = trace(*BUNDLES, *OTHERS.packet)

SEEDS = [WHOLE, deflated(WHOLE), zstandard(WHOLE)]
