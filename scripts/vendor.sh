#!/usr/bin/env bash
# Fetches the browser libraries in src/web/vendor again, exactly the versions that its PACKAGES file names. One line
# each: npm package, version, path inside the package, file name here. Run it after changing PACKAGES; the result is
# committed, so that building needs no network.
set -euo pipefail
cd "$(dirname "$0")/../src/web/vendor"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
grep -v -e '^#' -e '^$' PACKAGES | while read -r package version path name; do
    mkdir -p "$work/$package"
    if [ ! -d "$work/$package/package" ]; then
        archive=$(cd "$work" && npm pack --silent "$package@$version")
        tar -xzf "$work/$archive" -C "$work/$package"
    fi
    cp "$work/$package/package/$path" "$name"
    echo "$name: $package $version"
done
