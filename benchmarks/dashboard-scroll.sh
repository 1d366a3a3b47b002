#!/usr/bin/env bash
# Scrolls through 5,000 rows of the dashboard for ten seconds; fails when a task of the page took longer than 50 ms.
set -euo pipefail
cd "$(dirname "$0")/.."
SCROLL_SECONDS="${SCROLL_SECONDS:-10}" dotnet test Realtime.Tests -c Release --filter Name~Thousands_of_rows --logger 'console;verbosity=normal'
