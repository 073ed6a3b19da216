#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks, saying so and asking nothing; silent where all is
# there. Debian and its relatives only: elsewhere it names what to install by hand.
#
#   scripts/install_deps.sh [--python]     --python: also Python 3.11 or newer with its virtual environments
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()

has_postgres() {
    local dir
    for dir in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin ${PATH//:/ }; do
        if [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ]; then return 0; fi
    done
    return 1
}

has_compiler() {
    command -v cc >/dev/null && echo 'int main(void) { return 0; }' | cc -x c -o /dev/null - 2>/dev/null
}

has_postgres || missing+=(postgresql)
command -v psql >/dev/null || missing+=(postgresql-client)
has_compiler || missing+=(gcc libc6-dev)
if [ "${1:-}" = --python ]; then
    # Debian ships the part that makes virtual environments apart from the rest.
    python3 -c 'import ensurepip, tomllib, venv' 2>/dev/null || missing+=(python3 python3-venv)
fi
if [ -d e2e ]; then
    command -v chromium >/dev/null || missing+=(chromium)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    # Without them Chinese text is drawn as empty boxes.
    compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK*' >/dev/null || missing+=(fonts-noto-cjk)
fi

if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it with rustup (https://rustup.rs), then try again." >&2
    exit 1
fi
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
    echo "Missing here: ${missing[*]} (names of Debian's packages). Install them, then try again." >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Missing here: ${missing[*]}. As root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing ${missing[*]} ..."
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@"; }
apt update
apt install --no-install-recommends "${missing[@]}"
