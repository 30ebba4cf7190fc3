-- List agent keys that have rows in other tables but no row in agents.
with missing as materialized (
    select array(
        select given.key
        from generate_series(
            1, pg_sequence_last_value(pg_get_serial_sequence('agents', 'agent_key')::regclass)
        ) as given (key)
        where not exists (select from agents where agent_key = given.key)
    )::integer[] as keys
)
select agent_key from agent_latest where agent_key = any((select keys from missing)::integer[])
union
select agent_key from agent_states where agent_key = any((select keys from missing)::integer[])
union
select agent_key from agent_metrics_1d where agent_key = any((select keys from missing)::integer[])
order by 1
