-- List the privileges that ingest needs and this role lacks: privilege, kind of object, name.
with tables as (
    select oid, relnamespace, relkind from pg_class
    where relnamespace in (select relnamespace from pg_class where relname = 'ingest_offsets')
        and not exists (
            select from pg_depend where objid = pg_class.oid and deptype in ('e', 'i')
        )
), schemas as (
    select distinct relnamespace as oid from tables
)
select 'temporary' as privilege, 'database' as kind, quote_ident(current_database()) as name
where not has_database_privilege(current_database(), 'temporary')
union all
select 'usage', 'schema', oid::regnamespace::text from schemas
where not has_schema_privilege(oid, 'usage')
union all
select privilege, 'table', tables.oid::regclass::text
from tables
cross join unnest(array['select', 'insert', 'update', 'delete']) with ordinality
    as wanted (privilege, place)
where (relkind in ('r', 'p') or relkind in ('v', 'm') and place = 1)
    and not has_table_privilege(tables.oid, privilege)
union all
select 'usage', 'sequence', tables.oid::regclass::text from tables
-- In a CASE, because the function accepts only sequences.
where case when relkind = 'S' then not has_sequence_privilege(tables.oid, 'usage') end
order by kind, privilege, name
