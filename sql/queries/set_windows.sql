-- Set the start of the refresh window for the session that runs the repeatable files.
select set_config('fleetgauge.refresh_start_days', %(refresh_start_days)s::text, false)
