-- Find the schema of Fleetgauge's tables if the search_path is the usual one and does not include them.
select relnamespace::regnamespace::text as schema
from pg_class
where relname = 'ingest_offsets' and relkind = 'r'
    and current_setting('search_path') = %(search_path)s
    and to_regclass('ingest_offsets') is null
limit 1
