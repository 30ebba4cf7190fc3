-- Name the database and the run of its server that this connection leads to.
select server_identity()
