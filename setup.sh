#!/bin/sh
# Makes .venv ready to run and test this clone; every make target calls it. Quick when there is nothing to do.
#
#   ./setup.sh run   what a run needs;  ./setup.sh   what tests and checks need, too
#   PYTHON=...   the interpreter to build .venv with (default: the newest suitable one on the PATH)
#
# pip's own settings (PIP_FIND_LINKS, PIP_INDEX_URL, pip.conf ...) hold for everything it fetches.
set -eu
cd "$(dirname "$0")"

PYTHONS="python3.14 python3.13 python3.12 python3.11 python3"     # newest first; every dependency has wheels for them
SUITABLE="import sys; print((3, 11) <= sys.version_info < (3, 15))"
LIBRARIES="libgomp.so.1:libgomp1"     # what numba's threads need to load, as file:package
# What open3d, by which tests measure meshes, needs besides.
TEST_LIBRARIES="libEGL.so.1:libegl1 libGL.so.1:libgl1 libX11.so.6:libx11-6 libusb-1.0.so.0:libusb-1.0-0"
STAMP=.venv/setup-complete    # written last: the folder that .venv was made in, and a checksum of what went into it

main() {
    if [ "${1:-}" = run ]; then extras=viewer; else extras=viewer,dev; LIBRARIES="$LIBRARIES $TEST_LIBRARIES"; fi
    wanted=$(state "$extras")
    up_to_date && return
    wait_for_other_setups
    up_to_date && return
    if finished_here; then                           # only the list of packages has changed
        system_packages
        rm $STAMP
    else
        python=$(choose_python)
        system_packages $(venv_package "$python")
        [ ! -e .venv ] || say "replacing .venv: it is unfinished, broken, moved here or of another Python"
        rm -rf .venv
        say "making .venv with $("$python" -V) ($(command -v "$python"))"
        "$python" -m venv .venv
    fi
    python_packages
    advise_tensorrt
    echo "$wanted" > $STAMP
    say "done"
}

say() { echo "setup: $*"; }
die() { say "$*" >&2; exit 1; }

state() { pwd -P; echo "$1 $(cat pyproject.toml constraints.txt setup.sh | cksum)"; }

up_to_date() {   # also where there is more than was asked for
    finished_here && { [ "$(cat $STAMP)" = "$wanted" ] || [ "$(cat $STAMP)" = "$(state viewer,dev)" ]; }
}

finished_here() {   # a whole .venv, not moved since, whose interpreter still works and is the one asked for
    [ "$(head -n 1 $STAMP 2>/dev/null)" = "$(pwd -P)" ] || return 1
    .venv/bin/python -c "import pip" 2>/dev/null || return 1
    [ -z "${PYTHON:-}" ] || [ "$(identity "$PYTHON")" = "$(identity .venv/bin/python)" ]
}

identity() { "$1" -c "import sys; print(sys.version, sys.base_prefix)" 2>/dev/null || true; }

wait_for_other_setups() {   # the lock lasts as long as any process of theirs: also the pip of a setup that was killed
    command -v flock >/dev/null || return 0
    exec 9<setup.sh
    flock -n 9 || { say "waiting for another setup of this clone to end"; flock 9; }
}

choose_python() {
    if [ "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- $PYTHONS; fi
    without_venv=
    for candidate; do
        [ "$("$candidate" -c "$SUITABLE" 2>/dev/null)" = True ] || continue
        if [ -z "$(venv_package "$candidate")" ]; then echo "$candidate"; return; fi
        : "${without_venv:=$candidate}"              # good but for its venv module, which apt has
    done
    [ "$without_venv" ] || die "Python 3.11 to 3.14 is needed, which none of these is: $*; name one: make PYTHON=..."
    echo "$without_venv"
}

venv_package() {   # the apt package that $1 needs before `-m venv` works; nothing when it works
    "$1" -c "import ensurepip, venv" 2>/dev/null ||
        "$1" -c "import sys; print('python%d.%d-venv' % sys.version_info[:2])"
}

system_packages() {   # "$@": a package needed besides the libraries
    venv_package=$*
    missing=
    if present=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null); then
        for library in $LIBRARIES; do
            case $present in *"${library%:*}"*) continue ;; esac
            missing="$missing ${library%:*}"
            set -- "$@" "${library#*:}"
        done
    fi
    [ $# != 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        [ -z "$venv_package" ] || die "this Python has no venv module: install it, or name another: make PYTHON=..."
        say "not found:$missing; numba or open3d do not load without them, please install them"
    elif [ "$(id -u)" != 0 ]; then
        die "system packages are missing; as root: apt-get update && apt-get install -y --no-install-recommends $*"
    else
        say "installing system packages: $*"
        apt-get update || true                       # one unreachable source need not matter: the next line tells
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    fi
}

python_packages() {
    pip_version=$(sed -n "s/^pip==//p" constraints.txt)     # older ones, as Python brings them, have known weaknesses
    pip_install --quiet --upgrade "pip==$pip_version" || say "going on with the pip that this Python brings"
    if cpu_torch; then
        pip_install -c constraints.txt -e ".[$extras,train]"
    else
        pip_install -c constraints.txt -e ".[$extras]"
        say "left torch out, its CPU build cannot be reached (networks then do not learn the recording, see docs/adaptation.md)"
    fi
}

cpu_torch() {   # first of all: otherwise pip on Linux takes the build that brings gigabytes of CUDA along
    if [ "$(uname -s)" != Linux ] || nvidia-smi -L >/dev/null 2>&1; then return 0; fi
    version=$(sed -n "s/^torch==//p" constraints.txt)
    say "looking for the CPU build of torch $version"
    pip_install --no-deps "torch==$version+cpu" 2>/dev/null && return    # in PIP_FIND_LINKS or an index that has it
    pip_install -c constraints.txt uv || return 1                        # knows where PyTorch keeps its builds
    .venv/bin/uv pip install --python .venv/bin/python --no-deps --torch-backend cpu "torch==$version"
}

advise_tensorrt() {   # on a machine with an NVIDIA GPU, one line: which of its packages to install; no reason to fail
    advice=$(.venv/bin/python -c "
from depth.runtimes.nvidia_gpu import find_gpu
from depth.runtimes.tensorrt.package import advice
print(advice(find_gpu()))" 2>/dev/null) || true
    [ -z "$advice" ] || say "$advice"
}

pip_install() { .venv/bin/python -m pip install --disable-pip-version-check "$@"; }

main "$@"
