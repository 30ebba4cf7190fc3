-- Let the server's jobs continue.
select pg_advisory_unlock(0x72656672657368)
