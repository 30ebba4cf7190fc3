-- Let the server's jobs go on.
select pg_advisory_unlock(0x72656672657368)
