#!/usr/bin/env bash
# Brings the real tools that midair is compared with and handed over to, pinned, into $MIDAIR_PEERS
# (default: .peers in the repository, which git ignores). Running it again costs nothing. A tool whose
# toolchain is missing here is skipped with a note, and the tests that need it report themselves skipped.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
peers=${MIDAIR_PEERS:-$repo/.peers}

golang_migrate_version=v4.20.1
goose_version=v3.29.0
dbmate_version=2.36.0
flyway_version=13.12.0
flyway_old_version=9.22.3
liquibase_version=4.29.0
liquibase_new_version=5.0.4
postgresql_jdbc_version=42.7.14
sqlite_jdbc_version=3.54.1.0
mariadb_jdbc_version=3.5.6
jackson_version=3.1.8
picocli_version=4.7.7
squawk_version=2.70.0
pgroll_version=v0.14.0
snakeyaml_version=2.7

mkdir -p "$peers/bin" "$peers/stamps" "$peers/java"
peers=$(cd "$peers" && pwd)
skipped=()

have() { command -v "$1" >/dev/null 2>&1; }

recipe=$(cksum <"${BASH_SOURCE[0]}") # a changed recipe installs again

installed() { # name version
  [ "$(cat "$peers/stamps/$1" 2>/dev/null)" = "$2 $recipe" ] && [ -x "$peers/bin/$1" ]
}

done_with() { # name version
  printf '%s' "$2 $recipe" >"$peers/stamps/$1"
  echo "installed $1 $2"
}

skip() { # name reason
  skipped+=("$1: $2")
}

go_tool() { # name version package tags
  local name=$1 version=$2 package=$3 tags=$4
  installed "$name" "$version" && return
  have go || { skip "$name" "no 'go' on this machine (Debian: golang)"; return; }
  local log
  log=$(mktemp)
  if GOBIN="$peers/bin" CGO_ENABLED=0 go install -tags "$tags" "$package@$version" >"$log" 2>&1; then
    done_with "$name" "$version"
  else
    skip "$name" "go install failed: $(tail -n 1 "$log")"
  fi
  rm -f "$log"
}

# A module of our own that requires it: `go install NAME@VERSION` asks for the list of all its versions, which not every
# module proxy has. Its SQL parser is C.
pgroll() {
  installed pgroll "$pgroll_version" && return
  local program work
  for program in go cc; do
    have "$program" || { skip pgroll "no '$program' on this machine (Debian: golang, gcc)"; return; }
  done
  work=$(mktemp -d)
  printf 'module peer\n\ngo 1.24\n\nrequire github.com/xataio/pgroll %s\n' "$pgroll_version" >"$work/go.mod"
  if (cd "$work" && GOBIN="$peers/bin" CGO_ENABLED=1 go install -mod=mod github.com/xataio/pgroll) >"$work/log" 2>&1; then
    done_with pgroll "$pgroll_version"
  else
    skip pgroll "go install failed: $(tail -n 1 "$work/log")"
  fi
  rm -rf "$work"
}

npm_platform() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    Darwin-x86_64) echo darwin-x64 ;;
    Darwin-arm64) echo darwin-arm64 ;;
    *) return 1 ;;
  esac
}

# dbmate publishes its own binary as an npm package; its Go module is not in every module proxy.
dbmate() {
  installed dbmate "$dbmate_version" && return
  have npm || { skip dbmate "no 'npm' on this machine (Debian: npm)"; return; }
  local platform work
  platform=$(npm_platform) || { skip dbmate "no published binary for $(uname -sm)"; return; }
  work=$(mktemp -d)
  if (cd "$work" && npm pack --silent "@dbmate/$platform@$dbmate_version" >/dev/null 2>"$work/log" && tar xzf ./*.tgz); then
    install -m 755 "$work/package/bin/dbmate" "$peers/bin/dbmate"
    done_with dbmate "$dbmate_version"
  else
    skip dbmate "npm pack failed: $(tail -n 1 "$work/log")"
  fi
  rm -rf "$work"
}

# squawk's Python package holds nothing but its binary.
squawk() {
  installed squawk "$squawk_version" && return
  have python3 || { skip squawk "no 'python3' on this machine"; return; }
  local work
  work=$(mktemp -d)
  if python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --target "$work" \
    "squawk-cli==$squawk_version" >"$work/log" 2>&1; then
    install -m 755 "$work/bin/squawk" "$peers/bin/squawk"
    done_with squawk "$squawk_version"
  else
    skip squawk "pip failed: $(tail -n 1 "$work/log")"
  fi
  rm -rf "$work"
}

dependency() { # group:artifact:version
  local IFS=:
  # shellcheck disable=SC2086  # splitting at the colons is the point
  set -- $1
  printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>' "$1" "$2" "$3"
}

jars() { # folder artifact...
  local folder=$1 work artifact
  shift
  work=$(mktemp -d)
  {
    printf '<project><modelVersion>4.0.0</modelVersion><groupId>midair</groupId><artifactId>peer</artifactId>'
    printf '<version>1</version><dependencies>'
    for artifact in "$@"; do dependency "$artifact"; done
    printf '</dependencies></project>'
  } >"$work/pom.xml"
  rm -rf "$folder"
  mkdir -p "$folder"
  local status=0
  (cd "$work" && mvn -B -q dependency:copy-dependencies "-DoutputDirectory=$folder" >"$work/log" 2>&1) || status=$?
  [ "$status" = 0 ] || grep -m 1 'Could not\|ERROR' "$work/log" >&2 || true
  rm -rf "$work"
  return "$status"
}

java_tool() { # name version main-class extra-classpath artifact...
  local name=$1 version=$2 main=$3 extra=$4 folder="$peers/java/$1"
  shift 4
  jars "$folder/lib" "$@" || { skip "$name" "Maven could not bring its jars"; return 1; }
  # Starting a JVM is most of what these tools cost; the two flags are what their own launchers' users set.
  printf '#!/bin/sh\nexec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "%s/lib/*%s" %s "$@"\n' \
    "$folder" "${extra:+:$extra}" "$main" >"$peers/bin/$name"
  chmod 755 "$peers/bin/$name"
}

java_ready() { # name
  local program
  for program in java javac mvn; do
    have "$program" || { skip "$1" "no '$program' on this machine (Debian: default-jdk-headless, maven)"; return 1; }
  done
}

flyway() { # name version artifact...
  local name=$1 version=$2
  shift 2
  installed "$name" "$version" && return
  java_ready "$name" || return 0
  java_tool "$name" "$version" FlywayLauncher "$peers/java/$name/launcher" \
    "org.flywaydb:flyway-core:$version" "$@" \
    "org.postgresql:postgresql:$postgresql_jdbc_version" "org.xerial:sqlite-jdbc:$sqlite_jdbc_version" || return 0
  mkdir -p "$peers/java/$name/launcher"
  if javac -cp "$peers/java/$name/lib/*" -d "$peers/java/$name/launcher" "$repo/scripts/peers/FlywayLauncher.java"; then
    done_with "$name" "$version"
  else
    skip "$name" "the launcher did not compile"
  fi
}

liquibase() { # name version
  local name=$1 version=$2
  installed "$name" "$version" && return
  java_ready "$name" || return 0
  java_tool "$name" "$version" liquibase.integration.commandline.LiquibaseCommandLine "" \
    "org.liquibase:liquibase-core:$version" "info.picocli:picocli:$picocli_version" \
    "org.yaml:snakeyaml:$snakeyaml_version" \
    "org.postgresql:postgresql:$postgresql_jdbc_version" "org.xerial:sqlite-jdbc:$sqlite_jdbc_version" \
    "org.mariadb.jdbc:mariadb-java-client:$mariadb_jdbc_version" || return 0
  done_with "$name" "$version"
}

go_tool migrate "$golang_migrate_version" github.com/golang-migrate/migrate/v4/cmd/migrate 'postgres sqlite'
go_tool goose "$goose_version" github.com/pressly/goose/v3/cmd/goose \
  'no_clickhouse no_libsql no_mssql no_mysql no_vertica no_ydb'
dbmate
flyway flyway "$flyway_version" "org.flywaydb:flyway-database-postgresql:$flyway_version" \
  "tools.jackson.core:jackson-databind:$jackson_version"
flyway flyway9 "$flyway_old_version"
liquibase liquibase "$liquibase_version"
liquibase liquibase5 "$liquibase_new_version"
squawk
pgroll

echo "real tools in $peers/bin: $(ls "$peers/bin" | tr "\n" " ")"
for line in ${skipped[@]+"${skipped[@]}"}; do
  echo "SKIPPED $line"
done
