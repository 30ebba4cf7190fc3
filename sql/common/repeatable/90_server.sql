-- Runs after every file that creates a trigger. Ingest needs this function to claim a partition, so it
-- cannot write before the first migration has created all triggers.

-- Identifies the database and the current run of its server. A database can be restored to an earlier
-- state or replaced by another only with a server restart or under another oid.
create or replace function server_identity() returns text
language sql stable
return (
    select concat_ws('/', oid, extract(epoch from pg_postmaster_start_time()))
    from pg_database
    where datname = current_database()
);

comment on function server_identity() is
    'Identifies this database on this run of its server; after a change, ingest checks cached state again.';
