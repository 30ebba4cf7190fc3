-- Tell whether any migration ever ran here.
select to_regclass('schema_migrations') is not null as present
