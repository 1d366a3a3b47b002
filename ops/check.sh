#!/usr/bin/env bash
# Runs two nodes with clients and publishers under a real Prometheus, takes Redis away and gives it back, then asks every query of
# every dashboard and evaluates every alert rule. Needs prometheus and promtool (apt-get install prometheus), PostgreSQL and Redis.
#
#   ops/check.sh                                            two minutes
#   ops/check.sh 300 /opt/prometheus/prometheus /opt/prometheus/promtool
#
# Exit code: 0 when every query has a series and the rules are valid.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
configuration=${OPS_CONFIGURATION:-Release}
if [[ "${OPS_NO_BUILD:-}" != 1 ]]; then
    dotnet build tools/OpsCheck -c "$configuration" -v quiet -p:BuildDashboard=false </dev/null || exit 2
fi
exec dotnet "tools/OpsCheck/bin/$configuration/net10.0/Realtime.OpsCheck.dll" "$@"
