-- Set the platform's shard to which this transaction adds.
select set_config('fleetgauge.shard', %(shard)s::text, true)
