-- List the versions of the migrations that ran here.
select version from schema_migrations order by version
