-- Name the platform rollup's shard that this transaction adds to.
select set_config('fleetgauge.shard', %(shard)s::text, true)
