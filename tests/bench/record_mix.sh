#!/bin/sh
# Records a mixed load for benchmarks of readers:  record_mix.sh OUT ROUNDS
# About 45 events a round (how many depends on what is installed), 110 bytes an event: 250000 rounds are some
# 11 million events in 1.2 GB. As root, on Debian: apt install linux-perf gcc python3
# Half of the events come from two pairs of processes that pass a byte (one pair on one CPU, one placed freely);
# the rest walks directories, starts Python, compiles and packs, beside them.
set -eu
[ $# = 2 ] || { echo "usage: $0 OUT ROUNDS" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath "$1")
rounds=$2

events=raw_syscalls:sys_enter,raw_syscalls:sys_exit,sched:sched_switch
events=$events,exceptions:page_fault_user,exceptions:page_fault_kernel
for vector in local_timer reschedule call_function_single; do
    events=$events,irq_vectors:${vector}_entry,irq_vectors:${vector}_exit
done

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
gcc -O1 -o "$work/pp" "$here/pp.c"
cp "$here/pp.c" "$work"
cat > "$work/mix.sh" <<'END'
cd "$(dirname "$0")"
./pp "$1" &
taskset -c 0 ./pp "$1" &
step=0
while [ $((step * 20000)) -lt "$1" ]; do
    find /usr/share -xdev -printf '%s\n' | sort -n | tail -n 1
    /usr/bin/python3 -c 'import json, asyncio, email'
    gcc -O1 -c pp.c -o pp.o
    tar c -C /usr include | gzip -1 | wc -c
    step=$((step + 1))
done > mix.log
wait
END

# File mode, not compressed, every event (-c 1), 64 MB of buffer a CPU. --exclude-perf right after the one -e
# whose events it filters: without it, most of the recording is perf writing the recording.
perf record -a -c 1 -m 16384 -e "$events" --exclude-perf -o "$out" -- sh "$work/mix.sh" "$rounds"
perf report --stats -i "$out" 2> /dev/null | grep -E 'TOTAL|SAMPLE|LOST'
