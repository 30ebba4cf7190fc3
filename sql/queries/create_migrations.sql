-- Make the table of the migrations that ran.
create table if not exists schema_migrations (version varchar primary key)
