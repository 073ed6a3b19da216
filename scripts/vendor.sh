#!/usr/bin/env bash
# Fetches the browser libraries in web/vendor again: the files that its PACKAGES names, into <package>-<version>/, and
# writes SHA256SUMS over all of them. Run it by hand after changing PACKAGES; the result is committed, so that building
# needs neither a network nor Node.js.
set -euo pipefail
cd "$(dirname "$0")/../web/vendor"

# The forms engine is not copied but bundled, see vendor_engine.mjs.
ENGINE=0.22.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Unpacks one package of the registry; prints where it lies.
unpacked() {
    local dir="$work/$1-$2"
    if [ ! -d "$dir" ]; then
        mkdir -p "$dir"
        tar -xzf "$work/$(cd "$work" && npm pack --silent "$1@$2")" -C "$dir"
    fi
    echo "$dir/package"
}

copy_listed() {
    grep -v -e '^#' -e '^$' PACKAGES | while read -r package version path; do
        from=$(unpacked "$package" "$version")
        mkdir -p "$(dirname "$package-$version/$path")"
        cp "$from/$path" "$package-$version/$path"
    done
}

rm -rf ./*-[0-9]*/
copy_listed
node ../../scripts/vendor_engine.mjs "$ENGINE" "xforms-engine-$ENGINE"
find . -type f ! -name SHA256SUMS ! -name PACKAGES -printf '%P\n' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
cat SHA256SUMS
