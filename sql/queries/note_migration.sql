-- Record that a migration ran.
insert into schema_migrations (version) values (%(version)s)
