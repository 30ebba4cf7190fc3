-- Read the identity of the database and of the current run of its server.
select server_identity()
