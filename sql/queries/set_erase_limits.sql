-- Name the session, and wait for writers and long statements no longer than this.
select
    set_config('application_name', 'fleetgauge-erase', false),
    set_config('lock_timeout', '20s', false),
    set_config('statement_timeout', '30min', false)
