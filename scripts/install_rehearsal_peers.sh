#!/usr/bin/env bash
# Brings what rehearsals are compared with and looked at with, into $MIDAIR_PEERS (default: .peers): pytest-alembic in
# an environment of its own, and a headless Chromium. Running it again costs nothing. What cannot be had here is skipped
# with a note, and the tests that need it report themselves skipped.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
peers=${MIDAIR_PEERS:-$repo/.peers}
pytest_alembic_version=0.13.1 # it does not collect under pytest 9
alembic_version=1.20.1

mkdir -p "$peers/bin" "$peers/stamps"
peers=$(cd "$peers" && pwd)
recipe=$(cksum <"${BASH_SOURCE[0]}") # a changed recipe installs again

pytest_alembic() {
  local home=$peers/pytest-alembic log
  [ "$(cat "$peers/stamps/pytest-alembic" 2>/dev/null)" = "$recipe" ] && [ -x "$home/bin/pytest" ] && return
  log=$(mktemp)
  if python3 -m venv --clear "$home" >"$log" 2>&1 && "$home/bin/python" -m pip install -q \
    "pytest-alembic==$pytest_alembic_version" "alembic==$alembic_version" "pytest<9" "psycopg[binary]" >"$log" 2>&1; then
    printf '%s' "$recipe" >"$peers/stamps/pytest-alembic"
    echo "installed pytest-alembic $pytest_alembic_version"
  else
    echo "skipped pytest-alembic: $(tail -n 1 "$log")"
  fi
  rm -f "$log"
}

chromium() {
  local found=""
  for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    found=$(command -v "$name" || true)
    [ -n "$found" ] && break
  done
  if [ -z "$found" ] && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    (apt-get update && apt-get install -y --no-install-recommends chromium-headless-shell) >/dev/null 2>&1 || true
    found=$(command -v chromium-headless-shell || true)
  fi
  if [ -n "$found" ]; then
    ln -sf "$found" "$peers/bin/chromium"
    echo "installed chromium ($found)"
  else
    echo "skipped chromium: no headless Chromium here, and no right to install one (Debian: chromium-headless-shell)"
  fi
}

pytest_alembic
chromium
