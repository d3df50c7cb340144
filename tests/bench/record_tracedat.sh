#!/bin/sh
# Records a load for benchmarks of readers as a trace.dat:  record_tracedat.sh OUT ROUNDS
# About 11.5 events a round, 52 bytes an event, all kept in the kernel's memory up to the end: 450000 rounds are some
# 5.2 million events in 280 MB. As root, on Debian: apt install trace-cmd gcc. Writes OUT (version 7, packed as trace-cmd
# does by default) and OUT.6 (version 6, not packed).
# The buffer is an instance of its own, so that nobody else's tracing is touched.
set -eu
[ $# = 2 ] || { echo "usage: $0 OUT ROUNDS" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath "$1")
rounds=$2
instance=/sys/kernel/tracing/instances/gstrace-bench

work=$(mktemp -d)
mkdir "$instance"
trap 'rm -r "$work"; [ ! -d "$instance" ] || rmdir "$instance"' EXIT
gcc -O1 -o "$work/pp" "$here/pp.c"
for cpu in 0 1; do
    [ ! -d "$instance/per_cpu/cpu$cpu" ] || echo $((rounds * 2 / 3 + 4096)) > "$instance/per_cpu/cpu$cpu/buffer_size_kb"
done
for event in raw_syscalls sched/sched_switch exceptions irq_vectors/local_timer_entry irq_vectors/local_timer_exit; do
    echo 1 > "$instance/events/$event/enable"
done
taskset -c 0,1 "$work/pp" "$rounds"
echo 0 > "$instance/events/enable"
cat "$instance"/per_cpu/cpu*/stats | grep -E '^(entries|overrun|dropped)' | sort | uniq -c
# Takes the instance away, too.
trace-cmd extract -B gstrace-bench -o "$out" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
trace-cmd convert -i "$out" -o "$out.6" --file-version 6 > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
