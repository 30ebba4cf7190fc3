-- Runs after every file that creates a trigger: ingest claims no partition without this function, so it
-- never writes past a trigger that the first migration has yet to create.

-- Which server this is, as long as it runs: a database only goes back in time, or is replaced by
-- another, by a restart of its server, or under another oid.
create or replace function server_identity() returns text
language sql stable
return (
    select concat_ws('/', oid, extract(epoch from pg_postmaster_start_time()))
    from pg_database
    where datname = current_database()
);

comment on function server_identity() is
    'Names this database on this run of its server; what is remembered of another is checked again.';
