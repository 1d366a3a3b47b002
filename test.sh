#!/usr/bin/env bash
# Builds everything once and runs every test. The last line is always "N passed, N failed".
#
#   ./test.sh                     all tests
#   ./test.sh --filter X          only the .NET tests that match X (syntax of dotnet test --filter)
#   ./test.sh --check-format      also counts a fault of the white space as a failure; the rest of the code style is checked by build and tests
#
# Release for build and test alike: what is tested is what ships. Logs and results: artifacts/test.
set -uo pipefail

# A shell that was started in the background ignores SIGINT, and so do all its children; programs under test are ended with it.
if [[ -z "${SIGNALS_RESET:-}" ]] && env --default-signal=INT true 2>/dev/null; then
    SIGNALS_RESET=1 exec env --default-signal=INT,QUIT "$0" "$@"
fi

cd "$(dirname "$0")" || exit 1
exec </dev/null

configuration=Release
out=artifacts/test
filter=()
check_format=false
passed=0
failed=0

# A build server that outlives the build would keep our output open, and whoever reads it waiting.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

while (($#)); do
    case "$1" in
        --filter) filter=(--filter "${2:?--filter needs a value}"); shift 2 ;;
        --filter=*) filter=(--filter "${1#--filter=}"); shift ;;
        --check-format) check_format=true; shift ;;
        *) echo "usage: $0 [--filter X] [--check-format]" >&2; exit 2 ;;
    esac
done

say() { printf '\n== %s\n' "$*"; }

# One failure that no runner counts: a build, a crash, a runner without tests.
fail() { say "FAILED: $*"; failed=$((failed + 1)); }

finish() {
    printf '\n%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0)) && exit 0 || exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Packages of what the tests run and this machine lacks.
missing_packages() {
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || { have postgres && have initdb && have psql; } || echo postgresql
    { have redis-server && have redis-cli; } || echo redis-server
    have haproxy || [[ -x /usr/sbin/haproxy ]] || echo haproxy # behind which two nodes are run
    have chromium || have chromium-browser || have google-chrome || echo chromium
    # The Python of docs/publish-from-sql.md.
    /usr/bin/python3 -c 'import psycopg2' 2>/dev/null || python3 -c 'import psycopg2' 2>/dev/null || echo python3-psycopg2
    # The console sample is compiled to native code.
    have clang || have gcc || echo clang
    [[ -e /usr/include/zlib.h ]] || echo zlib1g-dev
    if [[ -f web/package.json ]]; then
        have node || echo nodejs
        have npm || echo npm
    fi
}

install_missing() {
    local packages as_root=()
    mapfile -t packages < <(missing_packages)
    ((${#packages[@]})) || return 0
    say "Missing: ${packages[*]}"
    if ((EUID != 0)); then
        as_root=(sudo -n)
    fi
    if have apt-get && { ((EUID == 0)) || sudo -n true 2>/dev/null; }; then
        { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"; } \
            >"$out/install.log" 2>&1 || tail -n 20 "$out/install.log"
        mapfile -t packages < <(missing_packages)
    fi
    ((${#packages[@]} == 0)) || say "Tests that need them will fail. Install them with: apt-get update && apt-get install -y ${packages[*]}"
}

# Number of an attribute in the first Counters element of a trx file.
counter() { grep -o '<Counters [^>]*>' "$1" | head -n 1 | grep -o " $2=\"[0-9]*\"" | tr -dc '0-9'; }

run_dotnet_tests() {
    say "dotnet test"
    local status=0 trx runner_passed=0 runner_failed=0 name count
    # A test that hangs for ten minutes is a failure, not a stuck machine.
    dotnet test Realtime.sln --no-build -c "$configuration" "${filter[@]}" \
        --logger 'trx;LogFilePrefix=dotnet' --logger 'console;verbosity=minimal' --results-directory "$out/dotnet" \
        --blame-hang --blame-hang-timeout 10m --blame-hang-dump-type none 2>&1 | tee "$out/dotnet-test.log"
    status=${PIPESTATUS[0]}
    while IFS= read -r trx; do
        count=$(counter "$trx" passed)
        runner_passed=$((runner_passed + ${count:-0}))
        for name in failed error timeout aborted; do
            count=$(counter "$trx" "$name")
            runner_failed=$((runner_failed + ${count:-0}))
        done
    done < <(find "$out/dotnet" -name '*.trx' 2>/dev/null)
    add_runner "dotnet test" "$status" "$runner_passed" "$runner_failed"
}

run_web_tests() {
    [[ -f web/package.json ]] || return 0
    local status=0 results="$PWD/$out/web.json" runner_passed runner_failed
    say "web: npm ci"
    if ! (cd web && npm ci --no-audit --no-fund) >"$out/npm-ci.log" 2>&1; then
        tail -n 30 "$out/npm-ci.log"
        fail "npm ci in web"
        return
    fi
    if grep -q '"build"[[:space:]]*:' web/package.json; then
        say "web: npm run build"
        (cd web && npm run build) 2>&1 | tee "$out/web-build.log"
        ((PIPESTATUS[0] == 0)) || fail "npm run build in web"
    fi
    # With a filter, which is in the syntax of dotnet test, the pages are built for the browser tests and that is all.
    ((${#filter[@]} == 0)) || return 0
    say "web: npm test"
    (cd web && CI=true npm test -- --reporter=default --reporter=json --outputFile.json="$results") 2>&1 | tee "$out/web-test.log"
    status=${PIPESTATUS[0]}
    runner_passed=$(json_number "$results" numPassedTests)
    runner_failed=$(json_number "$results" numFailedTests)
    add_runner "npm test" "$status" "${runner_passed:-0}" "${runner_failed:-0}"
}

json_number() { [[ -f "$1" ]] && grep -o "\"$2\":[0-9]*" "$1" | head -n 1 | tr -dc '0-9'; }

add_runner() {
    local name=$1 status=$2 runner_passed=$3 runner_failed=$4
    passed=$((passed + runner_passed))
    failed=$((failed + runner_failed))
    if ((runner_failed == 0 && status != 0)); then
        fail "$name ended with exit code $status although no test failed"
    elif ((runner_passed + runner_failed == 0)); then
        fail "$name ran no test"
    fi
}

# A cluster that is broken on purpose for two minutes: one test. It is bounded by itself; the limit is for the machine's sake.
run_chaos() {
    ((${#filter[@]} == 0)) || return 0
    say "chaos run"
    if CHAOS_NO_BUILD=1 timeout --kill-after=30 20m ./chaos.sh --seed 1 --minutes 2 --users 40 2>&1 | tee "$out/chaos.log"; ((PIPESTATUS[0] == 0)); then
        passed=$((passed + 1))
    else
        fail "the chaos run"
    fi
}

trap 'failed=$((failed + 1)); finish' INT TERM
rm -rf "$out"
mkdir -p "$out"
have dotnet || { fail "the .NET SDK is missing: https://dotnet.microsoft.com/download (version in global.json)"; finish; }

install_missing

if [[ $check_format == true ]]; then
    say "dotnet format whitespace --verify-no-changes"
    { dotnet restore Realtime.sln -v quiet && dotnet format whitespace Realtime.sln --verify-no-changes --no-restore; } 2>&1 | tee "$out/format.log"
    ((PIPESTATUS[0] == 0)) || fail "the code format; repair it with: dotnet format"
fi

# First the pages, which the server serves and the browser tests open.
run_web_tests

say "dotnet build"
dotnet build Realtime.sln -c "$configuration" -v quiet 2>&1 | tee "$out/build.log"
if ((PIPESTATUS[0] == 0)); then
    run_dotnet_tests
    run_chaos
else
    fail "dotnet build"
fi
finish
