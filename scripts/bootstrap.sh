# shellcheck shell=sh
# Sourced by ./run and ./test, which set ROOT to the checkout first:
#
#   . "$ROOT/scripts/bootstrap.sh"
#   layso_bootstrap run|test|load
#
# Makes the virtual environment $VENV (.venv in the checkout, or $LAYSO_VENV), installs the wanted
# lock file when it has changed since the last time, and links the project into it. When nothing has
# changed it starts no Python and needs no network and no right to write. All it prints goes to
# standard error. $LAYSO_PYTHON names the Python to use instead of the newest one found.

VENV=${LAYSO_VENV:-$ROOT/.venv}

layso_say() {
    printf 'bootstrap: %s\n' "$*" >&2
}

layso_fail() {
    printf 'bootstrap: error: %s\n' "$*" >&2
    exit 1
}

# Prints the first Python >=3.11 that really runs; a name in PATH may be a shim that does not.
layso_find_python() {
    for name in ${LAYSO_PYTHON:+"$LAYSO_PYTHON"} python3.13 python3.12 python3.11 python3; do
        case $name in
            */*) candidates=$name ;;
            *) candidates=$(
                IFS=:
                for dir in $PATH; do
                    [ -x "$dir/$name" ] && printf '%s\n' "$dir/$name"
                done
                true
            ) ;;
        esac
        found=$(
            IFS='
'
            for candidate in $candidates; do
                if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
                    printf '%s\n' "$candidate"
                    break
                fi
            done
        )
        if [ -n "$found" ]; then
            printf '%s\n' "$found"
            return 0
        fi
    done
    return 1
}

# What a stamp must say: the checksum of what was installed and the place of the checkout.
layso_stamp() {
    cksum <"$1"
    printf '%s\n' "$ROOT"
}

# layso_fresh NAME FILE: whether the stamp called NAME was made from FILE as it is now.
layso_fresh() {
    [ -f "$VENV/layso-$1.stamp" ] && [ "$(cat "$VENV/layso-$1.stamp")" = "$(layso_stamp "$2")" ]
}

layso_current() {
    [ -x "$VENV/bin/python" ] && layso_fresh "$1" "$ROOT/requirements/$1.txt" &&
        layso_fresh link "$ROOT/pyproject.toml"
}

# Runs a command quietly; shows the end of what it printed if it fails.
layso_quietly() {
    if "$@" >"$VENV.log" 2>&1; then
        rm -f "$VENV.log"
    else
        tail -n 25 "$VENV.log" >&2
        return 1
    fi
}

layso_make_venv() {
    if [ -e "$VENV" ] && [ ! -f "$VENV/pyvenv.cfg" ] && [ -n "$(ls -A "$VENV")" ]; then
        layso_fail "$VENV exists and is not a virtual environment; move it away"
    fi
    layso_say "creating $VENV with $("$python" --version 2>&1)"
    rm -rf "$VENV"
    if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        layso_quietly "$python" -m venv "$VENV" || layso_fail "the virtual environment could not be created"
    else
        # Debian and Ubuntu split ensurepip off; a pip beside that Python can serve the environment too.
        layso_quietly "$python" -m venv --without-pip "$VENV" ||
            layso_fail "the virtual environment could not be created"
        layso_quietly "$python" -m pip --python "$VENV/bin/python" install pip ||
            layso_fail "this Python has neither ensurepip nor pip; install your system's python3-venv package"
    fi
}

# Puts the checkout on the environment's path, with the console scripts of pyproject.toml.
layso_link() {
    "$VENV/bin/python" - "$ROOT" <<'PYTHON'
import pathlib
import shlex
import sys
import sysconfig
import tomllib

root = pathlib.Path(sys.argv[1])
project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
site = pathlib.Path(sysconfig.get_path("purelib"))
bin_dir = pathlib.Path(sysconfig.get_path("scripts"))
name, version = project["name"], project["version"]

for old in site.glob(f"{name}-*.dist-info"):
    for file in old.iterdir():
        file.unlink()
    old.rmdir()
info = site / f"{name}-{version}.dist-info"
info.mkdir()
(site / f"_{name}.pth").write_text(f"{root}\n", encoding="utf-8")
(info / "METADATA").write_text(
    f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
)
(info / "INSTALLER").write_text("bootstrap\n", encoding="utf-8")
entries = ["[console_scripts]"]
for script, target in project.get("scripts", {}).items():
    entries.append(f"{script} = {target}")
    module, function = target.split(":")
    path = bin_dir / script
    # `sh` starts Python, so that a path with spaces or one too long for a `#!` line works.
    path.write_text(
        "#!/bin/sh\n"
        "''':'\n"
        f'exec {shlex.quote(str(bin_dir / "python"))} "$0" "$@"\n'
        "'''\n"
        "import sys\n\n"
        f"from {module} import {function}\n\n"
        f"sys.exit({function}())\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
(info / "entry_points.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
PYTHON
}

layso_install() {
    # The environment must run, find its packages (the Python below it may have been replaced) and
    # lie where it was made (its scripts name that place).
    if ! "$VENV/bin/python" -c 'import pip' >/dev/null 2>&1 ||
        [ "$(cat "$VENV/layso-root" 2>/dev/null)" != "$ROOT" ]; then
        layso_make_venv
        printf '%s\n' "$ROOT" >"$VENV/layso-root"
    fi
    lock=$ROOT/requirements/$1.txt
    if ! layso_fresh "$1" "$lock"; then
        stamp=$(layso_stamp "$lock")
        run_stamp=$(layso_stamp "$ROOT/requirements/run.txt")
        rm -f "$VENV/layso-$1.stamp" "$VENV/layso-run.stamp"
        layso_say "installing requirements/$1.txt"
        PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore \
            layso_quietly "$VENV/bin/python" -m pip install --progress-bar off \
            --require-hashes --no-deps -r "$lock" ||
            layso_fail "requirements/$1.txt could not be installed; this needs the package registry once"
        # Every lock file holds all of run.txt.
        printf '%s\n' "$run_stamp" >"$VENV/layso-run.stamp"
        printf '%s\n' "$stamp" >"$VENV/layso-$1.stamp"
    fi
    if ! layso_fresh link "$ROOT/pyproject.toml"; then
        layso_say "linking the project"
        stamp=$(layso_stamp "$ROOT/pyproject.toml")
        layso_link
        printf '%s\n' "$stamp" >"$VENV/layso-link.stamp"
    fi
    layso_say "ready"
}

# Relies on the caller's `set -e`: call it as a plain command.
layso_bootstrap() {
    layso_current "$1" && return 0
    python=$(layso_find_python) ||
        layso_fail "no Python 3.11 or newer found; install one or name it in LAYSO_PYTHON"
    (: >>"$VENV.lock") 2>/dev/null ||
        layso_fail "$VENV.lock cannot be written; set LAYSO_VENV to a folder of your own"
    # The lock belongs to the open file, which Python shares with this subshell; it ends with it.
    (
        "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null || {
            layso_say "waiting for another start to finish"
            "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
        }
        if layso_current "$1"; then exit 0; fi
        layso_install "$1"
    ) 9>>"$VENV.lock"
}
