#!/usr/bin/env bash
# Breaks a real cluster on purpose for some minutes and checks that no event was lost, repeated or reordered.
#
#   ./chaos.sh --seed 1 --minutes 2 --users 40     a short run
#   ./chaos.sh --list                              the faults it knows
#   ./chaos.sh --seed 1 --minutes 2 --plan         what it would do, and when
#   ./chaos.sh --only redis-kill                   one kind of fault only
#   ./chaos.sh --calm --token-life 3               no fault, tokens of 3 s: no client may ever reconnect
#
# Exit code: 0 when everything held, 1 when not, 2 when the options make no sense. See docs/reliability.md.
set -uo pipefail
cd "$(dirname "$0")" || exit 2

export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

if [[ "${CHAOS_NO_BUILD:-}" != 1 ]]; then
    log=$(mktemp)
    if ! dotnet build tools/Chaos -c Release -v quiet -p:BuildDashboard=false </dev/null >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 2
    fi
    rm -f "$log"
fi
exec dotnet tools/Chaos/bin/Release/net10.0/Realtime.Chaos.dll "$@"
