#!/usr/bin/env bash
# Measures our server beside plain SignalR and beside the do-it-yourself version, in turn on this machine, and prints ratios.
#
#   benchmarks/run.sh                         every scenario, three rounds (about an hour and a quarter)
#   benchmarks/run.sh T L --rounds 5          two of them
#   benchmarks/run.sh T --scale 0.02          a small one, to see that it works; its figures say nothing
#   benchmarks/run.sh --write                 and the table goes into docs/performance.md
#   benchmarks/run.sh held-stream             a question of its own; README.md lists them
#   benchmarks/run.sh abuse                   what somebody at ten times each limit costs the others (abuse body data connects-of-node=100: only these, one with another value)
#   benchmarks/run.sh client                  time and allocations of the client package (BenchmarkDotNet), two minutes
#
# Exit code: 0 when it ran, 1 when our server lost an event, 2 when the options make no sense.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
ulimit -n "$(ulimit -Hn)"

project=benchmarks
program=benchmarks/bin/Release/net10.0/Realtime.Benchmarks.dll
if [[ "${1:-}" == client ]]; then
    shift
    project=benchmarks/Client
    program=benchmarks/Client/bin/Release/net10.0/Realtime.ClientBenchmarks.dll
fi

if [[ "${BENCHMARKS_NO_BUILD:-}" != 1 ]]; then
    log=$(mktemp)
    if ! dotnet build "$project" -c Release -v quiet -p:BuildDashboard=false </dev/null >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 2
    fi
    rm -f "$log"
fi
exec dotnet "$program" "$@"
