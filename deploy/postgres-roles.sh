#!/bin/sh
# Run once by the image of PostgreSQL, on an empty data directory: the database, its owner, and the role of the nodes.
set -eu
psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" <<'SQL'
create role realtime_owner login password :'owner_password';
create role realtime_app login password :'app_password';
create database realtime owner realtime_owner;
revoke temporary on database realtime from public;
SQL
