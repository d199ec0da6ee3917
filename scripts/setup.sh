#!/bin/sh
# Make the environment: setup.sh PYTHON VENV
set -eu
python=$1
venv=$2

usable() { "$1" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }

if ! usable "$python"; then
    for candidate in python3.13 python3.12 python3.11; do
        if usable "$candidate"; then python=$candidate; break; fi
    done
fi
if ! usable "$python"; then
    echo "Python 3.11, 3.12 or 3.13 is needed; '$python' is not one. Install it, or name it: make PYTHON=/path/to/python3.12" >&2
    exit 1
fi

if ! usable "$venv/bin/python"; then
    echo "Making $venv with $("$python" --version); this happens once and takes a minute or two."
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
"$venv/bin/python" -m compileall -q workbench
# Machine code of the kernels, kept beside their modules: nobody waits for the compiler later.
"$venv/bin/python" -m workbench.factors.kernels
"$venv/bin/python" -m workbench.lake.warm
# JupyterLab asks on its first start whether it may fetch news from the network: answer no.
mkdir -p "$venv/share/jupyter/lab/settings"
printf '%s\n' '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
    >"$venv/share/jupyter/lab/settings/overrides.json"
touch "$venv/.ready"
