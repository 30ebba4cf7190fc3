-- Tell this database from every other that runs at this moment, copies of its files included.
select
    current_database() as name,
    oid::text as oid,
    pg_postmaster_start_time() as started_at
from pg_database
where datname = current_database()
