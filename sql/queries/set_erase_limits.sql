-- Set the session's name, and limit its waits for writers and its long statements.
select
    set_config('application_name', 'fleetgauge-erase', false),
    set_config('lock_timeout', (%(patience_s)s * 1000)::integer::text, false),
    set_config('statement_timeout', '30min', false)
