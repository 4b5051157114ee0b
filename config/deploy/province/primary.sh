#!/bin/bash
# compose.yaml's primary, when it is made: let the standby copy it and follow it.
set -eu
echo "host replication layso all scram-sha-256" >> "$PGDATA/pg_hba.conf"
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
    -c "SELECT pg_create_physical_replication_slot('layso_db_2', true)"
