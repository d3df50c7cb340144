# What the recipes in this folder share. They source it, set $what, $why and $packages, define
# prepare() (before the recording), workload() (inside it) and cleanup() (after it, and on failure),
# and end with: record "$@"

tracepoints='raw_syscalls:sys_enter raw_syscalls:sys_exit
  syscalls:sys_enter_arch_prctl syscalls:sys_exit_arch_prctl
  sched:sched_switch sched:sched_process_fork sched:sched_process_exec sched:sched_process_exit
  task:task_newtask task:task_rename
  exceptions:page_fault_user exceptions:page_fault_kernel
  irq:irq_handler_entry irq:irq_handler_exit
  nmi:nmi_handler signal:signal_deliver'
vectors='local_timer reschedule call_function call_function_single irq_work
  thermal_apic error_apic spurious_apic x86_platform_ipi'

# One comma-separated list, because --exclude-perf filters the events of the last -e before it only.
# The call chain of an interrupt's entry tells whether it came from user mode or from the kernel;
# the other events need none. perf refuses irq_work_exit: its own wake-ups are irq_works.
event_list() {
    for event in $tracepoints; do printf '%s,' "$event"; done
    for vector in $vectors; do
        printf 'irq_vectors:%s_entry/call-graph=fp/,irq_vectors:%s_exit,' "$vector" "$vector"
    done | sed 's/irq_vectors:irq_work_exit,//; s/,$//'
}

describe_machine() {
    cat /proc/cpuinfo > machine/cpuinfo
    cat /proc/cmdline > machine/cmdline
    uname -r > machine/release
    for file in /sys/devices/system/cpu/vulnerabilities/*; do
        echo "${file##*/}: $(cat "$file")"
    done > machine/vulnerabilities
}

# Taken inside the recording, so that the kernel's own counters cover what the trace covers.
snapshot() {
    for name in stat interrupts vmstat; do cat "/proc/$name" > "machine/$name.$1"; done
}

# Samples per event, as perf counts them.
counts() {
    perf report --stats -i perf.data 2> /dev/null | awk '
        / stats:$/ { event = $1 }
        / SAMPLE events:/ && event ~ /:/ && $3 > 0 { printf "\"%s\" = %d\n", event, $3 }'
}

write_capture() {
    cat > capture.toml <<END
recorder = "perf"
perf_version = "$(perf --version | sed 's/perf version //')"
record_command = "perf record $options -o perf.data -- sh record.sh workload"
what = "$what"
why = "$why"
packages = "$(dpkg-query -W -f '${Package} ${Version}, ' $packages | sed 's/, $//')"
kernel = "$(uname -r)"
cpu = "$(sed -n 's/^model name\t: //p' /proc/cpuinfo | head -n 1)"
uarch = "${UARCH:-}"
smp = $(nproc)
date = "$(date -u +%Y-%m-%d)"
lost_records = $(perf report --stats -i perf.data 2> /dev/null | awk '/ LOST/ { n += $3 } END { print n + 0 }')
recorder_said = "$(grep Captured perf.log | tr -d '"')"

[counts]
$(counts)
END
}

# record          make perf.data, capture.toml and machine/ beside the recipe
# record workload be the recorded program
record() {
    if [ "${1:-}" = workload ]; then
        snapshot before
        workload
        snapshot after
        return
    fi
    # perf.data's header holds the host's name: the recording gets one of its own.
    if [ "$(hostname)" != sample ]; then
        exec unshare --uts sh -c 'hostname sample && exec sh record.sh'
    fi
    mkdir -p machine
    describe_machine
    trap cleanup EXIT
    prepare
    # -k mono: a clock that other recorders share. -m 8192: 32 MB a CPU hold the whole recording, so that
    # perf sleeps meanwhile. -z: a file to keep under version control. -B -N: no build ids.
    options="-a -B -N -k mono -m 8192 -z -e $(event_list) --exclude-perf"
    rm -f perf.data
    perf record $options -o perf.data -- sh record.sh workload > perf.log 2>&1 || { cat perf.log >&2; exit 1; }
    write_capture
    chmod 644 perf.data
    rm perf.log
}
