-- Tell the session that runs repeatable SQL how far back rollups are worked out.
select set_config('fleetgauge.refresh_start_days', %(refresh_start_days)s::text, false)
