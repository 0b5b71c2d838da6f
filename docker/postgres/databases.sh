#!/bin/sh
# Runs once, in an empty cluster: a database and an account of its own for the bridge and for Redmine.
set -eu
for name in bridge redmine; do
  psql --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
    --set=name="$name" --set=password="$(cat "${SECRETS:-/run/secrets}/${name}_db_password")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
SQL
done
