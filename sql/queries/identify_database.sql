-- Identify this database among all running ones, including copies of its files.
select
    current_database() as name,
    oid::text as oid,
    pg_postmaster_start_time() as started_at
from pg_database
where datname = current_database()
