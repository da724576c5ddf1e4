#!/bin/sh
# Makes a virtual environment (first argument) with midair and its development tools.
# Needs only a Python >= 3.11 on PATH.
set -eu
venv=$1

python=
for candidate in python3.13 python3.12 python3.11 python3 python; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "midair needs Python 3.11 or newer on PATH" >&2
    exit 2
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
# --group is pip 25.1's.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --group dev --editable .
echo "$venv is ready ($("$venv/bin/python" --version))"
