#!/bin/bash
# start.sh NAME PORT [OWNER_PID]: a Redmine (Debian's package) of its own on 127.0.0.1:PORT. Installs what is missing, makes the template once,
# copies it, starts Puma and returns while it boots. Prints KEY=VALUE lines. The server ends with OWNER_PID if one is given; else by stop.sh NAME.
# Environment: BRIDGE_TEST_STATE, RM_WORKERS=0 RM_THREADS=5 RM_LOG_LEVEL=warn, RM_SMTP_PORT (mail on), RM_CREATOR_ROLE
. "$(dirname "$(readlink -f "$0")")/../lib.sh"
NAME=$1 PORT=$2 OWNER=${3:-0} USER_=www-data
BASE=$STATE/redmine

environment() { # of the directory $1
  # Debian reads config, log, tmp and files from /var/lib/redmine/$REDMINE_INSTANCE: climb out of it
  ENVIRONMENT=(env -i PATH=/usr/bin:/bin HOME="$APP" LANG=C.UTF-8 TZ=UTC RAILS_ENV=production
    BUNDLE_GEMFILE="$APP/Gemfile" BUNDLE_APP_CONFIG="$APP/.bundle" BUNDLE_SILENCE_ROOT_WARNING=1 RUBYOPT=-W0
    REDMINE_INSTANCE="../../../../../..$1" X_DEBIAN_SITEID="../../../../../..$1" RM_DIR="$1" SCHEMA=/dev/null REDMINE_LANG=en
    RM_PORT="$PORT" RM_WORKERS="${RM_WORKERS:-0}" RM_THREADS="${RM_THREADS:-5}" RM_LOG_LEVEL="${RM_LOG_LEVEL:-warn}"
    ${RM_SMTP_PORT:+RM_SMTP_PORT="$RM_SMTP_PORT"} ${RM_CREATOR_ROLE:+RM_CREATOR_ROLE="$RM_CREATOR_ROLE"})
}
database() { printf 'production:\n  adapter: sqlite3\n  database: %s\n  timeout: 10000\n  pool: 16\n  encoding: utf8\n' "$1/redmine.sqlite3" >"$1/config/database.yml"; }

template() {
  local began=$SECONDS
  rm -rf "$APP"; mkdir -p "$APP" "$APP"/template/{config,log,files,tmp/cache,tmp/pids,public/plugin_assets}
  cp "$HERE"/{config.ru,puma.rb,Gemfile,setup.rb} "$APP/"
  database "$APP/template"
  head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$APP/template/config/secret_key.txt"
  own $USER_ "$APP"
  environment "$APP/template"
  cd "$APP"
  local out=$APP/template/log/setup.log
  as $USER_ "${ENVIRONMENT[@]}" bundle install --local --quiet >"$out" 2>&1 || fail "bundler found no gems" "$out"
  as $USER_ "${ENVIRONMENT[@]}" bundle exec rake -f /usr/share/redmine/Rakefile db:migrate >>"$out" 2>&1 || fail "db:migrate failed" "$out"
  as $USER_ "${ENVIRONMENT[@]}" bundle exec ruby -e 'require "/usr/share/redmine/config/environment"; load ARGV[0]' "$APP/setup.rb" \
    >"$APP/template/facts.json" 2>>"$out" || fail "setup.rb failed" "$out"
  touch "$APP/READY"
  log "template made in $((SECONDS - began)) s"
}

if ! installed redmine && command -v debconf-set-selections >/dev/null && admin true 2>/dev/null; then
  echo 'redmine redmine/instances/default/dbconfig-install boolean false' | admin debconf-set-selections # else it makes a database of its own
fi
packages redmine redmine-sqlite puma
APP=$BASE/$(recipe_key "$(dpkg-query -W redmine)") DIR=$BASE/inst/$NAME
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
database "$DIR"
own $USER_ "$DIR"
environment "$DIR"
cd "$APP"
launch $USER_ "$DIR" "$OWNER" "${ENVIRONMENT[@]}" bundle exec puma -C "$APP/puma.rb"
