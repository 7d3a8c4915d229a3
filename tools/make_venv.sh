#!/bin/sh
# make_venv.sh PYTHON REQUIREMENTS: create .venv if it is not there, and install into it.
set -eu
python=$1
requirements=$2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Weft needs Python 3.11 or newer, and $("$python" --version) was found. Set PYTHON=... to another one." >&2
    exit 1
}
if [ ! -x .venv/bin/python ]; then
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -q && apt-get install -qy python3-venv
        else
            echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2
            exit 1
        fi
    fi
    echo "Creating .venv"
    "$python" -m venv .venv
fi
echo "Installing $requirements (torch is large: this can take minutes the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
