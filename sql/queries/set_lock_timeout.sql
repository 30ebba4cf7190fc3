-- Limit the wait for each lock until the transaction ends.
select set_config('lock_timeout', (%(timeout_s)s * 1000)::integer::text, true)
