#!/bin/sh
# Holds a running service against its own description: schemathesis makes requests out of /v1/openapi.json, good ones and
# broken ones, as an admin, as a device and as nobody. No answer may be a 5xx or differ from the description.
#
#   scripts/fuzz_api.sh PROGRAM        EXAMPLES=100 SEED=1 by default
set -eu
cd "$(dirname "$0")/.."
program=$(realpath "${1:-target/release/doorknock}")
venv=target/schemathesis
if [ ! -x "$venv/bin/schemathesis" ]; then
    # A first try that was cut off may have left half of it.
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis>=4,<5'
fi
# The database refuses root's own directories, so the data lies where everybody gets in.
data=$(mktemp -d "${TMPDIR:-/tmp}/doorknock-fuzz-XXXXXX")
chmod 755 "$data"
service=
trap 'if [ -n "$service" ]; then kill "$service" 2>/dev/null || true; wait "$service" || true; fi; rm -rf "$data"' EXIT
trap 'exit 1' INT TERM
run() { "$program" --data-dir "$data/data" "$@"; }
run setup fixtures/yongxin >/dev/null
devices=fixtures/yongxin/batches/devices.json
if [ -f "$devices" ]; then run token --devices "$devices" >/dev/null; fi
run upload --summary fixtures/yongxin/batches/*.json.gz || true
admin=$(awk -F, '$3 == "admin" {print $1; exit}' fixtures/yongxin/staff.csv)
walker=$(awk -F, '$3 == "enumerator" {print $1; exit}' fixtures/yongxin/staff.csv)
[ -n "$admin" ] || admin=$(awk -F, '$3 == "supervisor" {print $1; exit}' fixtures/yongxin/staff.csv)
admin_token=$(run token "$admin")
DOORKNOCK_LOG=error "$program" --data-dir "$data/data" serve --listen 127.0.0.1:0 >"$data/said" 2>"$data/log" &
service=$!
url=
for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$data/said")
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { cat "$data/log"; exit 1; }
device=$(cat /proc/sys/kernel/random/uuid)
survey=$(sed -n 's/^id = "\(.*\)"/\1/p' fixtures/yongxin/survey.toml)
python3 scripts/fuzz_api_hints.py "$url" "$admin_token" "$data/api.json" "$device" "$survey"
failed=0
hold() {
    name=$1
    shift
    echo "== as $name"
    "$venv/bin/schemathesis" run "$data/api.json" --url "$url" --max-examples "${EXAMPLES:-100}" --seed "${SEED:-1}" \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
        --request-timeout 120 --continue-on-failure --no-color "$@" || failed=1
}
hold admin --header "Authorization: Bearer $admin_token" --exclude-path-regex '/v1/(login|enrol)$'
# Only now: the admin may have cut off any device there was.
device_token=$(run token "$walker" --device "$device" 2>/dev/null)
hold device --header "Authorization: Bearer $device_token" --exclude-path-regex '/v1/(login|enrol)$'
hold nobody --max-examples 5
if [ -s "$data/log" ]; then echo "== the service's log"; tail -20 "$data/log"; fi
exit $failed
