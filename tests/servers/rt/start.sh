#!/bin/bash
# start.sh NAME PORT [OWNER_PID]: a Request Tracker 5 (Debian's package, SQLite, no Apache) of its own on 127.0.0.1:PORT. Installs what is
# missing, makes the template once, copies it, starts the server and returns while it boots. Prints KEY=VALUE lines.
# The server ends with OWNER_PID if one is given; else by stop.sh NAME.
# Environment: BRIDGE_TEST_STATE, RT_WORKERS=4, RT_BCRYPT=5, RT_TZ=UTC (the server's zone), RT_HOOK_URL, RT_HOOK_SECRET
. "$(dirname "$(readlink -f "$0")")/../lib.sh"
NAME=$1 PORT=$2 OWNER=${3:-0} USER_=www-data
BASE=$STATE/rt

configure() { # of the directory $1
  sed -e "s|@HOME@|$1|g;s|@PORT@|$PORT|g;s|@TZ@|${RT_TZ:-UTC}|g;s|@BCRYPT@|${RT_BCRYPT:-5}|g" "$APP/RT_SiteConfig.pm.in" >"$1/RT_SiteConfig.pm"
  ENVIRONMENT=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$1" LANG=C.UTF-8 TZ=UTC
    RT_SITE_CONFIG="$1/RT_SiteConfig.pm" RT_SITE_CONFIG_DIR="$1/conf.d")
}
template() {
  local began=$SECONDS dir=$APP/template out=$APP/template/log/setup.log
  rm -rf "$APP"; mkdir -p "$dir"/{log,session,mason,conf.d}
  cp "$HERE"/{bootstrap.pl,hook.pl,RT_SiteConfig.pm.in} "$APP/"
  configure "$dir"
  own $USER_ "$APP"
  cd "$APP"
  as $USER_ "${ENVIRONMENT[@]}" rt-setup-database-5 --action init --skip-create >"$out" 2>&1 || fail "rt-setup-database-5 failed" "$out"
  as $USER_ "${ENVIRONMENT[@]}" perl "$APP/bootstrap.pl" "$dir/facts.json" >>"$out" 2>&1 || fail "bootstrap.pl failed" "$out"
  touch "$APP/READY"
  log "template made in $((SECONDS - began)) s"
}

want="request-tracker5 rt5-standalone rt5-db-sqlite"
# the database is made here, not by dbconfig; a mail agent is wanted only where the machine has none (msmtp-mta would replace it)
installed dbconfig-common || want="$want dbconfig-no-thanks"
[ -e /usr/sbin/sendmail ] || want="$want msmtp-mta"
if ! installed request-tracker5 && command -v debconf-set-selections >/dev/null && admin true 2>/dev/null; then
  admin debconf-set-selections <<'ANSWERS'
request-tracker5 request-tracker5/rtname string itsm.test
request-tracker5 request-tracker5/organization string itsm.test
request-tracker5 request-tracker5/handle-siteconfig-permissions boolean true
request-tracker5 request-tracker5/dbconfig-install boolean false
ANSWERS
fi
packages $want
APP=$BASE/$(recipe_key "$(dpkg-query -W request-tracker5)") DIR=$BASE/inst/$NAME
mkdir -p "$BASE/inst"
reachable $USER_ "$BASE"
(
  flock 9
  sweep "$BASE/inst"
  [ -e "$APP/READY" ] || template
) 9>"$BASE/lock"

[ ! -e "$DIR" ] || fail "an instance named $NAME exists already"
cp -r "$APP/template" "$DIR"
rm -rf "$DIR"/log/*
configure "$DIR"
own $USER_ "$DIR"
cd "$APP"
if [ -n "${RT_HOOK_URL:-}" ]; then
  as $USER_ "${ENVIRONMENT[@]}" perl "$APP/hook.pl" "$RT_HOOK_URL" "${RT_HOOK_SECRET:-}" >"$DIR/log/hook.log" 2>&1 || fail "hook.pl failed" "$DIR/log/hook.log"
fi
launch $USER_ "$DIR" "$OWNER" "${ENVIRONMENT[@]}" /usr/share/request-tracker5/libexec/rt-server --host 127.0.0.1 --port "$PORT" \
  --max-workers "${RT_WORKERS:-4}" --max-reqs-per-child 5000
