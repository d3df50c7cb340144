#!/bin/sh
# Records redis-server under redis-benchmark. As root, on Debian: apt install linux-perf redis-server redis-tools
# UARCH names the microarchitecture in capture.toml: UARCH=zen4 sh record.sh
set -eu
cd "$(dirname "$0")"
. ../record-common.sh

packages='redis-server redis-tools'
what='redis-server answers redis-benchmark over 8 connections, 2,750 SETs and 2,750 GETs at full speed, then 500 SETs while it saves in the background (a fork); placed by the scheduler, from start to end.'
why='A second server, with threads, IPIs and page faults after a fork, on both CPUs. This kernel traces no switch out of idle on CPU 1: a reader has to infer those switches.'

prepare() {
    dir=$(mktemp -d)
    export dir
}

client() { redis-cli -p 6390 "$@"; }

workload() {
    redis-server --port 6390 --bind 127.0.0.1 --dir "$dir" --pidfile "$dir/redis.pid" \
        --logfile "$dir/log" --save '' --daemonize yes > /dev/null
    until client ping > /dev/null 2>&1; do sleep 0.01; done
    redis-benchmark -p 6390 -c 8 -n 2750 -r 1000 -d 64 -t set,get -q
    client bgsave
    redis-benchmark -p 6390 -c 8 -n 500 -r 1000 -d 64 -t set -q
    client shutdown nosave
    while [ -e "$dir/redis.pid" ]; do sleep 0.01; done
}

cleanup() {
    [ ! -e "$dir/redis.pid" ] || kill "$(cat "$dir/redis.pid")"
    rm -r "$dir"
}

record "$@"
