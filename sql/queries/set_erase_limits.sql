-- Name the session, and wait for writers and long statements no longer than this.
select
    set_config('application_name', 'fleetgauge-erase', false),
    set_config('lock_timeout', (%(patience_s)s * 1000)::integer::text, false),
    set_config('statement_timeout', '30min', false)
