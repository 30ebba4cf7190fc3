-- Create the table of applied migrations.
create table if not exists schema_migrations (version varchar primary key)
