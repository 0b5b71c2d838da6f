#!/bin/bash
# start.sh NAME PORT [OWNER_PID]: a PostgreSQL cluster of its own on 127.0.0.1:PORT, superuser "bridge" without a password, not durable.
# Installs what is missing, runs initdb once, copies the result, starts the server and returns. Prints KEY=VALUE lines.
# The server ends with OWNER_PID if one is given; else by stop.sh NAME. Environment: BRIDGE_TEST_STATE
. "$(dirname "$(readlink -f "$0")")/../lib.sh"
NAME=$1 PORT=$2 OWNER=${3:-0} USER_=postgres
BASE=$STATE/postgres
newest() { ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -1; }

if [ -z "$(newest)" ]; then
  packages postgresql-common
  conf=/etc/postgresql-common/createcluster.conf # no cluster "main" on port 5432 that nobody asked for
  trap '[ ! -e $conf.before ] || admin mv $conf.before $conf' EXIT
  admin sed -i.before 's/^#\?create_main_cluster.*/create_main_cluster = false/' $conf
  packages postgresql
fi
BIN=$(dirname "$(newest)")
APP=$BASE/$(recipe_key "$("$BIN/postgres" --version)") DIR=$BASE/inst/$NAME

template() {
  local began=$SECONDS out=$APP/template/log/setup.log
  rm -rf "$APP"; mkdir -p "$APP/template/log"
  own $USER_ "$APP"
  cd "$APP"
  as $USER_ "$BIN/initdb" -D "$APP/template/data" -U bridge -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$out" 2>&1 || fail "initdb failed" "$out"
  touch "$APP/READY"
  log "template made in $((SECONDS - began)) s"
}

mkdir -p "$BASE/inst"
reachable $USER_ "$BASE"
(
  flock 9
  sweep "$BASE/inst"
  [ -e "$APP/READY" ] || template
) 9>"$BASE/lock"

[ ! -e "$DIR" ] || fail "an instance named $NAME exists already"
cp -r "$APP/template" "$DIR"
own $USER_ "$DIR"
cd "$APP"
launch $USER_ "$DIR" "$OWNER" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 TZ=UTC "$BIN/postgres" -D "$DIR/data" -p "$PORT" \
  -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c fsync=off -c synchronous_commit=off -c full_page_writes=off
