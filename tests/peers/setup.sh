#!/bin/sh
# Makes a Python virtual environment with the software Pneuma is compared with, pinned.
# usage: tests/peers/setup.sh DIR [REQUIREMENTS], a file of this folder; requirements.txt else
set -eu
[ $# = 1 ] || [ $# = 2 ] || {
    echo "usage: $0 DIR [REQUIREMENTS]" >&2
    exit 2
}
requirements=$(dirname "$0")/${2:-requirements.txt}
python3 -m venv "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
echo "$1/bin/python"
