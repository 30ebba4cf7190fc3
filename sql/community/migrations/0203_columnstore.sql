-- By agent, for an agent's rows are asked for together; a later migration may not change it for what
-- is in the columnstore already.
alter table agent_samples set (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'agent_key',
    timescaledb.orderby = 'ts'
);
alter materialized view agent_metrics_5m set (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'agent_key',
    timescaledb.orderby = 'bucket'
);
alter materialized view agent_metrics_1h set (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'agent_key',
    timescaledb.orderby = 'bucket'
);
