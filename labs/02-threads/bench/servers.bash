#!/usr/bin/env bash
# For sourcing by the benches of the servers, here and in lab 03: servers are started, checked and put
# under load from wrk one way, so that they are comparable. Judged is the processor time that the
# *server* uses for a request: requests per second mostly tell how fast wrk is, for it needs as much
# of two processors as the server does.
# Whoever sources it has taken the arguments BUILD_DIR [ROUNDS [SECONDS]], of which the programs of
# lab 02 are found in BUILD_DIR/../02-threads, and defines set_command.
# Left out: which servers and what load; what becomes of the lines in runs.csv, see runs.awk.

if [ $# -lt 1 ] || [ $# -gt 3 ]; then
    echo "usage: $0 BUILD_DIR [ROUNDS [SECONDS]]" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)

names=() # of the servers, in the order of their turns
declare -A pid port

scratch=$(mktemp -d)
pids=()
stop_servers() {
    [ ${#pids[@]} -gt 0 ] || return 0
    kill -KILL "${pids[@]}" || true
    wait "${pids[@]}" || true
    pids=()
} 2>/dev/null # bash would tell of each that it was killed
clean_up() {
    stop_servers
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

compile_baseline() { # SOURCE LIBRARY...: to a program of that name in $scratch
    local source=$1
    shift
    cc -std=gnu17 -D_GNU_SOURCE -O2 -pthread -I"$here/../../.." "$source" \
        "$build"/../../common/*.o "$@" -lm -o "$scratch/$(basename "$source" .c)"
}

# Below the ports that the kernel gives to clients, or one of those could have it meanwhile.
free_port() {
    local port
    while port=$((RANDOM % 10000 + 20000)); do
        (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

start() { # NAME: sets its pid and its port; set_command NAME sets the words of its command line
    local command
    set_command "$1"
    : >"$scratch/$1.says" # so that it is there before the server has said anything
    "${command[@]}" >>"$scratch/$1.says" &
    pid[$1]=$!
    pids+=($!)
    for _ in {1..100}; do
        port[$1]=$(sed -n 's/^listening on .*://p' "$scratch/$1.says")
        [ -z "${port[$1]}" ] || return 0
        sleep 0.1
    done
    echo "$0: $1: it announced no port" >&2
    exit 1
}

body() { # PORT PATH
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
    sed '1,/^\r$/d' <&3
    exec 3>&-
}

start_all() { # FILE...: all servers, each of which must serve /hello and these files
    local name file
    for name in "${names[@]}"; do
        start "$name"
        for file in "$@"; do
            cmp -s <(body "${port[$name]}" "/files/${file##*/}") "$file" && continue
            echo "$0: $name: it does not serve ${file##*/} as it is" >&2
            exit 1
        done
        [ "$(body "${port[$name]}" /hello)" = 'hello, world' ] && continue
        echo "$0: $name: it does not serve /hello as it should" >&2
        exit 1
    done
}

# NAME PATH CONNECTIONS SECONDS [WRK_OPTION...]: prints requests, microseconds of processor time per
# request, requests per second, and p99: the microseconds that 99 of 100 answers took at most
load() {
    local name=$1 path=$2 clients=$3 duration=$4 before after
    shift 4
    before=$("$build/../02-threads/cpu_time" "${pid[$name]}")
    wrk -t1 -c"$clients" -d"${duration}s" --latency "$@" \
        "http://127.0.0.1:${port[$name]}$path" >"$scratch/wrk"
    after=$("$build/../02-threads/cpu_time" "${pid[$name]}")
    awk -v cpu_ns="$((after - before))" '
        BEGIN { unit["us"] = 1; unit["ms"] = 1000; unit["s"] = 1000000; unit["m"] = 60000000 }
        $1 == "99%" { number = $2; sub(/[a-z]+$/, "", number); sub(/^[0-9.]+/, "", $2)
                      p99 = number * unit[$2] }
        / requests in / { requests = $1 }
        /^Requests\/sec/ && requests > 0 { # pipelined, wrk tells no latency at times
            printf "%d,%.3f,%.0f,%.0f\n", requests, cpu_ns / requests / 1000, $2, p99 }
    ' "$scratch/wrk"
}

# NAME SCENARIO PATH CONNECTIONS SECONDS [WRK_OPTION...]: a line to runs.csv, which has the server, the
# scenario and what load prints. On a machine that others use, too, a run may bring less than one answer
# a connection, and then tells of opening connections only: it is repeated.
measure() {
    local name=$1 scenario=$2 figures requests trouble
    shift 2
    for _ in {1..4}; do
        figures=$(load "$name" "$@")
        requests=${figures%%,*}
        [ "${requests:-0}" -lt "$2" ] || break
    done
    trouble=$(grep -E 'Socket errors|Non-2xx' "$scratch/wrk" || true)
    [ -z "$trouble" ] || echo "$name, $scenario: $trouble" >&2
    if [ -z "$figures" ]; then
        echo "$0: $name, $scenario: no answers, this machine is too busy" >&2
        exit 1
    fi
    echo "$name,$scenario,$figures" >>"$scratch/runs.csv"
}

in_turn() { # SCENARIO PATH CONNECTIONS SECONDS [WRK_OPTION...]
    local name
    for name in "${names[@]}"; do
        measure "$name" "$@"
    done
}

# NAME CONNECTIONS [LABEL]: lines to memory.csv, of a server that is started for this and stopped again
measure_memory() {
    local command
    set_command "$1"
    "$build/../02-threads/memory" "${3:-$1}" "$2" "${command[@]}" >>"$scratch/memory.csv"
}

print_machine() {
    "$(dirname "${BASH_SOURCE[0]}")/../experiment/machine"
}
