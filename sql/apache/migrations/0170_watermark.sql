-- migrate:up
drop trigger roll_up_samples on agent_samples;
drop function roll_up_samples();
drop view if exists samples, metrics_24h, metrics_7d, metrics_30d, fleet_1h, agents_now;
alter table agent_metrics_5m rename to rollup_5m;
alter table agent_metrics_1h rename to rollup_1h;
alter table agent_metrics_1d rename to rollup_1d;
