#!/bin/bash
# compose.yaml's standby: the first start copies the primary, every start follows it.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    until PGPASSWORD="$POSTGRES_PASSWORD" pg_basebackup -h layso-db-1 -U layso -D "$PGDATA" -X stream -S layso_db_2 \
        -d "application_name=layso_db_2" -R -c fast; do
        rm -rf "${PGDATA:?}"/*
        sleep 2
    done
fi
exec "$@"
