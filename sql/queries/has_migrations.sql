-- Return whether any migration ran in this database.
select to_regclass('schema_migrations') is not null as present
