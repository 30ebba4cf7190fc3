-- Segmented by agent, because queries read an agent's rows together. A later migration cannot change
-- this for chunks that are in the columnstore already.
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
