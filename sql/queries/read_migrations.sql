-- List the versions of the applied migrations.
select version from schema_migrations order by version
