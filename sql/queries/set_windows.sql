-- Tell the session that runs repeatable SQL how long what is kept.
select
    set_config('fleetgauge.refresh_start_days', %(refresh_start_days)s::text, false),
    set_config('fleetgauge.raw_retention_days', %(raw_retention_days)s::text, false),
    set_config('fleetgauge.metrics_5m_retention_days', %(metrics_5m_retention_days)s::text, false),
    set_config('fleetgauge.metrics_1h_retention_days', %(metrics_1h_retention_days)s::text, false)
