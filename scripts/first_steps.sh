#!/usr/bin/env bash
# First steps for somebody who has just fetched the repository: moves the invented survey of fixtures/yongxin to these
# days, runs the service on this machine, plays the field work of its eight phones into it over HTTP, shows what a
# supervisor sees, and serves until Ctrl-C. Doing it again is harmless: what was sent before is recognised, and on a
# later day the field work goes on where it was.
#
# PHONE=1 serves over HTTPS at the network's address in the end, with a certificate of its own, so that a phone in the same network can
# be used.
#
#   DOORKNOCK_HOST   with PHONE=1: the address or name of this machine by which the phone reaches it
#   DOORKNOCK_DEMO   directory of the rehearsal and its database (.doorknock-demo, as root /var/lib/doorknock-demo)
#   DOORKNOCK_PORT   first port to try (8080)
#   DOORKNOCK_BIN    the program (target/release/doorknock)
set -euo pipefail
cd "$(dirname "$0")/.."

# The rehearsal has a database of its own, whatever this shell works with otherwise.
unset DATABASE_URL DOORKNOCK_DATA_DIR

doorknock=${DOORKNOCK_BIN:-target/release/doorknock}
# PostgreSQL does not run as root, and its user cannot look into a closed home: as root an open place is needed.
if [ "$(id -u)" -eq 0 ]; then demo=/var/lib/doorknock-demo; else demo=.doorknock-demo; fi
demo=${DOORKNOCK_DEMO:-$demo}
data=$demo/data
setup=$demo/setup
batches=$demo/batches
community=410181004006

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
give_up() {
    echo "make run: $*" >&2
    exit 1
}

work=$(mktemp -d)
log=$work/serve.log
: >"$work/serve.out"
service=
finish() {
    trap - EXIT INT TERM
    if [ -n "$service" ]; then
        # Ctrl-C in a terminal reaches the service as well: it may be stopping already.
        printf '\nstopping ...\n'
        kill -TERM "$service" 2>/dev/null || true
        wait "$service" || true
        echo "stopped; everything is kept in $demo (remove it to begin anew)"
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 0' INT TERM

is_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port=${DOORKNOCK_PORT:-8080}
while is_busy "$port"; do
    echo "port $port is taken, trying the next"
    port=$((port + 1))
done
url=http://127.0.0.1:$port
phone=
if [ "${PHONE:-0}" != 0 ]; then
    phone=${DOORKNOCK_HOST:-$(hostname -I 2>/dev/null | awk '{print $1}')}
    [ -n "$phone" ] || give_up "this machine has no address in a network; name it with DOORKNOCK_HOST=…"
fi

# Starts the service with these arguments and waits until it listens.
serve() {
    : >"$work/serve.out"
    "$doorknock" serve "$@" --data-dir "$data" >"$work/serve.out" 2>>"$log" &
    service=$!
    until grep -q 'listening on' "$work/serve.out"; do
        if ! kill -0 "$service" 2>/dev/null; then
            service=
            tail -n 3 "$log" >&2
            if grep -q 'applied migration' "$log"; then
                give_up "what is in $demo was made by another version of this program; begin anew with: rm -r $demo"
            fi
            exit 1
        fi
        sleep 0.1
    done
    cat "$work/serve.out"
}

mkdir -p "$demo" || give_up "the directory $demo cannot be made"

say "1. The service starts on a private database in $data"
serve --listen "127.0.0.1:$port"

say "2. A community of six estates, its survey moved to these days"
if [ ! -d "$setup" ]; then
    rm -rf "$setup.new"
    "$doorknock" simulate --setup fixtures/yongxin --setup-out "$setup.new" --out "$batches" --gzip >/dev/null
    mv "$setup.new" "$setup"
fi
sed -n 's/^\(starts_on\|ends_on\) *= *"\(.*\)"/  \1 \2/p' "$setup/survey.toml"
"$doorknock" setup "$setup" --data-dir "$data"

say "3. Eight phones collected offline for a week, and now find a network"
# Up to this minute and never beyond the survey's end: fifteen days are all of it.
"$doorknock" simulate --setup "$setup" --days 15 --out "$batches" --gzip
"$doorknock" token --devices "$batches/devices.json" --data-dir "$data" >/dev/null
"$doorknock" upload "$batches"/0*.json.gz --summary --data-dir "$data" --url "$url" \
    || echo "not everything was taken; remove $demo to begin anew"

say "4. How far it got"
"$doorknock" completion --data-dir "$data"
echo
echo "What residents need most, from the needs form that is asked after the census form:"
"$doorknock" form tally needs needs --data-dir "$data"

say "5. Families met twice, and how that is known"
"$doorknock" links --data-dir "$data"

say "6. Tomorrow, the walk of Liu Yang (e01): the first doors, and why (* an appointment)"
"$doorknock" plan --data-dir "$data" --area "$community" --enumerator e01 --on tomorrow --first 12

if [ -n "$phone" ]; then
    say "7. The same over HTTPS, for phones in the network of $phone"
    kill -TERM "$service"
    wait "$service" || true
    "$doorknock" cert "$phone" localhost 127.0.0.1 --data-dir "$data" >/dev/null 2>&1 || give_up "no certificate could be made for $phone"
    case $phone in *:*) url="https://[$phone]:$port" ;; *) url=https://$phone:$port ;; esac
    serve --listen "0.0.0.0:$port" --tls-cert "$data/tls/server.crt" --tls-key "$data/tls/server.key"
fi

say "Look at it"
supervisor=s01
token=$("$doorknock" token "$supervisor" --data-dir "$data")
password=$(od -An -N9 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" | "$doorknock" passwd "$supervisor" --data-dir "$data" 2>/dev/null
[ -z "$phone" ] || options="--cacert $data/tls/ca.crt "
cat <<END
  address    $url
  sign in    $supervisor, password $password
  token      $token
  try        curl ${options:-}-H "Authorization: Bearer $token" "$url/v1/return-visits?limit=3"
  log        $log
END

say "Knock at a door yourself, as Liu Yang (e01)"
if [ -n "$phone" ]; then
    cat <<END
A phone keeps the page for use without a network once it trusts this machine. Three steps, once:
  1. On the phone open $url/ca.crt (the browser warns: go on) and save the file.
  2. Install it: Settings, Security, Encryption and credentials, Install a certificate, CA certificate. It must have this fingerprint:
     $(openssl x509 -in "$data/tls/ca.crt" -noout -fingerprint -sha256 2>/dev/null | sed 's/.*=//')
  3. Close the browser, open it again, and open the address below or its picture with the camera.
END
else
    echo "Open this in a browser on this machine. A phone in the same network needs HTTPS: make run PHONE=1"
fi
"$doorknock" enrol-code e01 --url "$url" --data-dir "$data" || echo "no code could be made; a supervisor makes one on the page Devices"
printf '\nCtrl-C stops the service and its database.\n'
if wait "$service"; then exit 0; fi
service=
tail -n 3 "$log" >&2
give_up "the service has ended"
