#!/usr/bin/env bash
# Brings what rehearsals are compared with and looked at with, into $MIDAIR_PEERS (default: .peers): pytest-alembic in
# an environment of its own, and a headless Chromium. Running it again costs nothing. What cannot be had here is skipped
# with a note, and the tests that need it report themselves skipped; with --all, as in the gate, that is a failure instead:
# a check that is skipped where nobody looks cannot fail.
set -euo pipefail

case ${1:-} in
"" | --all) ;;
*) echo "usage: $0 [--all]" >&2 && exit 2 ;;
esac
all=${1:-}

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
peers=${MIDAIR_PEERS:-$repo/.peers}
pytest_alembic_version=0.13.1 # it does not collect under pytest 9
alembic_version=1.20.1

missing=0
skip() { # name reason
  echo "skipped $1: $2"
  missing=1
}

# Package servers are slow at times, and never worth waiting for without an end.
bounded() { timeout --kill-after=10 300 "$@"; }

mkdir -p "$peers/bin" "$peers/stamps"
peers=$(cd "$peers" && pwd)
recipe=$(cksum <"${BASH_SOURCE[0]}") # a changed recipe installs again

pytest_alembic() {
  local home=$peers/pytest-alembic log
  [ "$(cat "$peers/stamps/pytest-alembic" 2>/dev/null)" = "$recipe" ] && [ -x "$home/bin/pytest" ] && return
  log=$(mktemp)
  if python3 -m venv --clear "$home" >"$log" 2>&1 && bounded "$home/bin/python" -m pip install -q \
    "pytest-alembic==$pytest_alembic_version" "alembic==$alembic_version" "pytest<9" "psycopg[binary]" >"$log" 2>&1; then
    printf '%s' "$recipe" >"$peers/stamps/pytest-alembic"
    echo "installed pytest-alembic $pytest_alembic_version"
  else
    skip pytest-alembic "$(tail -n 1 "$log")"
  fi
  rm -f "$log"
}

found_chromium() {
  local name
  for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    type -P "$name" && return # not "command -v": it would find the function below
  done
  return 1
}

apt() {
  if [ "$(id -u)" = 0 ]; then bounded apt-get -q "$@"; else bounded sudo -n apt-get -q "$@"; fi
}

chromium() {
  local found log
  log=$(mktemp)
  if ! found=$(found_chromium) && command -v apt-get >/dev/null 2>&1; then
    (apt update && DEBIAN_FRONTEND=noninteractive apt install -y --no-install-recommends chromium-headless-shell) >"$log" 2>&1 || true
    found=$(found_chromium) || true
  fi
  if [ -n "$found" ]; then
    ln -sf "$found" "$peers/bin/chromium"
    echo "installed chromium ($found)"
  else
    skip chromium "none is installed, and apt-get cannot bring one (Debian: chromium-headless-shell): $(tail -n 1 "$log")"
  fi
  rm -f "$log"
}

pytest_alembic
chromium
[ -z "$all" ] || exit "$missing"
