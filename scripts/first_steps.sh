#!/usr/bin/env bash
# First steps for somebody who has just fetched the repository: sets up the invented survey of fixtures/yongxin, runs
# the service on this machine, plays some field days of offline phones into it over HTTP, shows what a supervisor
# sees, and waits for Ctrl-C. Doing it twice is harmless: everything sent again is recognised.
#
#   DOORKNOCK_DATA   data directory (as root /var/lib/doorknock-demo, else .doorknock)
#   DOORKNOCK_PORT   first port to try (8080)
#   DOORKNOCK_DAYS   field days to play (3)
set -euo pipefail
cd "$(dirname "$0")/.."

doorknock=${DOORKNOCK_BIN:-target/release/doorknock}
setup=fixtures/yongxin
seed=2020

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# PostgreSQL does not run as root, and its user cannot look into a closed home: as root an open place is needed.
if [ "$(id -u)" -eq 0 ]; then default_data=/var/lib/doorknock-demo; else default_data=.doorknock; fi
data=${DOORKNOCK_DATA:-$default_data}

is_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port=${DOORKNOCK_PORT:-8080}
while is_busy "$port"; do
    echo "port $port is taken, trying the next"
    port=$((port + 1))
done
url=http://127.0.0.1:$port

work=$(mktemp -d)
service=
finish() {
    trap - EXIT INT TERM
    if [ -n "$service" ] && kill -0 "$service" 2>/dev/null; then
        echo
        echo "stopping ..."
        kill -TERM "$service"
        wait "$service" || true
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 0' INT TERM

say "1. The service starts on its own database in $data"
"$doorknock" serve --listen "127.0.0.1:$port" --data-dir "$data" >"$work/serve.out" 2>"$work/serve.err" &
service=$!
until grep -q 'listening on' "$work/serve.out"; do
    if ! kill -0 "$service" 2>/dev/null; then
        tail -n 5 "$work/serve.err" >&2
        exit 1
    fi
    sleep 0.1
done
cat "$work/serve.out"

say "2. A survey is set up from $setup"
"$doorknock" setup "$setup" --data-dir "$data"

say "3. ${DOORKNOCK_DAYS:-3} days in the field: phones collect offline, and send when they are back"
"$doorknock" simulate --setup "$setup" --days "${DOORKNOCK_DAYS:-3}" --seed "$seed" --out "$work/batches"
find "$work/batches" -name '*.json*' -print0 | sort -z \
    | xargs -0 "$doorknock" upload --data-dir "$data" --url "$url" >"$work/receipts.jsonl"
echo "$(wc -l <"$work/receipts.jsonl") receipts"

say "4. How far it got"
"$doorknock" completion --data-dir "$data"

say "5. Doors to try again"
"$doorknock" returns --data-dir "$data" | head -n 15

say "The pages: $url   (Ctrl-C stops everything)"
wait "$service" || true
