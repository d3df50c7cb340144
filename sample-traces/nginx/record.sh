#!/bin/sh
# Records nginx serving its welcome page to wrk. As root, on Debian: apt install linux-perf nginx-light wrk
# UARCH names the microarchitecture in capture.toml: UARCH=zen4 sh record.sh
set -eu
cd "$(dirname "$0")"
. ../record-common.sh

packages='nginx-light wrk'
what='nginx (one worker, sendfile, access log) serves its 615-byte welcome page over 8 keep-alive connections to wrk, about 3,000 requests a second for one second; both run on CPU 0, from their start to their end.'
why='A server of short requests enters the kernel often and switches at each hand-over: the load on which entry and switch costs show first. All its tasks are born in the recording, so their FS and GS state is known.'

# wrk asks for no rate; a pause of 0 to 5 ms before each request makes one.
prepare() {
    dir=$(mktemp -d)
    chmod 755 "$dir"
    export dir
    echo 'function delay() return math.random(0, 5) end' > "$dir/pace.lua"
    cat > "$dir/nginx.conf" <<END
pid $dir/nginx.pid;
error_log $dir/error.log;
worker_processes 1;
events { worker_connections 64; }
http {
    sendfile on;
    tcp_nopush on;
    access_log $dir/access.log;
    server { listen 127.0.0.1:8088; root /usr/share/nginx/html; }
}
END
}

# One CPU: there every hand-over between the two is a switch. nginx daemonises once it listens.
workload() {
    taskset -c 0 nginx -c "$dir/nginx.conf"
    taskset -c 0 wrk -t 1 -c 8 -d 1s -s "$dir/pace.lua" http://127.0.0.1:8088/index.html
    taskset -c 0 nginx -c "$dir/nginx.conf" -s quit
    while [ -e "$dir/nginx.pid" ]; do sleep 0.01; done
}

cleanup() {
    [ ! -e "$dir/nginx.pid" ] || kill "$(cat "$dir/nginx.pid")"
    rm -r "$dir"
}

record "$@"
