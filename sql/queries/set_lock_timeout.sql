-- Wait for each lock no longer than this until the transaction ends.
select set_config('lock_timeout', (%(timeout_s)s * 1000)::integer::text, true)
