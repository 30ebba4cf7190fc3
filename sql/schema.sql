-- Written by `make schema` from a migrated database of the Apache edition: change sql/*/migrations
-- and sql/*/repeatable. On the community edition agent_metrics_5m, _1h and _1d are continuous
-- aggregates with the same columns, in place of the views and the tables rollup_5m, _1h and _1d;
-- what else differs is in sql/community. A function or procedure is shown without its body; its
-- file is named.


-- sample_sums

CREATE TYPE sample_sums AS (
	bucket timestamp with time zone,
	agent_key integer,
	samples bigint,
	cpu_samples bigint,
	cpu_sum double precision,
	cpu_max real,
	memory_samples bigint,
	memory_sum double precision,
	memory_max real,
	messages bigint,
	errors bigint,
	response_ms_sum double precision,
	response_messages bigint,
	up_buckets bigint
);

COMMENT ON TYPE sample_sums IS 'Sums of an agent''s samples in one bucket: the columns of every level.';


-- schema_migrations

CREATE TABLE schema_migrations (
    version character varying NOT NULL
);

ALTER TABLE ONLY schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);


-- agents

CREATE TABLE agents (
    agent_key integer NOT NULL,
    user_id text NOT NULL,
    agent_id text NOT NULL
);

ALTER TABLE agents ALTER COLUMN agent_key ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME agents_agent_key_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (agent_key);
ALTER TABLE ONLY agents
    ADD CONSTRAINT agents_user_id_agent_id_key UNIQUE (user_id, agent_id);

COMMENT ON TABLE agents IS 'Every agent that ever sent an event. Other tables reference agent_key.';
COMMENT ON COLUMN agents.agent_key IS 'Short key of the agent, never reused.';
COMMENT ON COLUMN agents.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN agents.agent_id IS 'The agent''s own id, unique within its user.';

GRANT SELECT ON TABLE agents TO fleetgauge_analyst;


-- agent_states

CREATE TABLE agent_states (
    agent_key integer NOT NULL,
    ts timestamp with time zone NOT NULL,
    status text NOT NULL,
    reason text,
    running_ts timestamp with time zone,
    removed_ts timestamp with time zone,
    running_after timestamp with time zone GENERATED ALWAYS AS (
CASE
    WHEN ((status = 'removed'::text) OR (removed_ts >= COALESCE(running_ts, '-infinity'::timestamp with time zone))) THEN 'infinity'::timestamp with time zone
    WHEN (status = 'running'::text) THEN '-infinity'::timestamp with time zone
    ELSE (((ts AT TIME ZONE 'UTC'::text) + '00:00:30'::interval) AT TIME ZONE 'UTC'::text)
END) STORED NOT NULL,
    CONSTRAINT agent_states_status_check CHECK ((status = ANY (ARRAY['running'::text, 'stopped'::text, 'failed'::text, 'removed'::text])))
)
WITH (fillfactor='80');

ALTER TABLE ONLY agent_states
    ADD CONSTRAINT agent_states_pkey PRIMARY KEY (agent_key);

CREATE INDEX agent_states_removed ON agent_states USING btree (agent_key) WHERE (running_after = 'infinity'::timestamp with time zone);

COMMENT ON TABLE agent_states IS 'Newest status event of each agent.';
COMMENT ON COLUMN agent_states.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_states.ts IS 'When the agent reached the state.';
COMMENT ON COLUMN agent_states.status IS 'running, stopped, failed or removed.';
COMMENT ON COLUMN agent_states.reason IS 'Reason given by the sender; null without.';
COMMENT ON COLUMN agent_states.running_ts IS 'Time of the newest status running.';
COMMENT ON COLUMN agent_states.removed_ts IS 'Time of the newest status removed.';
COMMENT ON COLUMN agent_states.running_after IS 'A sample after this time makes the agent running. -infinity after running; 30 seconds after stopped or failed; infinity after removed, which lasts until the status running.';


-- agent_latest

CREATE TABLE agent_latest (
    agent_key integer NOT NULL,
    first_ts timestamp with time zone NOT NULL,
    ts timestamp with time zone NOT NULL,
    cpu real,
    memory real,
    storage_ts timestamp with time zone,
    storage_used_mb real,
    storage_total_mb real
)
WITH (fillfactor='50');

ALTER TABLE ONLY agent_latest
    ADD CONSTRAINT agent_latest_pkey PRIMARY KEY (agent_key);

COMMENT ON TABLE agent_latest IS 'Newest sample of each agent before the watermark; agent_newest includes all samples.';
COMMENT ON COLUMN agent_latest.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_latest.first_ts IS 'Time of the agent''s oldest sample.';
COMMENT ON COLUMN agent_latest.ts IS 'Time of the agent''s newest sample.';
COMMENT ON COLUMN agent_latest.cpu IS 'Percent of the CPU the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN agent_latest.memory IS 'Percent of the memory the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN agent_latest.storage_ts IS 'Time of the newest sample that has storage.';
COMMENT ON COLUMN agent_latest.storage_used_mb IS 'Storage in use at storage_ts, MB.';
COMMENT ON COLUMN agent_latest.storage_total_mb IS 'Storage capacity at storage_ts, MB.';


-- agent_samples

CREATE TABLE agent_samples (
    ts timestamp with time zone NOT NULL,
    agent_key integer NOT NULL,
    cpu real,
    memory real,
    messages integer NOT NULL,
    errors integer NOT NULL,
    response_ms real,
    storage_used_mb real,
    storage_total_mb real
);
SELECT create_hypertable('agent_samples', by_range('ts', interval '1 day'));

ALTER TABLE ONLY agent_samples
    ADD CONSTRAINT agent_samples_pkey PRIMARY KEY (agent_key, ts);

CREATE INDEX agent_samples_by_time ON agent_samples USING brin (ts) WITH (autosummarize='on');

COMMENT ON TABLE agent_samples IS 'Every sample, once; identified by agent and time. Kept for the raw retention.';
COMMENT ON COLUMN agent_samples.ts IS 'When the sample was taken.';
COMMENT ON COLUMN agent_samples.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_samples.cpu IS 'Percent of the CPU the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN agent_samples.memory IS 'Percent of the memory the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN agent_samples.messages IS 'Messages processed since the previous sample.';
COMMENT ON COLUMN agent_samples.errors IS 'Errors since the previous sample.';
COMMENT ON COLUMN agent_samples.response_ms IS 'Mean response time of those messages, ms; null if unknown.';
COMMENT ON COLUMN agent_samples.storage_used_mb IS 'Storage in use, MB; null if unknown.';
COMMENT ON COLUMN agent_samples.storage_total_mb IS 'Storage capacity, MB; null if unknown.';


-- rollup_watermark

CREATE TABLE rollup_watermark (
    only_row boolean DEFAULT true NOT NULL,
    frontier timestamp with time zone NOT NULL,
    watermark timestamp with time zone NOT NULL,
    hours_before timestamp with time zone NOT NULL,
    CONSTRAINT rollup_watermark_check CHECK (((hours_before <= watermark) AND (watermark <= frontier))),
    CONSTRAINT rollup_watermark_only_row_check CHECK (only_row)
);

ALTER TABLE ONLY rollup_watermark
    ADD CONSTRAINT rollup_watermark_pkey PRIMARY KEY (only_row);

COMMENT ON TABLE rollup_watermark IS 'How far the samples are aggregated, one row; later ones are only in agent_samples.';
COMMENT ON COLUMN rollup_watermark.only_row IS 'Always true.';
COMMENT ON COLUMN rollup_watermark.frontier IS 'Time up to which the running or last failed refresh aggregates; else the watermark.';
COMMENT ON COLUMN rollup_watermark.watermark IS 'Every sample before it is aggregated: in agent_latest and, on the Apache edition, in rollup_5m.';
COMMENT ON COLUMN rollup_watermark.hours_before IS 'Apache edition: rollup_1h and rollup_1d hold exactly the samples before it.';


-- platform_metrics_1h

CREATE TABLE platform_metrics_1h (
    bucket timestamp with time zone NOT NULL,
    shard integer NOT NULL,
    samples bigint NOT NULL,
    cpu_samples bigint NOT NULL,
    cpu_sum double precision NOT NULL,
    cpu_max real,
    memory_samples bigint NOT NULL,
    memory_sum double precision NOT NULL,
    memory_max real,
    messages bigint NOT NULL,
    errors bigint NOT NULL,
    response_ms_sum double precision NOT NULL,
    response_messages bigint NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY platform_metrics_1h
    ADD CONSTRAINT platform_metrics_1h_pkey PRIMARY KEY (bucket, shard);

COMMENT ON TABLE platform_metrics_1h IS 'Samples of all agents in buckets of 1 hour, in shards to add up.';
COMMENT ON COLUMN platform_metrics_1h.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN platform_metrics_1h.shard IS 'Number of the writer of this row.';
COMMENT ON COLUMN platform_metrics_1h.samples IS 'Number of samples.';
COMMENT ON COLUMN platform_metrics_1h.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN platform_metrics_1h.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN platform_metrics_1h.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN platform_metrics_1h.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN platform_metrics_1h.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN platform_metrics_1h.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN platform_metrics_1h.messages IS 'Messages processed.';
COMMENT ON COLUMN platform_metrics_1h.errors IS 'Errors.';
COMMENT ON COLUMN platform_metrics_1h.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN platform_metrics_1h.response_messages IS 'Messages with a known response time.';


-- platform_agents_1h

CREATE TABLE platform_agents_1h (
    bucket timestamp with time zone NOT NULL,
    agents bigint NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY platform_agents_1h
    ADD CONSTRAINT platform_agents_1h_pkey PRIMARY KEY (bucket);

COMMENT ON TABLE platform_agents_1h IS 'Number of agents with samples in each aggregated hour.';
COMMENT ON COLUMN platform_agents_1h.bucket IS 'Start of the hour.';
COMMENT ON COLUMN platform_agents_1h.agents IS 'Agents with a row in agent_metrics_1h; the number stays when retention drops those rows.';


-- platform_summary

CREATE TABLE platform_summary (
    only_row boolean DEFAULT true NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    took interval NOT NULL,
    agents bigint NOT NULL,
    agents_active bigint NOT NULL,
    agents_failed bigint NOT NULL,
    storage_used_mb double precision NOT NULL,
    storage_total_mb double precision NOT NULL,
    uptime_at timestamp with time zone NOT NULL,
    uptime_took interval NOT NULL,
    uptime_upto timestamp with time zone NOT NULL,
    buckets bigint NOT NULL,
    buckets_up bigint NOT NULL,
    CONSTRAINT platform_summary_only_row_check CHECK (only_row)
);

ALTER TABLE ONLY platform_summary
    ADD CONSTRAINT platform_summary_pkey PRIMARY KEY (only_row);

COMMENT ON TABLE platform_summary IS 'Counts of the fleet as of the last refresh, one row.';
COMMENT ON COLUMN platform_summary.only_row IS 'Always true.';
COMMENT ON COLUMN platform_summary.counted_at IS 'When it was counted, by the database''s clock.';
COMMENT ON COLUMN platform_summary.took IS 'How long counting took.';
COMMENT ON COLUMN platform_summary.agents IS 'Agents that sent a sample or a status and are not removed.';
COMMENT ON COLUMN platform_summary.agents_active IS 'Agents that are running and sent a sample in the last 5 minutes.';
COMMENT ON COLUMN platform_summary.agents_failed IS 'Agents that have failed.';
COMMENT ON COLUMN platform_summary.storage_used_mb IS 'Sum of their newest storage in use, MB.';
COMMENT ON COLUMN platform_summary.storage_total_mb IS 'Sum of their newest storage capacity, MB.';
COMMENT ON COLUMN platform_summary.uptime_at IS 'When the buckets were counted.';
COMMENT ON COLUMN platform_summary.uptime_took IS 'How long counting the buckets took.';
COMMENT ON COLUMN platform_summary.uptime_upto IS 'Start of the bucket of the watermark at that time.';
COMMENT ON COLUMN platform_summary.buckets IS '5-minute buckets since each agent''s first sample, in 30 UTC days, summed over agents.';
COMMENT ON COLUMN platform_summary.buckets_up IS 'Those buckets with a sample.';


-- platform_heartbeats

CREATE TABLE platform_heartbeats (
    minute timestamp with time zone NOT NULL,
    CONSTRAINT platform_heartbeats_minute_check CHECK ((minute = date_trunc('minute'::text, minute, 'UTC'::text)))
);

ALTER TABLE ONLY platform_heartbeats
    ADD CONSTRAINT platform_heartbeats_pkey PRIMARY KEY (minute);

CREATE TRIGGER count_heartbeats AFTER INSERT ON platform_heartbeats REFERENCING NEW TABLE AS new_heartbeats FOR EACH STATEMENT EXECUTE FUNCTION count_heartbeats();

COMMENT ON TABLE platform_heartbeats IS 'Minutes in which ingest ran: those of the last 33 days, and the first of all.';
COMMENT ON COLUMN platform_heartbeats.minute IS 'Start of the minute, UTC.';


-- platform_heartbeat_days

CREATE TABLE platform_heartbeat_days (
    day date NOT NULL,
    minutes integer NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY platform_heartbeat_days
    ADD CONSTRAINT platform_heartbeat_days_pkey PRIMARY KEY (day);

COMMENT ON TABLE platform_heartbeat_days IS 'Number of minutes of each day in which ingest ran.';
COMMENT ON COLUMN platform_heartbeat_days.day IS 'UTC day.';
COMMENT ON COLUMN platform_heartbeat_days.minutes IS 'Minutes in which ingest ran.';


-- agent_summary

CREATE TABLE agent_summary (
    agent_key integer NOT NULL,
    state text NOT NULL,
    is_of_event boolean NOT NULL,
    since timestamp with time zone NOT NULL,
    resumed_at timestamp with time zone,
    first_ts timestamp with time zone,
    ts timestamp with time zone,
    cpu real,
    memory real,
    storage_used_mb real,
    storage_total_mb real,
    messages_15m bigint NOT NULL,
    errors_15m bigint NOT NULL,
    response_ms_sum_15m double precision NOT NULL,
    response_messages_15m bigint NOT NULL,
    messages_1h bigint NOT NULL,
    errors_1h bigint NOT NULL,
    response_ms_sum_1h double precision NOT NULL,
    response_messages_1h bigint NOT NULL,
    messages_24h bigint NOT NULL,
    errors_24h bigint NOT NULL,
    response_ms_sum_24h double precision NOT NULL,
    response_messages_24h bigint NOT NULL,
    CONSTRAINT agent_summary_state_check CHECK ((state = ANY (ARRAY['failed'::text, 'inactive'::text, 'active'::text, 'removed'::text])))
)
WITH (fillfactor='45');

ALTER TABLE ONLY agent_summary
    ADD CONSTRAINT agent_summary_pkey PRIMARY KEY (agent_key);

CREATE INDEX agent_summary_by_state ON agent_summary USING btree (state, since DESC, agent_key);

COMMENT ON TABLE agent_summary IS 'Each agent as of the last refresh, for lists of the whole fleet; an erase deletes its row at once.';
COMMENT ON COLUMN agent_summary.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_summary.state IS 'Effective state: active, inactive, failed or removed.';
COMMENT ON COLUMN agent_summary.is_of_event IS 'Whether the newest status event is the cause of the state; otherwise its samples are, or their end.';
COMMENT ON COLUMN agent_summary.since IS 'When that state began.';
COMMENT ON COLUMN agent_summary.resumed_at IS 'First sample after the newest silence, stop or failure whose end a refresh has seen; null without.';
COMMENT ON COLUMN agent_summary.first_ts IS 'Time of its oldest sample; null without.';
COMMENT ON COLUMN agent_summary.ts IS 'Time of its newest sample; null without.';
COMMENT ON COLUMN agent_summary.cpu IS 'CPU percent of the newest sample.';
COMMENT ON COLUMN agent_summary.memory IS 'Memory percent of the newest sample.';
COMMENT ON COLUMN agent_summary.storage_used_mb IS 'Storage in use in the newest sample that has it, MB.';
COMMENT ON COLUMN agent_summary.storage_total_mb IS 'Storage capacity in the same sample, MB.';
COMMENT ON COLUMN agent_summary.messages_15m IS 'Messages in the newest 15m of 5-minute buckets.';
COMMENT ON COLUMN agent_summary.errors_15m IS 'Errors in these buckets.';
COMMENT ON COLUMN agent_summary.response_ms_sum_15m IS 'Sum of response time times messages in these buckets, ms.';
COMMENT ON COLUMN agent_summary.response_messages_15m IS 'Messages with a known response time in these buckets.';
COMMENT ON COLUMN agent_summary.messages_1h IS 'Messages in the newest 1h of 5-minute buckets.';
COMMENT ON COLUMN agent_summary.errors_1h IS 'Errors in these buckets.';
COMMENT ON COLUMN agent_summary.response_ms_sum_1h IS 'Sum of response time times messages in these buckets, ms.';
COMMENT ON COLUMN agent_summary.response_messages_1h IS 'Messages with a known response time in these buckets.';
COMMENT ON COLUMN agent_summary.messages_24h IS 'Messages in the newest 24h of 5-minute buckets.';
COMMENT ON COLUMN agent_summary.errors_24h IS 'Errors in these buckets.';
COMMENT ON COLUMN agent_summary.response_ms_sum_24h IS 'Sum of response time times messages in these buckets, ms.';
COMMENT ON COLUMN agent_summary.response_messages_24h IS 'Messages with a known response time in these buckets.';


-- agent_windows

CREATE TABLE agent_windows (
    agent_key integer NOT NULL,
    messages_15m bigint NOT NULL,
    errors_15m bigint NOT NULL,
    response_ms_sum_15m double precision NOT NULL,
    response_messages_15m bigint NOT NULL,
    messages_1h bigint NOT NULL,
    errors_1h bigint NOT NULL,
    response_ms_sum_1h double precision NOT NULL,
    response_messages_1h bigint NOT NULL,
    messages_24h bigint NOT NULL,
    errors_24h bigint NOT NULL,
    response_ms_sum_24h double precision NOT NULL,
    response_messages_24h bigint NOT NULL
)
WITH (fillfactor='45');

ALTER TABLE ONLY agent_windows
    ADD CONSTRAINT agent_windows_pkey PRIMARY KEY (agent_key);

COMMENT ON TABLE agent_windows IS 'The part of the sums in agent_summary before the watermark.';
COMMENT ON COLUMN agent_windows.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_windows.messages_15m IS 'Messages in the newest 15m of 5-minute buckets.';
COMMENT ON COLUMN agent_windows.errors_15m IS 'Errors in these buckets.';
COMMENT ON COLUMN agent_windows.response_ms_sum_15m IS 'Sum of response time times messages in these buckets, ms.';
COMMENT ON COLUMN agent_windows.response_messages_15m IS 'Messages with a known response time in these buckets.';
COMMENT ON COLUMN agent_windows.messages_1h IS 'Messages in the newest 1h of 5-minute buckets.';
COMMENT ON COLUMN agent_windows.errors_1h IS 'Errors in these buckets.';
COMMENT ON COLUMN agent_windows.response_ms_sum_1h IS 'Sum of response time times messages in these buckets, ms.';
COMMENT ON COLUMN agent_windows.response_messages_1h IS 'Messages with a known response time in these buckets.';
COMMENT ON COLUMN agent_windows.messages_24h IS 'Messages in the newest 24h of 5-minute buckets.';
COMMENT ON COLUMN agent_windows.errors_24h IS 'Errors in these buckets.';
COMMENT ON COLUMN agent_windows.response_ms_sum_24h IS 'Sum of response time times messages in these buckets, ms.';
COMMENT ON COLUMN agent_windows.response_messages_24h IS 'Messages with a known response time in these buckets.';


-- agent_summary_run

CREATE TABLE agent_summary_run (
    only_row boolean DEFAULT true NOT NULL,
    kept_at timestamp with time zone NOT NULL,
    took interval NOT NULL,
    windows_at timestamp with time zone NOT NULL,
    windows_upto timestamp with time zone NOT NULL,
    active bigint NOT NULL,
    inactive bigint NOT NULL,
    failed bigint NOT NULL,
    removed bigint NOT NULL,
    CONSTRAINT agent_summary_run_only_row_check CHECK (only_row)
);

ALTER TABLE ONLY agent_summary_run
    ADD CONSTRAINT agent_summary_run_pkey PRIMARY KEY (only_row);

COMMENT ON TABLE agent_summary_run IS 'When agent_summary and agent_windows were last updated, one row.';
COMMENT ON COLUMN agent_summary_run.only_row IS 'Always true.';
COMMENT ON COLUMN agent_summary_run.kept_at IS 'Time of the state in agent_summary, by the database''s clock.';
COMMENT ON COLUMN agent_summary_run.took IS 'How long the update took.';
COMMENT ON COLUMN agent_summary_run.windows_at IS 'Time at which the windows in agent_windows end.';
COMMENT ON COLUMN agent_summary_run.windows_upto IS 'The watermark at that time.';
COMMENT ON COLUMN agent_summary_run.active IS 'Active agents in agent_summary.';
COMMENT ON COLUMN agent_summary_run.inactive IS 'Inactive agents in agent_summary.';
COMMENT ON COLUMN agent_summary_run.failed IS 'Failed agents in agent_summary.';
COMMENT ON COLUMN agent_summary_run.removed IS 'Removed agents in agent_summary.';


-- ingest_offsets

CREATE TABLE ingest_offsets (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    cluster_id text NOT NULL,
    topic_id uuid,
    last_record_offset bigint,
    last_record_ts timestamp with time zone,
    last_record_crc bigint,
    CONSTRAINT ingest_offsets_check CHECK ((last_record_offset < next_offset)),
    CONSTRAINT ingest_offsets_check1 CHECK (((last_record_offset IS NULL) = (last_record_ts IS NULL))),
    CONSTRAINT ingest_offsets_check2 CHECK (((last_record_ts IS NULL) = (last_record_crc IS NULL))),
    CONSTRAINT ingest_offsets_next_offset_check CHECK ((next_offset >= 0))
)
WITH (fillfactor='50');

ALTER TABLE ONLY ingest_offsets
    ADD CONSTRAINT ingest_offsets_pkey PRIMARY KEY (topic, partition);

COMMENT ON TABLE ingest_offsets IS 'Stored offset and claim of each partition.';
COMMENT ON COLUMN ingest_offsets.topic IS 'Kafka topic.';
COMMENT ON COLUMN ingest_offsets.partition IS 'Kafka partition.';
COMMENT ON COLUMN ingest_offsets.next_offset IS 'First offset that is not stored yet.';
COMMENT ON COLUMN ingest_offsets.epoch IS 'Increases by one with each claim; writes with an older epoch are refused.';
COMMENT ON COLUMN ingest_offsets.cluster_id IS 'Kafka cluster the offsets belong to.';
COMMENT ON COLUMN ingest_offsets.topic_id IS 'Id of the topic the offsets belong to; null if it is not known.';
COMMENT ON COLUMN ingest_offsets.last_record_offset IS 'Offset of the last record before next_offset; control records may lie in between.';
COMMENT ON COLUMN ingest_offsets.last_record_ts IS 'Broker time of that record.';
COMMENT ON COLUMN ingest_offsets.last_record_crc IS 'CRC-32 of that record''s key and value; detects a recreated topic.';


-- ingest_groups

CREATE TABLE ingest_groups (
    topic text NOT NULL,
    consumer_group text NOT NULL,
    seen_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY ingest_groups
    ADD CONSTRAINT ingest_groups_pkey PRIMARY KEY (topic, consumer_group);

COMMENT ON TABLE ingest_groups IS 'Consumer groups whose ingest writes this database.';
COMMENT ON COLUMN ingest_groups.topic IS 'Kafka topic that the group reads.';
COMMENT ON COLUMN ingest_groups.consumer_group IS 'The group, FLEETGAUGE_CONSUMER_GROUP.';
COMMENT ON COLUMN ingest_groups.seen_at IS 'When an ingest of the group last ran on this database, by the server''s clock.';


-- deployments

CREATE TABLE deployments (
    user_id text NOT NULL,
    deployment_id text NOT NULL,
    agent_id text NOT NULL,
    ts timestamp with time zone NOT NULL,
    status text NOT NULL,
    CONSTRAINT deployments_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'succeeded'::text, 'failed'::text])))
);

ALTER TABLE ONLY deployments
    ADD CONSTRAINT deployments_pkey PRIMARY KEY (user_id, deployment_id);

CREATE INDEX deployments_by_agent ON deployments USING btree (user_id, agent_id, ts);

CREATE TRIGGER count_changed_deployments AFTER UPDATE ON deployments REFERENCING OLD TABLE AS old_deployments NEW TABLE AS new_deployments FOR EACH STATEMENT EXECUTE FUNCTION count_changed_deployments();
CREATE TRIGGER count_new_deployments AFTER INSERT ON deployments REFERENCING NEW TABLE AS new_deployments FOR EACH STATEMENT EXECUTE FUNCTION count_new_deployments();

COMMENT ON TABLE deployments IS 'Newest status of each deployment.';
COMMENT ON COLUMN deployments.user_id IS 'User the deployment belongs to.';
COMMENT ON COLUMN deployments.deployment_id IS 'The deployment, unique within its user.';
COMMENT ON COLUMN deployments.agent_id IS 'Agent that was deployed.';
COMMENT ON COLUMN deployments.ts IS 'When it reached the status.';
COMMENT ON COLUMN deployments.status IS 'pending, succeeded or failed.';


-- deployment_counts

CREATE TABLE deployment_counts (
    status text NOT NULL,
    shard integer NOT NULL,
    deployments bigint NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY deployment_counts
    ADD CONSTRAINT deployment_counts_pkey PRIMARY KEY (status, shard);

COMMENT ON TABLE deployment_counts IS 'Number of deployments by newest status, in shards to add up.';
COMMENT ON COLUMN deployment_counts.status IS 'pending, succeeded or failed.';
COMMENT ON COLUMN deployment_counts.shard IS 'Number of the writer of this row.';
COMMENT ON COLUMN deployment_counts.deployments IS 'Deployments that reached the status minus those that left it, by this writer.';


-- payments

CREATE TABLE payments (
    user_id text NOT NULL,
    payment_id text NOT NULL,
    ts timestamp with time zone NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    CONSTRAINT payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);

ALTER TABLE ONLY payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (user_id, payment_id);

CREATE INDEX payments_by_time ON payments USING btree (user_id, ts) INCLUDE (currency, amount);

CREATE TRIGGER roll_up_payments AFTER INSERT ON payments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION roll_up_payments();

COMMENT ON TABLE payments IS 'Every payment, once.';
COMMENT ON COLUMN payments.user_id IS 'User who was paid.';
COMMENT ON COLUMN payments.payment_id IS 'The payment, unique within its user.';
COMMENT ON COLUMN payments.ts IS 'When it was paid.';
COMMENT ON COLUMN payments.amount IS 'Minor units of the currency; negative for a refund.';
COMMENT ON COLUMN payments.currency IS 'ISO 4217 code.';


-- revenue_days

CREATE TABLE revenue_days (
    user_id text NOT NULL,
    day date NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    payments bigint NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY revenue_days
    ADD CONSTRAINT revenue_days_pkey PRIMARY KEY (user_id, day, currency);

COMMENT ON TABLE revenue_days IS 'Payments of each user, UTC day and currency, added up.';
COMMENT ON COLUMN revenue_days.user_id IS 'User who was paid.';
COMMENT ON COLUMN revenue_days.day IS 'UTC day.';
COMMENT ON COLUMN revenue_days.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN revenue_days.amount IS 'Sum in minor units of the currency, less refunds.';
COMMENT ON COLUMN revenue_days.payments IS 'Number of payments, including refunds.';


-- revenue_totals

CREATE TABLE revenue_totals (
    user_id text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    payments bigint NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY revenue_totals
    ADD CONSTRAINT revenue_totals_pkey PRIMARY KEY (user_id, currency);

COMMENT ON TABLE revenue_totals IS 'Payments of each user and currency, added up over all time.';
COMMENT ON COLUMN revenue_totals.user_id IS 'User who was paid.';
COMMENT ON COLUMN revenue_totals.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN revenue_totals.amount IS 'Sum in minor units of the currency, less refunds.';
COMMENT ON COLUMN revenue_totals.payments IS 'Number of payments, including refunds.';


-- bookings

CREATE TABLE bookings (
    user_id text NOT NULL,
    booking_id text NOT NULL,
    ts timestamp with time zone NOT NULL,
    status text NOT NULL,
    CONSTRAINT bookings_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'completed'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY bookings
    ADD CONSTRAINT bookings_pkey PRIMARY KEY (user_id, booking_id);

CREATE TRIGGER count_changed_bookings AFTER UPDATE ON bookings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_changed_bookings();
CREATE TRIGGER count_new_bookings AFTER INSERT ON bookings REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_new_bookings();

COMMENT ON TABLE bookings IS 'Newest status of each booking.';
COMMENT ON COLUMN bookings.user_id IS 'User the booking belongs to.';
COMMENT ON COLUMN bookings.booking_id IS 'The booking, unique within its user.';
COMMENT ON COLUMN bookings.ts IS 'When it reached the status.';
COMMENT ON COLUMN bookings.status IS 'pending, completed or cancelled.';


-- booking_counts

CREATE TABLE booking_counts (
    user_id text NOT NULL,
    part smallint NOT NULL,
    pending bigint NOT NULL,
    completed bigint NOT NULL,
    cancelled bigint NOT NULL,
    CONSTRAINT booking_counts_part_check CHECK ((part = ANY (ARRAY[0, 1])))
)
WITH (fillfactor='50');

ALTER TABLE ONLY booking_counts
    ADD CONSTRAINT booking_counts_pkey PRIMARY KEY (user_id, part);

COMMENT ON TABLE booking_counts IS 'Bookings of each user by newest status, in parts to add up.';
COMMENT ON COLUMN booking_counts.user_id IS 'User the bookings belong to.';
COMMENT ON COLUMN booking_counts.part IS '0: counted on insert, 1: counted on update; the count is the sum of both.';
COMMENT ON COLUMN booking_counts.pending IS 'Bookings that are pending.';
COMMENT ON COLUMN booking_counts.completed IS 'Bookings that are completed.';
COMMENT ON COLUMN booking_counts.cancelled IS 'Bookings that are cancelled.';


-- fans

CREATE TABLE fans (
    user_id text NOT NULL,
    fan_id text NOT NULL,
    first_ts timestamp with time zone NOT NULL,
    ts timestamp with time zone NOT NULL,
    segment text NOT NULL,
    CONSTRAINT fans_check CHECK ((first_ts <= ts)),
    CONSTRAINT fans_segment_check CHECK ((segment = ANY (ARRAY['superfan'::text, 'casual'::text, 'new'::text])))
);

ALTER TABLE ONLY fans
    ADD CONSTRAINT fans_pkey PRIMARY KEY (user_id, fan_id);

CREATE TRIGGER count_changed_fans AFTER UPDATE ON fans REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_changed_fans();
CREATE TRIGGER count_new_fans AFTER INSERT ON fans REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_new_fans();

COMMENT ON TABLE fans IS 'Each fan with its newest segment.';
COMMENT ON COLUMN fans.user_id IS 'User whose fan it is.';
COMMENT ON COLUMN fans.fan_id IS 'The fan, unique within its user.';
COMMENT ON COLUMN fans.first_ts IS 'When the fan was first active.';
COMMENT ON COLUMN fans.ts IS 'When the fan was last active.';
COMMENT ON COLUMN fans.segment IS 'superfan, casual or new, at that time.';


-- fan_counts

CREATE TABLE fan_counts (
    user_id text NOT NULL,
    part smallint NOT NULL,
    superfans bigint NOT NULL,
    casual_fans bigint NOT NULL,
    new_fans bigint NOT NULL,
    CONSTRAINT fan_counts_part_check CHECK ((part = ANY (ARRAY[0, 1])))
)
WITH (fillfactor='50');

ALTER TABLE ONLY fan_counts
    ADD CONSTRAINT fan_counts_pkey PRIMARY KEY (user_id, part);

COMMENT ON TABLE fan_counts IS 'Fans of each user by newest segment, in parts to add up.';
COMMENT ON COLUMN fan_counts.user_id IS 'User whose fans they are.';
COMMENT ON COLUMN fan_counts.part IS '0: counted on insert, 1: counted on update; the count is the sum of both.';
COMMENT ON COLUMN fan_counts.superfans IS 'Fans in the segment superfan.';
COMMENT ON COLUMN fan_counts.casual_fans IS 'Fans in the segment casual.';
COMMENT ON COLUMN fan_counts.new_fans IS 'Fans in the segment new.';


-- fan_days

CREATE TABLE fan_days (
    user_id text NOT NULL,
    day date NOT NULL,
    part smallint NOT NULL,
    first_active bigint NOT NULL,
    last_active bigint NOT NULL,
    CONSTRAINT fan_days_part_check CHECK ((part = ANY (ARRAY[0, 1])))
)
WITH (fillfactor='50');

ALTER TABLE ONLY fan_days
    ADD CONSTRAINT fan_days_pkey PRIMARY KEY (user_id, day, part);

COMMENT ON TABLE fan_days IS 'Fans of each user by the days of their first and last activity, in parts to add up.';
COMMENT ON COLUMN fan_days.user_id IS 'User whose fans they are.';
COMMENT ON COLUMN fan_days.day IS 'UTC day.';
COMMENT ON COLUMN fan_days.part IS '0: counted on insert, 1: counted on update; the count is the sum of both.';
COMMENT ON COLUMN fan_days.first_active IS 'Fans who were first active on that day.';
COMMENT ON COLUMN fan_days.last_active IS 'Fans who were last active on that day.';


-- plays

CREATE TABLE plays (
    user_id text NOT NULL,
    play_id text NOT NULL,
    listener_id text NOT NULL,
    ts timestamp with time zone NOT NULL,
    count integer NOT NULL,
    CONSTRAINT plays_count_check CHECK ((count >= 0))
);

ALTER TABLE ONLY plays
    ADD CONSTRAINT plays_pkey PRIMARY KEY (user_id, play_id);

CREATE TRIGGER roll_up_plays AFTER INSERT ON plays REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION roll_up_plays();

COMMENT ON TABLE plays IS 'Every play, once.';
COMMENT ON COLUMN plays.user_id IS 'User whose work was played.';
COMMENT ON COLUMN plays.play_id IS 'The play, unique within its user.';
COMMENT ON COLUMN plays.listener_id IS 'Who listened.';
COMMENT ON COLUMN plays.ts IS 'When it was played.';
COMMENT ON COLUMN plays.count IS 'Number of plays.';


-- listeners

CREATE TABLE listeners (
    user_id text NOT NULL,
    listener_id text NOT NULL,
    last_day date NOT NULL,
    prev_day date
)
WITH (fillfactor='80');

ALTER TABLE ONLY listeners
    ADD CONSTRAINT listeners_pkey PRIMARY KEY (user_id, listener_id);

COMMENT ON TABLE listeners IS 'Each listener once, with the day of the newest play.';
COMMENT ON COLUMN listeners.user_id IS 'User whose work was played.';
COMMENT ON COLUMN listeners.listener_id IS 'The listener, unique within the user.';
COMMENT ON COLUMN listeners.last_day IS 'UTC day of the newest play.';
COMMENT ON COLUMN listeners.prev_day IS 'Previous value of last_day; null at first.';


-- listening_days

CREATE TABLE listening_days (
    user_id text NOT NULL,
    day date NOT NULL,
    plays bigint NOT NULL,
    last_heard bigint NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY listening_days
    ADD CONSTRAINT listening_days_pkey PRIMARY KEY (user_id, day);

COMMENT ON TABLE listening_days IS 'Plays of each user and UTC day, and listeners by their newest day.';
COMMENT ON COLUMN listening_days.user_id IS 'User whose work was played.';
COMMENT ON COLUMN listening_days.day IS 'UTC day.';
COMMENT ON COLUMN listening_days.plays IS 'Number of plays.';
COMMENT ON COLUMN listening_days.last_heard IS 'Listeners whose newest play is on that day; the sum from a day on is the number of distinct listeners since then.';


-- skill_changes

CREATE TABLE skill_changes (
    user_id text NOT NULL,
    skill_id text NOT NULL,
    ts timestamp with time zone NOT NULL,
    active boolean NOT NULL
);

ALTER TABLE ONLY skill_changes
    ADD CONSTRAINT skill_changes_pkey PRIMARY KEY (user_id, skill_id, ts);

COMMENT ON TABLE skill_changes IS 'Every time a skill was switched on or off.';
COMMENT ON COLUMN skill_changes.user_id IS 'User the skill belongs to.';
COMMENT ON COLUMN skill_changes.skill_id IS 'The skill, unique within its user.';
COMMENT ON COLUMN skill_changes.ts IS 'When it was switched.';
COMMENT ON COLUMN skill_changes.active IS 'Whether it was on from then on.';


-- skills

CREATE TABLE skills (
    user_id text NOT NULL,
    skill_id text NOT NULL,
    ts timestamp with time zone NOT NULL,
    active boolean NOT NULL
);

ALTER TABLE ONLY skills
    ADD CONSTRAINT skills_pkey PRIMARY KEY (user_id, skill_id);

CREATE INDEX skills_by_time ON skills USING btree (user_id, ts);

CREATE TRIGGER count_changed_skills AFTER UPDATE ON skills REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_changed_skills();
CREATE TRIGGER count_new_skills AFTER INSERT ON skills REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_new_skills();

COMMENT ON TABLE skills IS 'Each skill with its newest state.';
COMMENT ON COLUMN skills.user_id IS 'User the skill belongs to.';
COMMENT ON COLUMN skills.skill_id IS 'The skill, unique within its user.';
COMMENT ON COLUMN skills.ts IS 'When it was last switched on or off.';
COMMENT ON COLUMN skills.active IS 'Whether it is on.';


-- skill_counts

CREATE TABLE skill_counts (
    user_id text NOT NULL,
    part smallint NOT NULL,
    known bigint NOT NULL,
    active bigint NOT NULL,
    CONSTRAINT skill_counts_part_check CHECK ((part = ANY (ARRAY[0, 1])))
)
WITH (fillfactor='50');

ALTER TABLE ONLY skill_counts
    ADD CONSTRAINT skill_counts_pkey PRIMARY KEY (user_id, part);

COMMENT ON TABLE skill_counts IS 'Skills of each user, in parts to add up.';
COMMENT ON COLUMN skill_counts.user_id IS 'User the skills belong to.';
COMMENT ON COLUMN skill_counts.part IS '0: counted on insert, 1: counted on update; the count is the sum of both.';
COMMENT ON COLUMN skill_counts.known IS 'All skills, on or off.';
COMMENT ON COLUMN skill_counts.active IS 'Skills that are on.';


-- upkeep

CREATE TABLE upkeep (
    task text NOT NULL,
    every interval NOT NULL,
    ran_at timestamp with time zone NOT NULL,
    succeeded_at timestamp with time zone,
    removed bigint NOT NULL,
    failure text,
    CONSTRAINT upkeep_check CHECK (((failure IS NOT NULL) OR (succeeded_at = ran_at)))
)
WITH (fillfactor='50');

ALTER TABLE ONLY upkeep
    ADD CONSTRAINT upkeep_pkey PRIMARY KEY (task);

COMMENT ON TABLE upkeep IS 'The last run of each task of the upkeep job.';
COMMENT ON COLUMN upkeep.task IS 'The relation that the task maintains, or the name of the task.';
COMMENT ON COLUMN upkeep.every IS 'Configured interval between runs.';
COMMENT ON COLUMN upkeep.ran_at IS 'When it last ran.';
COMMENT ON COLUMN upkeep.succeeded_at IS 'When it last succeeded; null if it never did.';
COMMENT ON COLUMN upkeep.removed IS 'Chunks or rows that the last run removed.';
COMMENT ON COLUMN upkeep.failure IS 'Why the last run failed; null if it succeeded.';


-- retention_horizons

CREATE TABLE retention_horizons (
    relation text NOT NULL,
    dropped_before timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY retention_horizons
    ADD CONSTRAINT retention_horizons_pkey PRIMARY KEY (relation);

COMMENT ON TABLE retention_horizons IS 'How far retention has dropped each relation. Older samples are rejected as expired; older status events and deployments still count as the newest state, but are not stored in the timeline.';
COMMENT ON COLUMN retention_horizons.relation IS 'The relation whose chunks were dropped.';
COMMENT ON COLUMN retention_horizons.dropped_before IS 'End of the newest dropped chunk; never decreases.';


-- conservation_levels

CREATE TABLE conservation_levels (
    level text NOT NULL,
    kept_since timestamp with time zone NOT NULL
);

ALTER TABLE ONLY conservation_levels
    ADD CONSTRAINT conservation_levels_pkey PRIMARY KEY (level);

COMMENT ON TABLE conservation_levels IS 'Samples and each level, and the time from which they are complete.';
COMMENT ON COLUMN conservation_levels.level IS 'Name of the relation.';
COMMENT ON COLUMN conservation_levels.kept_since IS 'Older rows may have been dropped by retention; only moves forward.';


-- conservation_progress

CREATE TABLE conservation_progress (
    only_row boolean DEFAULT true NOT NULL,
    day date NOT NULL,
    looked_at timestamp with time zone NOT NULL,
    took interval NOT NULL,
    passed_at timestamp with time zone,
    CONSTRAINT conservation_progress_only_row_check CHECK (only_row)
);

ALTER TABLE ONLY conservation_progress
    ADD CONSTRAINT conservation_progress_pkey PRIMARY KEY (only_row);

COMMENT ON TABLE conservation_progress IS 'Progress of the conservation check through the past, one row.';
COMMENT ON COLUMN conservation_progress.only_row IS 'Always true.';
COMMENT ON COLUMN conservation_progress.day IS 'The UTC day that was compared last.';
COMMENT ON COLUMN conservation_progress.looked_at IS 'When it was compared.';
COMMENT ON COLUMN conservation_progress.took IS 'How long the comparison took.';
COMMENT ON COLUMN conservation_progress.passed_at IS 'When a pass over all history last ended with the oldest day; null if none has.';


-- conservation_differences

CREATE TABLE conservation_differences (
    level text NOT NULL,
    bucket timestamp with time zone NOT NULL,
    stored_samples bigint NOT NULL,
    stored_messages bigint NOT NULL,
    stored_errors bigint NOT NULL,
    platform_samples bigint NOT NULL,
    platform_messages bigint NOT NULL,
    platform_errors bigint NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    late_id bigint NOT NULL,
    is_settled boolean NOT NULL,
    looked_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone
);

ALTER TABLE ONLY conservation_differences
    ADD CONSTRAINT conservation_differences_pkey PRIMARY KEY (level, bucket);

COMMENT ON TABLE conservation_differences IS 'Hours, or days of agent_metrics_1d, in which the sums of a level differ from those of the platform.';
COMMENT ON COLUMN conservation_differences.level IS 'Name of the rollup.';
COMMENT ON COLUMN conservation_differences.bucket IS 'Start of the hour, or of the UTC day.';
COMMENT ON COLUMN conservation_differences.stored_samples IS 'Samples in the rollup.';
COMMENT ON COLUMN conservation_differences.stored_messages IS 'Messages in the rollup.';
COMMENT ON COLUMN conservation_differences.stored_errors IS 'Errors in the rollup.';
COMMENT ON COLUMN conservation_differences.platform_samples IS 'Samples in platform_metrics_1h; on the community edition as of seen_at.';
COMMENT ON COLUMN conservation_differences.platform_messages IS 'Messages there.';
COMMENT ON COLUMN conservation_differences.platform_errors IS 'Errors there.';
COMMENT ON COLUMN conservation_differences.seen_at IS 'When the difference was seen; on the community edition a refresh that began later confirms or resolves it.';
COMMENT ON COLUMN conservation_differences.late_id IS 'Newest id in late_buckets at that time; 0 on the Apache edition.';
COMMENT ON COLUMN conservation_differences.is_settled IS 'Whether no late bucket up to late_id waited for a refresh at seen_at.';
COMMENT ON COLUMN conservation_differences.looked_at IS 'When it was last compared.';
COMMENT ON COLUMN conservation_differences.confirmed_at IS 'When it was confirmed and reported; null while a refresh may still resolve it.';


-- status_events

CREATE TABLE status_events (
    user_id text NOT NULL,
    ts timestamp with time zone NOT NULL,
    agent_id text NOT NULL,
    status text NOT NULL,
    reason text,
    CONSTRAINT status_events_status_check CHECK ((status = ANY (ARRAY['running'::text, 'stopped'::text, 'failed'::text, 'removed'::text])))
);
SELECT create_hypertable('status_events', by_range('ts', interval '30 days'));

ALTER TABLE ONLY status_events
    ADD CONSTRAINT status_events_pkey PRIMARY KEY (user_id, ts, agent_id, status);

CREATE INDEX status_events_by_agent ON status_events USING btree (user_id, agent_id, ts DESC);
CREATE INDEX status_events_by_time ON status_events USING btree (ts DESC);

COMMENT ON TABLE status_events IS 'Every status event, once. Kept for the timeline retention.';
COMMENT ON COLUMN status_events.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN status_events.ts IS 'When the agent reached the state.';
COMMENT ON COLUMN status_events.agent_id IS 'The agent''s own id, unique within its user.';
COMMENT ON COLUMN status_events.status IS 'running, stopped, failed or removed.';
COMMENT ON COLUMN status_events.reason IS 'Reason given by the sender; null without.';


-- deployment_events

CREATE TABLE deployment_events (
    user_id text NOT NULL,
    ts timestamp with time zone NOT NULL,
    deployment_id text NOT NULL,
    status text NOT NULL,
    agent_id text NOT NULL,
    CONSTRAINT deployment_events_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'succeeded'::text, 'failed'::text])))
);
SELECT create_hypertable('deployment_events', by_range('ts', interval '30 days'));

ALTER TABLE ONLY deployment_events
    ADD CONSTRAINT deployment_events_pkey PRIMARY KEY (user_id, ts, deployment_id, status);

CREATE INDEX deployment_events_by_agent ON deployment_events USING btree (user_id, agent_id, ts DESC);
CREATE INDEX deployment_events_by_time ON deployment_events USING btree (ts DESC);

COMMENT ON TABLE deployment_events IS 'Every status of every deployment, once. Kept for the timeline retention.';
COMMENT ON COLUMN deployment_events.user_id IS 'User the deployment belongs to.';
COMMENT ON COLUMN deployment_events.ts IS 'When it reached the status.';
COMMENT ON COLUMN deployment_events.deployment_id IS 'The deployment, unique within its user.';
COMMENT ON COLUMN deployment_events.status IS 'pending, succeeded or failed.';
COMMENT ON COLUMN deployment_events.agent_id IS 'Agent that was deployed.';


-- rollup_5m

CREATE TABLE rollup_5m (
    bucket timestamp with time zone NOT NULL,
    agent_key integer NOT NULL,
    samples bigint NOT NULL,
    cpu_samples bigint NOT NULL,
    cpu_sum double precision NOT NULL,
    cpu_max real,
    memory_samples bigint NOT NULL,
    memory_sum double precision NOT NULL,
    memory_max real,
    messages bigint NOT NULL,
    errors bigint NOT NULL,
    response_ms_sum double precision NOT NULL,
    response_messages bigint NOT NULL,
    up_buckets bigint NOT NULL
)
WITH (fillfactor='70');
SELECT create_hypertable('rollup_5m', by_range('bucket', interval '7 days'));

ALTER TABLE ONLY rollup_5m
    ADD CONSTRAINT rollup_5m_pkey PRIMARY KEY (agent_key, bucket);

CREATE INDEX rollup_5m_by_time ON rollup_5m USING brin (bucket) WITH (autosummarize='on');

COMMENT ON TABLE rollup_5m IS 'Rows of agent_metrics_5m for the samples before the watermark.';
COMMENT ON COLUMN rollup_5m.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN rollup_5m.agent_key IS 'The agent.';
COMMENT ON COLUMN rollup_5m.samples IS 'Number of samples.';
COMMENT ON COLUMN rollup_5m.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN rollup_5m.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN rollup_5m.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN rollup_5m.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN rollup_5m.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN rollup_5m.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN rollup_5m.messages IS 'Messages processed.';
COMMENT ON COLUMN rollup_5m.errors IS 'Errors.';
COMMENT ON COLUMN rollup_5m.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN rollup_5m.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN rollup_5m.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- rollup_1h

CREATE TABLE rollup_1h (
    bucket timestamp with time zone NOT NULL,
    agent_key integer NOT NULL,
    samples bigint NOT NULL,
    cpu_samples bigint NOT NULL,
    cpu_sum double precision NOT NULL,
    cpu_max real,
    memory_samples bigint NOT NULL,
    memory_sum double precision NOT NULL,
    memory_max real,
    messages bigint NOT NULL,
    errors bigint NOT NULL,
    response_ms_sum double precision NOT NULL,
    response_messages bigint NOT NULL,
    up_buckets bigint NOT NULL
)
WITH (fillfactor='70');
SELECT create_hypertable('rollup_1h', by_range('bucket', interval '7 days'));

ALTER TABLE ONLY rollup_1h
    ADD CONSTRAINT rollup_1h_pkey PRIMARY KEY (agent_key, bucket);

CREATE INDEX rollup_1h_by_time ON rollup_1h USING brin (bucket) WITH (autosummarize='on');

COMMENT ON TABLE rollup_1h IS 'Rows of agent_metrics_1h for the aggregated hours, those before rollup_watermark.hours_before.';
COMMENT ON COLUMN rollup_1h.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN rollup_1h.agent_key IS 'The agent.';
COMMENT ON COLUMN rollup_1h.samples IS 'Number of samples.';
COMMENT ON COLUMN rollup_1h.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN rollup_1h.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN rollup_1h.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN rollup_1h.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN rollup_1h.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN rollup_1h.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN rollup_1h.messages IS 'Messages processed.';
COMMENT ON COLUMN rollup_1h.errors IS 'Errors.';
COMMENT ON COLUMN rollup_1h.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN rollup_1h.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN rollup_1h.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- rollup_1d

CREATE TABLE rollup_1d (
    bucket timestamp with time zone NOT NULL,
    agent_key integer NOT NULL,
    samples bigint NOT NULL,
    cpu_samples bigint NOT NULL,
    cpu_sum double precision NOT NULL,
    cpu_max real,
    memory_samples bigint NOT NULL,
    memory_sum double precision NOT NULL,
    memory_max real,
    messages bigint NOT NULL,
    errors bigint NOT NULL,
    response_ms_sum double precision NOT NULL,
    response_messages bigint NOT NULL,
    up_buckets bigint NOT NULL
)
WITH (fillfactor='70');
SELECT create_hypertable('rollup_1d', by_range('bucket', interval '90 days'));

ALTER TABLE ONLY rollup_1d
    ADD CONSTRAINT rollup_1d_pkey PRIMARY KEY (agent_key, bucket);

CREATE INDEX rollup_1d_by_time ON rollup_1d USING brin (bucket) WITH (autosummarize='on');

COMMENT ON TABLE rollup_1d IS 'Rows of agent_metrics_1d for the aggregated hours, those before rollup_watermark.hours_before.';
COMMENT ON COLUMN rollup_1d.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN rollup_1d.agent_key IS 'The agent.';
COMMENT ON COLUMN rollup_1d.samples IS 'Number of samples.';
COMMENT ON COLUMN rollup_1d.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN rollup_1d.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN rollup_1d.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN rollup_1d.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN rollup_1d.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN rollup_1d.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN rollup_1d.messages IS 'Messages processed.';
COMMENT ON COLUMN rollup_1d.errors IS 'Errors.';
COMMENT ON COLUMN rollup_1d.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN rollup_1d.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN rollup_1d.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- agent_tail

CREATE VIEW agent_tail AS
 SELECT agent_key,
    min(ts) AS first_ts,
    max(ts) AS ts,
    last(cpu, ts) AS cpu,
    last(memory, ts) AS memory,
    max(ts) FILTER (WHERE ((storage_used_mb IS NOT NULL) AND (storage_total_mb IS NOT NULL))) AS storage_ts,
    last(storage_used_mb, ts) FILTER (WHERE ((storage_used_mb IS NOT NULL) AND (storage_total_mb IS NOT NULL))) AS storage_used_mb,
    last(storage_total_mb, ts) FILTER (WHERE ((storage_used_mb IS NOT NULL) AND (storage_total_mb IS NOT NULL))) AS storage_total_mb
   FROM agent_samples
  WHERE (ts >= ( SELECT rollup_watermark.watermark
           FROM rollup_watermark))
  GROUP BY agent_key;

COMMENT ON VIEW agent_tail IS 'The columns of agent_latest, for the samples from the watermark on; filter by agent_key.';
COMMENT ON COLUMN agent_tail.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_tail.first_ts IS 'Time of the agent''s oldest sample.';
COMMENT ON COLUMN agent_tail.ts IS 'Time of the agent''s newest sample.';
COMMENT ON COLUMN agent_tail.cpu IS 'Percent of the CPU the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN agent_tail.memory IS 'Percent of the memory the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN agent_tail.storage_ts IS 'Time of the newest sample that has storage.';
COMMENT ON COLUMN agent_tail.storage_used_mb IS 'Storage in use at storage_ts, MB.';
COMMENT ON COLUMN agent_tail.storage_total_mb IS 'Storage capacity at storage_ts, MB.';


-- agent_newest

CREATE VIEW agent_newest AS
 SELECT agent_key,
    min(first_ts) AS first_ts,
    max(ts) AS ts,
    last(cpu, ts) AS cpu,
    last(memory, ts) AS memory,
    max(storage_ts) AS storage_ts,
    last(storage_used_mb, storage_ts) AS storage_used_mb,
    last(storage_total_mb, storage_ts) AS storage_total_mb
   FROM ( SELECT agent_latest.agent_key,
            agent_latest.first_ts,
            agent_latest.ts,
            agent_latest.cpu,
            agent_latest.memory,
            agent_latest.storage_ts,
            agent_latest.storage_used_mb,
            agent_latest.storage_total_mb
           FROM agent_latest
        UNION ALL
         SELECT agent_tail.agent_key,
            agent_tail.first_ts,
            agent_tail.ts,
            agent_tail.cpu,
            agent_tail.memory,
            agent_tail.storage_ts,
            agent_tail.storage_used_mb,
            agent_tail.storage_total_mb
           FROM agent_tail) both_sides
  GROUP BY agent_key;

COMMENT ON VIEW agent_newest IS 'The columns of agent_latest, for all samples; filter by agent_key.';
COMMENT ON COLUMN agent_newest.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_newest.first_ts IS 'Time of the agent''s oldest sample.';
COMMENT ON COLUMN agent_newest.ts IS 'Time of the agent''s newest sample.';
COMMENT ON COLUMN agent_newest.cpu IS 'Percent of the CPU the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN agent_newest.memory IS 'Percent of the memory the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN agent_newest.storage_ts IS 'Time of the newest sample that has storage.';
COMMENT ON COLUMN agent_newest.storage_used_mb IS 'Storage in use at storage_ts, MB.';
COMMENT ON COLUMN agent_newest.storage_total_mb IS 'Storage capacity at storage_ts, MB.';


-- rollup_tail

CREATE VIEW rollup_tail AS
 SELECT time_bucket('00:05:00'::interval, ts) AS bucket,
    agent_key,
    count(*) AS samples,
    count(cpu) AS cpu_samples,
    COALESCE(sum((cpu)::double precision), (0)::double precision) AS cpu_sum,
    max(cpu) AS cpu_max,
    count(memory) AS memory_samples,
    COALESCE(sum((memory)::double precision), (0)::double precision) AS memory_sum,
    max(memory) AS memory_max,
    sum(messages) AS messages,
    sum(errors) AS errors,
    COALESCE(sum(((response_ms)::double precision * (messages)::double precision)), (0)::double precision) AS response_ms_sum,
    COALESCE(sum(messages) FILTER (WHERE (response_ms IS NOT NULL)), (0)::bigint) AS response_messages,
    (1)::bigint AS up_buckets
   FROM agent_samples
  WHERE (ts >= ( SELECT rollup_watermark.watermark
           FROM rollup_watermark))
  GROUP BY (time_bucket('00:05:00'::interval, ts)), agent_key;

COMMENT ON VIEW rollup_tail IS 'Rows of agent_metrics_5m for the samples from the watermark on; filter by agent_key.';
COMMENT ON COLUMN rollup_tail.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN rollup_tail.agent_key IS 'The agent.';
COMMENT ON COLUMN rollup_tail.samples IS 'Number of samples.';
COMMENT ON COLUMN rollup_tail.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN rollup_tail.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN rollup_tail.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN rollup_tail.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN rollup_tail.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN rollup_tail.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN rollup_tail.messages IS 'Messages processed.';
COMMENT ON COLUMN rollup_tail.errors IS 'Errors.';
COMMENT ON COLUMN rollup_tail.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN rollup_tail.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN rollup_tail.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- agent_metrics_5m

CREATE VIEW agent_metrics_5m AS
 SELECT rollup_5m.bucket,
    rollup_5m.agent_key,
    rollup_5m.samples,
    rollup_5m.cpu_samples,
    rollup_5m.cpu_sum,
    rollup_5m.cpu_max,
    rollup_5m.memory_samples,
    rollup_5m.memory_sum,
    rollup_5m.memory_max,
    rollup_5m.messages,
    rollup_5m.errors,
    rollup_5m.response_ms_sum,
    rollup_5m.response_messages,
    rollup_5m.up_buckets
   FROM rollup_5m
  WHERE (rollup_5m.bucket < ( SELECT time_bucket('00:05:00'::interval, rollup_watermark.watermark) AS time_bucket
           FROM rollup_watermark))
UNION ALL
 SELECT newest.bucket,
    newest.agent_key,
    (sum(newest.samples))::bigint AS samples,
    (sum(newest.cpu_samples))::bigint AS cpu_samples,
    sum(newest.cpu_sum) AS cpu_sum,
    max(newest.cpu_max) AS cpu_max,
    (sum(newest.memory_samples))::bigint AS memory_samples,
    sum(newest.memory_sum) AS memory_sum,
    max(newest.memory_max) AS memory_max,
    (sum(newest.messages))::bigint AS messages,
    (sum(newest.errors))::bigint AS errors,
    sum(newest.response_ms_sum) AS response_ms_sum,
    (sum(newest.response_messages))::bigint AS response_messages,
    (1)::bigint AS up_buckets
   FROM ( SELECT rollup_5m.bucket,
            rollup_5m.agent_key,
            rollup_5m.samples,
            rollup_5m.cpu_samples,
            rollup_5m.cpu_sum,
            rollup_5m.cpu_max,
            rollup_5m.memory_samples,
            rollup_5m.memory_sum,
            rollup_5m.memory_max,
            rollup_5m.messages,
            rollup_5m.errors,
            rollup_5m.response_ms_sum,
            rollup_5m.response_messages,
            rollup_5m.up_buckets
           FROM rollup_5m
          WHERE (rollup_5m.bucket >= ( SELECT time_bucket('00:05:00'::interval, rollup_watermark.watermark) AS time_bucket
                   FROM rollup_watermark))
        UNION ALL
         SELECT rollup_tail.bucket,
            rollup_tail.agent_key,
            rollup_tail.samples,
            rollup_tail.cpu_samples,
            rollup_tail.cpu_sum,
            rollup_tail.cpu_max,
            rollup_tail.memory_samples,
            rollup_tail.memory_sum,
            rollup_tail.memory_max,
            rollup_tail.messages,
            rollup_tail.errors,
            rollup_tail.response_ms_sum,
            rollup_tail.response_messages,
            rollup_tail.up_buckets
           FROM rollup_tail) newest
  GROUP BY newest.bucket, newest.agent_key;

COMMENT ON VIEW agent_metrics_5m IS 'Samples of each agent in buckets of 5 minutes.';
COMMENT ON COLUMN agent_metrics_5m.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN agent_metrics_5m.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_metrics_5m.samples IS 'Number of samples.';
COMMENT ON COLUMN agent_metrics_5m.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN agent_metrics_5m.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN agent_metrics_5m.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN agent_metrics_5m.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN agent_metrics_5m.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN agent_metrics_5m.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN agent_metrics_5m.messages IS 'Messages processed.';
COMMENT ON COLUMN agent_metrics_5m.errors IS 'Errors.';
COMMENT ON COLUMN agent_metrics_5m.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN agent_metrics_5m.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN agent_metrics_5m.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- rollup_open

CREATE VIEW rollup_open AS
 SELECT min(time_bucket('01:00:00'::interval, bucket)) AS bucket,
    agent_key,
    (sum(samples))::bigint AS samples,
    (sum(cpu_samples))::bigint AS cpu_samples,
    sum(cpu_sum) AS cpu_sum,
    max(cpu_max) AS cpu_max,
    (sum(memory_samples))::bigint AS memory_samples,
    sum(memory_sum) AS memory_sum,
    max(memory_max) AS memory_max,
    (sum(messages))::bigint AS messages,
    (sum(errors))::bigint AS errors,
    sum(response_ms_sum) AS response_ms_sum,
    (sum(response_messages))::bigint AS response_messages,
    count(DISTINCT bucket) AS up_buckets
   FROM ( SELECT rollup_5m.bucket,
            rollup_5m.agent_key,
            rollup_5m.samples,
            rollup_5m.cpu_samples,
            rollup_5m.cpu_sum,
            rollup_5m.cpu_max,
            rollup_5m.memory_samples,
            rollup_5m.memory_sum,
            rollup_5m.memory_max,
            rollup_5m.messages,
            rollup_5m.errors,
            rollup_5m.response_ms_sum,
            rollup_5m.response_messages,
            rollup_5m.up_buckets
           FROM rollup_5m
          WHERE (rollup_5m.bucket >= ( SELECT rollup_watermark.hours_before
                   FROM rollup_watermark))
        UNION ALL
         SELECT rollup_tail.bucket,
            rollup_tail.agent_key,
            rollup_tail.samples,
            rollup_tail.cpu_samples,
            rollup_tail.cpu_sum,
            rollup_tail.cpu_max,
            rollup_tail.memory_samples,
            rollup_tail.memory_sum,
            rollup_tail.memory_max,
            rollup_tail.messages,
            rollup_tail.errors,
            rollup_tail.response_ms_sum,
            rollup_tail.response_messages,
            rollup_tail.up_buckets
           FROM rollup_tail) newest
  GROUP BY (time_bucket('01:00:00'::interval, bucket)), agent_key;

COMMENT ON VIEW rollup_open IS 'Rows of agent_metrics_1h for the hours that are not aggregated yet; filter by agent_key.';
COMMENT ON COLUMN rollup_open.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN rollup_open.agent_key IS 'The agent.';
COMMENT ON COLUMN rollup_open.samples IS 'Number of samples.';
COMMENT ON COLUMN rollup_open.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN rollup_open.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN rollup_open.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN rollup_open.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN rollup_open.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN rollup_open.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN rollup_open.messages IS 'Messages processed.';
COMMENT ON COLUMN rollup_open.errors IS 'Errors.';
COMMENT ON COLUMN rollup_open.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN rollup_open.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN rollup_open.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- agent_metrics_1h

CREATE VIEW agent_metrics_1h AS
 SELECT rollup_1h.bucket,
    rollup_1h.agent_key,
    rollup_1h.samples,
    rollup_1h.cpu_samples,
    rollup_1h.cpu_sum,
    rollup_1h.cpu_max,
    rollup_1h.memory_samples,
    rollup_1h.memory_sum,
    rollup_1h.memory_max,
    rollup_1h.messages,
    rollup_1h.errors,
    rollup_1h.response_ms_sum,
    rollup_1h.response_messages,
    rollup_1h.up_buckets
   FROM rollup_1h
UNION ALL
 SELECT rollup_open.bucket,
    rollup_open.agent_key,
    rollup_open.samples,
    rollup_open.cpu_samples,
    rollup_open.cpu_sum,
    rollup_open.cpu_max,
    rollup_open.memory_samples,
    rollup_open.memory_sum,
    rollup_open.memory_max,
    rollup_open.messages,
    rollup_open.errors,
    rollup_open.response_ms_sum,
    rollup_open.response_messages,
    rollup_open.up_buckets
   FROM rollup_open;

COMMENT ON VIEW agent_metrics_1h IS 'Samples of each agent in buckets of 1 hour.';
COMMENT ON COLUMN agent_metrics_1h.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN agent_metrics_1h.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_metrics_1h.samples IS 'Number of samples.';
COMMENT ON COLUMN agent_metrics_1h.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN agent_metrics_1h.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN agent_metrics_1h.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN agent_metrics_1h.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN agent_metrics_1h.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN agent_metrics_1h.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN agent_metrics_1h.messages IS 'Messages processed.';
COMMENT ON COLUMN agent_metrics_1h.errors IS 'Errors.';
COMMENT ON COLUMN agent_metrics_1h.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN agent_metrics_1h.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN agent_metrics_1h.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- agent_metrics_1d

CREATE VIEW agent_metrics_1d AS
 SELECT rollup_1d.bucket,
    rollup_1d.agent_key,
    rollup_1d.samples,
    rollup_1d.cpu_samples,
    rollup_1d.cpu_sum,
    rollup_1d.cpu_max,
    rollup_1d.memory_samples,
    rollup_1d.memory_sum,
    rollup_1d.memory_max,
    rollup_1d.messages,
    rollup_1d.errors,
    rollup_1d.response_ms_sum,
    rollup_1d.response_messages,
    rollup_1d.up_buckets
   FROM rollup_1d
  WHERE (rollup_1d.bucket < ( SELECT date_trunc('day'::text, rollup_watermark.hours_before, 'UTC'::text) AS date_trunc
           FROM rollup_watermark))
UNION ALL
 SELECT min(time_bucket('1 day'::interval, newest.bucket)) AS bucket,
    newest.agent_key,
    (sum(newest.samples))::bigint AS samples,
    (sum(newest.cpu_samples))::bigint AS cpu_samples,
    sum(newest.cpu_sum) AS cpu_sum,
    max(newest.cpu_max) AS cpu_max,
    (sum(newest.memory_samples))::bigint AS memory_samples,
    sum(newest.memory_sum) AS memory_sum,
    max(newest.memory_max) AS memory_max,
    (sum(newest.messages))::bigint AS messages,
    (sum(newest.errors))::bigint AS errors,
    sum(newest.response_ms_sum) AS response_ms_sum,
    (sum(newest.response_messages))::bigint AS response_messages,
    (sum(newest.up_buckets))::bigint AS up_buckets
   FROM ( SELECT rollup_1d.bucket,
            rollup_1d.agent_key,
            rollup_1d.samples,
            rollup_1d.cpu_samples,
            rollup_1d.cpu_sum,
            rollup_1d.cpu_max,
            rollup_1d.memory_samples,
            rollup_1d.memory_sum,
            rollup_1d.memory_max,
            rollup_1d.messages,
            rollup_1d.errors,
            rollup_1d.response_ms_sum,
            rollup_1d.response_messages,
            rollup_1d.up_buckets
           FROM rollup_1d
          WHERE (rollup_1d.bucket >= ( SELECT date_trunc('day'::text, rollup_watermark.hours_before, 'UTC'::text) AS date_trunc
                   FROM rollup_watermark))
        UNION ALL
         SELECT rollup_open.bucket,
            rollup_open.agent_key,
            rollup_open.samples,
            rollup_open.cpu_samples,
            rollup_open.cpu_sum,
            rollup_open.cpu_max,
            rollup_open.memory_samples,
            rollup_open.memory_sum,
            rollup_open.memory_max,
            rollup_open.messages,
            rollup_open.errors,
            rollup_open.response_ms_sum,
            rollup_open.response_messages,
            rollup_open.up_buckets
           FROM rollup_open) newest
  GROUP BY (time_bucket('1 day'::interval, newest.bucket)), newest.agent_key;

COMMENT ON VIEW agent_metrics_1d IS 'Samples of each agent in buckets of 1 UTC day.';
COMMENT ON COLUMN agent_metrics_1d.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN agent_metrics_1d.agent_key IS 'The agent.';
COMMENT ON COLUMN agent_metrics_1d.samples IS 'Number of samples.';
COMMENT ON COLUMN agent_metrics_1d.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN agent_metrics_1d.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN agent_metrics_1d.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN agent_metrics_1d.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN agent_metrics_1d.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN agent_metrics_1d.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN agent_metrics_1d.messages IS 'Messages processed.';
COMMENT ON COLUMN agent_metrics_1d.errors IS 'Errors.';
COMMENT ON COLUMN agent_metrics_1d.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN agent_metrics_1d.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN agent_metrics_1d.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- aggregated_5m

CREATE VIEW aggregated_5m AS
 SELECT bucket,
    agent_key,
    samples,
    cpu_samples,
    cpu_sum,
    cpu_max,
    memory_samples,
    memory_sum,
    memory_max,
    messages,
    errors,
    response_ms_sum,
    response_messages,
    up_buckets
   FROM rollup_5m;

COMMENT ON VIEW aggregated_5m IS 'Rows of agent_metrics_5m for the samples before the watermark, on both editions.';
COMMENT ON COLUMN aggregated_5m.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN aggregated_5m.agent_key IS 'The agent.';
COMMENT ON COLUMN aggregated_5m.samples IS 'Number of samples.';
COMMENT ON COLUMN aggregated_5m.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN aggregated_5m.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN aggregated_5m.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN aggregated_5m.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN aggregated_5m.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN aggregated_5m.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN aggregated_5m.messages IS 'Messages processed.';
COMMENT ON COLUMN aggregated_5m.errors IS 'Errors.';
COMMENT ON COLUMN aggregated_5m.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN aggregated_5m.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN aggregated_5m.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- aggregated_1h

CREATE VIEW aggregated_1h AS
 SELECT bucket,
    agent_key,
    samples,
    cpu_samples,
    cpu_sum,
    cpu_max,
    memory_samples,
    memory_sum,
    memory_max,
    messages,
    errors,
    response_ms_sum,
    response_messages,
    up_buckets
   FROM rollup_1h;

COMMENT ON VIEW aggregated_1h IS 'Rows of agent_metrics_1h for the hours that ended before the watermark, on both editions.';
COMMENT ON COLUMN aggregated_1h.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN aggregated_1h.agent_key IS 'The agent.';
COMMENT ON COLUMN aggregated_1h.samples IS 'Number of samples.';
COMMENT ON COLUMN aggregated_1h.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN aggregated_1h.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN aggregated_1h.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN aggregated_1h.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN aggregated_1h.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN aggregated_1h.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN aggregated_1h.messages IS 'Messages processed.';
COMMENT ON COLUMN aggregated_1h.errors IS 'Errors.';
COMMENT ON COLUMN aggregated_1h.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN aggregated_1h.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN aggregated_1h.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- aggregated_1d

CREATE VIEW aggregated_1d AS
 SELECT bucket,
    agent_key,
    samples,
    cpu_samples,
    cpu_sum,
    cpu_max,
    memory_samples,
    memory_sum,
    memory_max,
    messages,
    errors,
    response_ms_sum,
    response_messages,
    up_buckets
   FROM rollup_1d;

COMMENT ON VIEW aggregated_1d IS 'Rows of agent_metrics_1d for the same hours; the newest day may be in several rows.';
COMMENT ON COLUMN aggregated_1d.bucket IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN aggregated_1d.agent_key IS 'The agent.';
COMMENT ON COLUMN aggregated_1d.samples IS 'Number of samples.';
COMMENT ON COLUMN aggregated_1d.cpu_samples IS 'Number of samples that have cpu.';
COMMENT ON COLUMN aggregated_1d.cpu_sum IS 'Sum of cpu over the samples; divide by cpu_samples for the mean.';
COMMENT ON COLUMN aggregated_1d.cpu_max IS 'Highest cpu; null if no sample has it.';
COMMENT ON COLUMN aggregated_1d.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN aggregated_1d.memory_sum IS 'Sum of memory over the samples; divide by memory_samples for the mean.';
COMMENT ON COLUMN aggregated_1d.memory_max IS 'Highest memory; null if no sample has it.';
COMMENT ON COLUMN aggregated_1d.messages IS 'Messages processed.';
COMMENT ON COLUMN aggregated_1d.errors IS 'Errors.';
COMMENT ON COLUMN aggregated_1d.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages for the mean.';
COMMENT ON COLUMN aggregated_1d.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN aggregated_1d.up_buckets IS 'Number of 5-minute buckets with a sample.';


-- upkeep_tasks

CREATE VIEW upkeep_tasks AS
 SELECT task,
    job_id,
    every,
    ran_at,
    succeeded_at,
    failure,
        CASE
            WHEN (every IS NOT NULL) THEN COALESCE((succeeded_at + GREATEST(((3)::double precision * every), '00:10:00'::interval)), '-infinity'::timestamp with time zone)
            ELSE '-infinity'::timestamp with time zone
        END AS overdue_at
   FROM ( SELECT kept.task,
            NULL::integer AS job_id,
            done.every,
            done.ran_at,
            done.succeeded_at,
            done.failure
           FROM (( SELECT unnest.unnest
                   FROM unnest(ARRAY['agent_samples'::text, 'agent_metrics_5m'::text, 'agent_metrics_1h'::text, 'status_events'::text, 'deployment_events'::text, 'platform_heartbeats'::text, 'skill_changes'::text, 'refresh'::text]) unnest(unnest)
                UNION
                 SELECT upkeep.task
                   FROM upkeep) kept(task)
             LEFT JOIN upkeep done ON ((done.task = kept.task)))
        UNION ALL
         SELECT ((job.proc_name)::text || COALESCE((' of '::text || (job.hypertable_name)::text), ''::text)),
            job.job_id,
                CASE
                    WHEN job.scheduled THEN job.schedule_interval
                    ELSE NULL::interval
                END AS "case",
            done.last_run_started_at,
            NULLIF(done.last_successful_finish, '-infinity'::timestamp with time zone) AS "nullif",
                CASE
                    WHEN (NOT job.scheduled) THEN 'it is switched off'::text
                    WHEN (done.last_run_status = 'Failed'::text) THEN ('see timescaledb_information.job_errors of job '::text || job.job_id)
                    ELSE NULL::text
                END AS "case"
           FROM (timescaledb_information.jobs job
             LEFT JOIN timescaledb_information.job_stats done ON ((done.job_id = job.job_id)))
          WHERE (job.job_id >= 1000)) tasks;

COMMENT ON VIEW upkeep_tasks IS 'Recurring tasks of the upkeep job and of the server, and when they last ran.';
COMMENT ON COLUMN upkeep_tasks.task IS 'A relation that the upkeep job maintains, or a job of the server.';
COMMENT ON COLUMN upkeep_tasks.job_id IS 'Id of the server''s job; null for a task of the upkeep job.';
COMMENT ON COLUMN upkeep_tasks.every IS 'Interval between runs; null if it is switched off or never ran.';
COMMENT ON COLUMN upkeep_tasks.ran_at IS 'When it last ran; null if it never did.';
COMMENT ON COLUMN upkeep_tasks.succeeded_at IS 'When it last succeeded; null if it never did.';
COMMENT ON COLUMN upkeep_tasks.failure IS 'Why the last run failed; null if it succeeded.';
COMMENT ON COLUMN upkeep_tasks.overdue_at IS 'When it becomes overdue: three times its interval after the last success, but at least 10 minutes; -infinity if it never succeeded or is switched off.';


-- samples

CREATE VIEW samples AS
 SELECT s.ts AS "time",
    a.user_id,
    a.agent_id,
    s.agent_key,
    s.cpu,
    s.memory,
    s.messages,
    s.errors,
    s.response_ms,
    s.storage_used_mb,
    s.storage_total_mb
   FROM (agent_samples s
     LEFT JOIN agents a ON ((a.agent_key = s.agent_key)));

COMMENT ON VIEW samples IS 'Every sample, with the ids of its agent.';
COMMENT ON COLUMN samples."time" IS 'When the sample was taken.';
COMMENT ON COLUMN samples.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN samples.agent_id IS 'The agent''s own id, unique within its user.';
COMMENT ON COLUMN samples.agent_key IS 'Short key of the agent, as in agents; filter by it for fast queries.';
COMMENT ON COLUMN samples.cpu IS 'Percent of the CPU the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN samples.memory IS 'Percent of the memory the agent may use, 0 to 100; null if unknown.';
COMMENT ON COLUMN samples.messages IS 'Messages processed since the previous sample.';
COMMENT ON COLUMN samples.errors IS 'Errors since the previous sample.';
COMMENT ON COLUMN samples.response_ms IS 'Mean response time of those messages, ms; null if unknown.';
COMMENT ON COLUMN samples.storage_used_mb IS 'Storage in use, MB; null if unknown.';
COMMENT ON COLUMN samples.storage_total_mb IS 'Storage capacity, MB; null if unknown.';

GRANT SELECT ON TABLE samples TO fleetgauge_analyst;


-- metrics_24h

CREATE VIEW metrics_24h AS
 SELECT m.bucket AS "time",
    a.user_id,
    a.agent_id,
    m.agent_key,
    m.samples,
    (m.cpu_sum / (NULLIF(m.cpu_samples, 0))::double precision) AS cpu_avg,
    m.cpu_max,
    (m.memory_sum / (NULLIF(m.memory_samples, 0))::double precision) AS memory_avg,
    m.memory_max,
    m.messages,
    m.errors,
    (
        CASE
            WHEN (m.messages > 0) THEN LEAST(((100.0 * (m.errors)::numeric) / (m.messages)::numeric), (100)::numeric)
            WHEN (m.errors > 0) THEN (100)::numeric
            ELSE NULL::numeric
        END)::double precision AS error_percent,
    (m.response_ms_sum / (NULLIF(m.response_messages, 0))::double precision) AS response_ms_avg,
    m.cpu_samples,
    m.cpu_sum,
    m.memory_samples,
    m.memory_sum,
    m.response_ms_sum,
    m.response_messages,
    m.up_buckets
   FROM (agent_metrics_5m m
     LEFT JOIN agents a ON ((a.agent_key = m.agent_key)));

COMMENT ON VIEW metrics_24h IS 'Each agent in buckets of 5 minutes: for ranges of about a day.';
COMMENT ON COLUMN metrics_24h."time" IS 'Start of the bucket, UTC; the newest bucket is incomplete.';
COMMENT ON COLUMN metrics_24h.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN metrics_24h.agent_id IS 'The agent''s own id, unique within its user.';
COMMENT ON COLUMN metrics_24h.agent_key IS 'Short key of the agent, as in agents; filter by it for fast queries.';
COMMENT ON COLUMN metrics_24h.samples IS 'Number of samples.';
COMMENT ON COLUMN metrics_24h.cpu_avg IS 'Mean CPU percent of the samples that have it; null if none has.';
COMMENT ON COLUMN metrics_24h.cpu_max IS 'Highest CPU percent; null if no sample has it.';
COMMENT ON COLUMN metrics_24h.memory_avg IS 'Mean memory percent of the samples that have it; null if none has.';
COMMENT ON COLUMN metrics_24h.memory_max IS 'Highest memory percent; null if no sample has it.';
COMMENT ON COLUMN metrics_24h.messages IS 'Messages processed.';
COMMENT ON COLUMN metrics_24h.errors IS 'Errors.';
COMMENT ON COLUMN metrics_24h.error_percent IS 'Errors in percent of the messages, at most 100; 100 with errors but no messages; null with neither.';
COMMENT ON COLUMN metrics_24h.response_ms_avg IS 'Mean response time of the messages, ms; null if no sample has it.';
COMMENT ON COLUMN metrics_24h.cpu_samples IS 'Number of samples that have CPU.';
COMMENT ON COLUMN metrics_24h.cpu_sum IS 'Sum of the samples'' CPU percent; for the mean of any range, divide sums by cpu_samples.';
COMMENT ON COLUMN metrics_24h.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN metrics_24h.memory_sum IS 'Sum of the samples'' memory percent; divide by memory_samples.';
COMMENT ON COLUMN metrics_24h.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages.';
COMMENT ON COLUMN metrics_24h.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN metrics_24h.up_buckets IS 'Number of 5-minute buckets with a sample.';

GRANT SELECT ON TABLE metrics_24h TO fleetgauge_analyst;


-- metrics_7d

CREATE VIEW metrics_7d AS
 SELECT m.bucket AS "time",
    a.user_id,
    a.agent_id,
    m.agent_key,
    m.samples,
    (m.cpu_sum / (NULLIF(m.cpu_samples, 0))::double precision) AS cpu_avg,
    m.cpu_max,
    (m.memory_sum / (NULLIF(m.memory_samples, 0))::double precision) AS memory_avg,
    m.memory_max,
    m.messages,
    m.errors,
    (
        CASE
            WHEN (m.messages > 0) THEN LEAST(((100.0 * (m.errors)::numeric) / (m.messages)::numeric), (100)::numeric)
            WHEN (m.errors > 0) THEN (100)::numeric
            ELSE NULL::numeric
        END)::double precision AS error_percent,
    (m.response_ms_sum / (NULLIF(m.response_messages, 0))::double precision) AS response_ms_avg,
    m.cpu_samples,
    m.cpu_sum,
    m.memory_samples,
    m.memory_sum,
    m.response_ms_sum,
    m.response_messages,
    m.up_buckets
   FROM (agent_metrics_1h m
     LEFT JOIN agents a ON ((a.agent_key = m.agent_key)));

COMMENT ON VIEW metrics_7d IS 'Each agent in buckets of 1 hour: for ranges of about a week.';
COMMENT ON COLUMN metrics_7d."time" IS 'Start of the bucket, UTC; the newest bucket is incomplete.';
COMMENT ON COLUMN metrics_7d.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN metrics_7d.agent_id IS 'The agent''s own id, unique within its user.';
COMMENT ON COLUMN metrics_7d.agent_key IS 'Short key of the agent, as in agents; filter by it for fast queries.';
COMMENT ON COLUMN metrics_7d.samples IS 'Number of samples.';
COMMENT ON COLUMN metrics_7d.cpu_avg IS 'Mean CPU percent of the samples that have it; null if none has.';
COMMENT ON COLUMN metrics_7d.cpu_max IS 'Highest CPU percent; null if no sample has it.';
COMMENT ON COLUMN metrics_7d.memory_avg IS 'Mean memory percent of the samples that have it; null if none has.';
COMMENT ON COLUMN metrics_7d.memory_max IS 'Highest memory percent; null if no sample has it.';
COMMENT ON COLUMN metrics_7d.messages IS 'Messages processed.';
COMMENT ON COLUMN metrics_7d.errors IS 'Errors.';
COMMENT ON COLUMN metrics_7d.error_percent IS 'Errors in percent of the messages, at most 100; 100 with errors but no messages; null with neither.';
COMMENT ON COLUMN metrics_7d.response_ms_avg IS 'Mean response time of the messages, ms; null if no sample has it.';
COMMENT ON COLUMN metrics_7d.cpu_samples IS 'Number of samples that have CPU.';
COMMENT ON COLUMN metrics_7d.cpu_sum IS 'Sum of the samples'' CPU percent; for the mean of any range, divide sums by cpu_samples.';
COMMENT ON COLUMN metrics_7d.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN metrics_7d.memory_sum IS 'Sum of the samples'' memory percent; divide by memory_samples.';
COMMENT ON COLUMN metrics_7d.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages.';
COMMENT ON COLUMN metrics_7d.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN metrics_7d.up_buckets IS 'Number of 5-minute buckets with a sample.';

GRANT SELECT ON TABLE metrics_7d TO fleetgauge_analyst;


-- metrics_30d

CREATE VIEW metrics_30d AS
 SELECT m.bucket AS "time",
    a.user_id,
    a.agent_id,
    m.agent_key,
    m.samples,
    (m.cpu_sum / (NULLIF(m.cpu_samples, 0))::double precision) AS cpu_avg,
    m.cpu_max,
    (m.memory_sum / (NULLIF(m.memory_samples, 0))::double precision) AS memory_avg,
    m.memory_max,
    m.messages,
    m.errors,
    (
        CASE
            WHEN (m.messages > 0) THEN LEAST(((100.0 * (m.errors)::numeric) / (m.messages)::numeric), (100)::numeric)
            WHEN (m.errors > 0) THEN (100)::numeric
            ELSE NULL::numeric
        END)::double precision AS error_percent,
    (m.response_ms_sum / (NULLIF(m.response_messages, 0))::double precision) AS response_ms_avg,
    m.cpu_samples,
    m.cpu_sum,
    m.memory_samples,
    m.memory_sum,
    m.response_ms_sum,
    m.response_messages,
    m.up_buckets
   FROM (agent_metrics_1d m
     LEFT JOIN agents a ON ((a.agent_key = m.agent_key)));

COMMENT ON VIEW metrics_30d IS 'Each agent in buckets of 1 UTC day: for ranges of a month and more.';
COMMENT ON COLUMN metrics_30d."time" IS 'Start of the bucket, UTC; the newest bucket is incomplete.';
COMMENT ON COLUMN metrics_30d.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN metrics_30d.agent_id IS 'The agent''s own id, unique within its user.';
COMMENT ON COLUMN metrics_30d.agent_key IS 'Short key of the agent, as in agents; filter by it for fast queries.';
COMMENT ON COLUMN metrics_30d.samples IS 'Number of samples.';
COMMENT ON COLUMN metrics_30d.cpu_avg IS 'Mean CPU percent of the samples that have it; null if none has.';
COMMENT ON COLUMN metrics_30d.cpu_max IS 'Highest CPU percent; null if no sample has it.';
COMMENT ON COLUMN metrics_30d.memory_avg IS 'Mean memory percent of the samples that have it; null if none has.';
COMMENT ON COLUMN metrics_30d.memory_max IS 'Highest memory percent; null if no sample has it.';
COMMENT ON COLUMN metrics_30d.messages IS 'Messages processed.';
COMMENT ON COLUMN metrics_30d.errors IS 'Errors.';
COMMENT ON COLUMN metrics_30d.error_percent IS 'Errors in percent of the messages, at most 100; 100 with errors but no messages; null with neither.';
COMMENT ON COLUMN metrics_30d.response_ms_avg IS 'Mean response time of the messages, ms; null if no sample has it.';
COMMENT ON COLUMN metrics_30d.cpu_samples IS 'Number of samples that have CPU.';
COMMENT ON COLUMN metrics_30d.cpu_sum IS 'Sum of the samples'' CPU percent; for the mean of any range, divide sums by cpu_samples.';
COMMENT ON COLUMN metrics_30d.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN metrics_30d.memory_sum IS 'Sum of the samples'' memory percent; divide by memory_samples.';
COMMENT ON COLUMN metrics_30d.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages.';
COMMENT ON COLUMN metrics_30d.response_messages IS 'Messages with a known response time.';
COMMENT ON COLUMN metrics_30d.up_buckets IS 'Number of 5-minute buckets with a sample.';

GRANT SELECT ON TABLE metrics_30d TO fleetgauge_analyst;


-- fleet_1h

CREATE VIEW fleet_1h AS
 SELECT bucket AS "time",
    (sum(samples))::bigint AS samples,
    (sum(cpu_sum) / (NULLIF(sum(cpu_samples), (0)::numeric))::double precision) AS cpu_avg,
    max(cpu_max) AS cpu_max,
    (sum(memory_sum) / (NULLIF(sum(memory_samples), (0)::numeric))::double precision) AS memory_avg,
    max(memory_max) AS memory_max,
    (sum(messages))::bigint AS messages,
    (sum(errors))::bigint AS errors,
    (
        CASE
            WHEN (sum(messages) > (0)::numeric) THEN LEAST((((100)::numeric * sum(errors)) / sum(messages)), (100)::numeric)
            WHEN (sum(errors) > (0)::numeric) THEN (100)::numeric
            ELSE NULL::numeric
        END)::double precision AS error_percent,
    (sum(response_ms_sum) / (NULLIF(sum(response_messages), (0)::numeric))::double precision) AS response_ms_avg,
    (sum(cpu_samples))::bigint AS cpu_samples,
    sum(cpu_sum) AS cpu_sum,
    (sum(memory_samples))::bigint AS memory_samples,
    sum(memory_sum) AS memory_sum,
    sum(response_ms_sum) AS response_ms_sum,
    (sum(response_messages))::bigint AS response_messages
   FROM platform_metrics_1h
  GROUP BY bucket;

COMMENT ON VIEW fleet_1h IS 'All agents together in buckets of 1 hour: for totals of any range.';
COMMENT ON COLUMN fleet_1h."time" IS 'Start of the bucket, UTC; the newest bucket is incomplete.';
COMMENT ON COLUMN fleet_1h.samples IS 'Number of samples.';
COMMENT ON COLUMN fleet_1h.cpu_avg IS 'Mean CPU percent of the samples that have it; null if none has.';
COMMENT ON COLUMN fleet_1h.cpu_max IS 'Highest CPU percent; null if no sample has it.';
COMMENT ON COLUMN fleet_1h.memory_avg IS 'Mean memory percent of the samples that have it; null if none has.';
COMMENT ON COLUMN fleet_1h.memory_max IS 'Highest memory percent; null if no sample has it.';
COMMENT ON COLUMN fleet_1h.messages IS 'Messages processed.';
COMMENT ON COLUMN fleet_1h.errors IS 'Errors.';
COMMENT ON COLUMN fleet_1h.error_percent IS 'Errors in percent of the messages, at most 100; 100 with errors but no messages; null with neither.';
COMMENT ON COLUMN fleet_1h.response_ms_avg IS 'Mean response time of the messages, ms; null if no sample has it.';
COMMENT ON COLUMN fleet_1h.cpu_samples IS 'Number of samples that have CPU.';
COMMENT ON COLUMN fleet_1h.cpu_sum IS 'Sum of the samples'' CPU percent; for the mean of any range, divide sums by cpu_samples.';
COMMENT ON COLUMN fleet_1h.memory_samples IS 'Number of samples that have memory.';
COMMENT ON COLUMN fleet_1h.memory_sum IS 'Sum of the samples'' memory percent; divide by memory_samples.';
COMMENT ON COLUMN fleet_1h.response_ms_sum IS 'Sum of response time times messages, ms; divide by response_messages.';
COMMENT ON COLUMN fleet_1h.response_messages IS 'Messages with a known response time.';

GRANT SELECT ON TABLE fleet_1h TO fleetgauge_analyst;


-- agents_now

CREATE VIEW agents_now AS
 SELECT COALESCE(tail.ts, latest.ts) AS "time",
    tail.user_id,
    tail.agent_id,
    tail.agent_key,
        CASE
            WHEN ((s.status IS NULL) OR (COALESCE(tail.ts, latest.ts) > s.running_after)) THEN 'running'::text
            WHEN (s.running_after = 'infinity'::timestamp with time zone) THEN 'removed'::text
            ELSE s.status
        END AS state,
    s.status,
    s.ts AS status_time,
    s.reason AS status_reason,
    LEAST(latest.first_ts, tail.first_ts) AS first_seen,
        CASE
            WHEN (tail.ts IS NULL) THEN latest.cpu
            ELSE tail.cpu
        END AS cpu,
        CASE
            WHEN (tail.ts IS NULL) THEN latest.memory
            ELSE tail.memory
        END AS memory,
    COALESCE(tail.storage_ts, latest.storage_ts) AS storage_time,
    COALESCE(tail.storage_used_mb, latest.storage_used_mb) AS storage_used_mb,
    COALESCE(tail.storage_total_mb, latest.storage_total_mb) AS storage_total_mb,
    (((100)::double precision * (COALESCE(tail.storage_used_mb, latest.storage_used_mb))::double precision) / NULLIF(COALESCE(tail.storage_total_mb, latest.storage_total_mb), (0)::double precision)) AS storage_percent
   FROM ((( SELECT agents.agent_key,
            agents.user_id,
            agents.agent_id,
            min(agent_samples.ts) AS first_ts,
            max(agent_samples.ts) AS ts,
            last(agent_samples.cpu, agent_samples.ts) AS cpu,
            last(agent_samples.memory, agent_samples.ts) AS memory,
            max(agent_samples.ts) FILTER (WHERE ((agent_samples.storage_used_mb IS NOT NULL) AND (agent_samples.storage_total_mb IS NOT NULL))) AS storage_ts,
            last(agent_samples.storage_used_mb, agent_samples.ts) FILTER (WHERE ((agent_samples.storage_used_mb IS NOT NULL) AND (agent_samples.storage_total_mb IS NOT NULL))) AS storage_used_mb,
            last(agent_samples.storage_total_mb, agent_samples.ts) FILTER (WHERE ((agent_samples.storage_used_mb IS NOT NULL) AND (agent_samples.storage_total_mb IS NOT NULL))) AS storage_total_mb
           FROM (agents
             LEFT JOIN agent_samples ON (((agent_samples.agent_key = agents.agent_key) AND (agent_samples.ts >= ( SELECT rollup_watermark.watermark
                   FROM rollup_watermark)))))
          GROUP BY agents.agent_key, agents.user_id, agents.agent_id) tail
     LEFT JOIN agent_latest latest ON ((latest.agent_key = tail.agent_key)))
     LEFT JOIN agent_states s ON ((s.agent_key = tail.agent_key)));

COMMENT ON VIEW agents_now IS 'Each agent: newest sample, newest status, state, storage.';
COMMENT ON COLUMN agents_now."time" IS 'Time of the newest sample; null for an agent that only sent a status.';
COMMENT ON COLUMN agents_now.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN agents_now.agent_id IS 'The agent''s own id, unique within its user.';
COMMENT ON COLUMN agents_now.agent_key IS 'Short key of the agent, as in agents; filter by it for fast queries.';
COMMENT ON COLUMN agents_now.state IS 'Effective state: running, stopped, failed or removed. The newest status, or running if there is none; a sample more than 30 seconds newer than stopped or failed makes it running; removed lasts until running.';
COMMENT ON COLUMN agents_now.status IS 'Newest status that was sent; null if none was.';
COMMENT ON COLUMN agents_now.status_time IS 'When the agent reached that status.';
COMMENT ON COLUMN agents_now.status_reason IS 'Reason given by the sender; null without.';
COMMENT ON COLUMN agents_now.first_seen IS 'Time of the oldest sample.';
COMMENT ON COLUMN agents_now.cpu IS 'CPU percent of the newest sample; null without.';
COMMENT ON COLUMN agents_now.memory IS 'Memory percent of the newest sample; null without.';
COMMENT ON COLUMN agents_now.storage_time IS 'Time of the newest sample that has storage.';
COMMENT ON COLUMN agents_now.storage_used_mb IS 'Storage in use at storage_time, MB.';
COMMENT ON COLUMN agents_now.storage_total_mb IS 'Storage capacity at storage_time, MB.';
COMMENT ON COLUMN agents_now.storage_percent IS 'Storage in use at storage_time, percent.';

GRANT SELECT ON TABLE agents_now TO fleetgauge_analyst;


-- business_payments

CREATE VIEW business_payments AS
 SELECT ts AS "time",
    user_id,
    payment_id,
    amount,
    currency
   FROM payments;

COMMENT ON VIEW business_payments IS 'Every payment, once.';
COMMENT ON COLUMN business_payments."time" IS 'When it was paid.';
COMMENT ON COLUMN business_payments.user_id IS 'User whose business it is.';
COMMENT ON COLUMN business_payments.payment_id IS 'The payment, unique within its user.';
COMMENT ON COLUMN business_payments.amount IS 'Minor units of the currency; negative for a refund.';
COMMENT ON COLUMN business_payments.currency IS 'ISO 4217 code.';

GRANT SELECT ON TABLE business_payments TO fleetgauge_analyst;


-- business_bookings

CREATE VIEW business_bookings AS
 SELECT ts AS "time",
    user_id,
    booking_id,
    status
   FROM bookings;

COMMENT ON VIEW business_bookings IS 'Each booking with its newest status.';
COMMENT ON COLUMN business_bookings."time" IS 'When it reached the status.';
COMMENT ON COLUMN business_bookings.user_id IS 'User whose business it is.';
COMMENT ON COLUMN business_bookings.booking_id IS 'The booking, unique within its user.';
COMMENT ON COLUMN business_bookings.status IS 'pending, completed or cancelled.';

GRANT SELECT ON TABLE business_bookings TO fleetgauge_analyst;


-- business_fans

CREATE VIEW business_fans AS
 SELECT ts AS "time",
    user_id,
    fan_id,
    segment,
    first_ts AS first_seen
   FROM fans;

COMMENT ON VIEW business_fans IS 'Each fan with its newest segment.';
COMMENT ON COLUMN business_fans."time" IS 'When the fan was last active.';
COMMENT ON COLUMN business_fans.user_id IS 'User whose business it is.';
COMMENT ON COLUMN business_fans.fan_id IS 'The fan, unique within its user.';
COMMENT ON COLUMN business_fans.segment IS 'superfan, casual or new, at that time.';
COMMENT ON COLUMN business_fans.first_seen IS 'When the fan was first active.';

GRANT SELECT ON TABLE business_fans TO fleetgauge_analyst;


-- business_plays

CREATE VIEW business_plays AS
 SELECT ts AS "time",
    user_id,
    play_id,
    listener_id,
    count AS plays
   FROM plays;

COMMENT ON VIEW business_plays IS 'Every play, once.';
COMMENT ON COLUMN business_plays."time" IS 'When it was played.';
COMMENT ON COLUMN business_plays.user_id IS 'User whose business it is.';
COMMENT ON COLUMN business_plays.play_id IS 'The play, unique within its user.';
COMMENT ON COLUMN business_plays.listener_id IS 'Who listened.';
COMMENT ON COLUMN business_plays.plays IS 'Number of plays.';

GRANT SELECT ON TABLE business_plays TO fleetgauge_analyst;


-- business_skills

CREATE VIEW business_skills AS
 SELECT ts AS "time",
    user_id,
    skill_id,
    active
   FROM skills;

COMMENT ON VIEW business_skills IS 'Each skill with its newest state.';
COMMENT ON COLUMN business_skills."time" IS 'When it was last switched on or off.';
COMMENT ON COLUMN business_skills.user_id IS 'User whose business it is.';
COMMENT ON COLUMN business_skills.skill_id IS 'The skill, unique within its user.';
COMMENT ON COLUMN business_skills.active IS 'Whether it is on.';

GRANT SELECT ON TABLE business_skills TO fleetgauge_analyst;


-- business_deployments

CREATE VIEW business_deployments AS
 SELECT ts AS "time",
    user_id,
    deployment_id,
    agent_id,
    status
   FROM deployments;

COMMENT ON VIEW business_deployments IS 'Each deployment with its newest status.';
COMMENT ON COLUMN business_deployments."time" IS 'When it reached the status.';
COMMENT ON COLUMN business_deployments.user_id IS 'User whose business it is.';
COMMENT ON COLUMN business_deployments.deployment_id IS 'The deployment, unique within its user.';
COMMENT ON COLUMN business_deployments.agent_id IS 'Agent that was deployed.';
COMMENT ON COLUMN business_deployments.status IS 'pending, succeeded or failed.';

GRANT SELECT ON TABLE business_deployments TO fleetgauge_analyst;


-- revenue_daily

CREATE VIEW revenue_daily AS
 SELECT ((day)::timestamp without time zone AT TIME ZONE 'UTC'::text) AS "time",
    user_id,
    day,
    currency,
    (amount)::double precision AS amount,
    payments
   FROM revenue_days;

COMMENT ON VIEW revenue_daily IS 'Payments of each user, UTC day and currency, added up.';
COMMENT ON COLUMN revenue_daily."time" IS 'Start of the UTC day, for charts; filter by `day`, which is indexed.';
COMMENT ON COLUMN revenue_daily.user_id IS 'User whose business it is.';
COMMENT ON COLUMN revenue_daily.day IS 'The UTC day.';
COMMENT ON COLUMN revenue_daily.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN revenue_daily.amount IS 'Sum in minor units of the currency, less refunds.';
COMMENT ON COLUMN revenue_daily.payments IS 'Number of payments, including refunds.';

GRANT SELECT ON TABLE revenue_daily TO fleetgauge_analyst;


-- listening_daily

CREATE VIEW listening_daily AS
 SELECT ((day)::timestamp without time zone AT TIME ZONE 'UTC'::text) AS "time",
    user_id,
    day,
    plays,
    last_heard
   FROM listening_days;

COMMENT ON VIEW listening_daily IS 'Plays of each user and UTC day.';
COMMENT ON COLUMN listening_daily."time" IS 'Start of the UTC day, for charts; filter by `day`, which is indexed.';
COMMENT ON COLUMN listening_daily.user_id IS 'User whose business it is.';
COMMENT ON COLUMN listening_daily.day IS 'The UTC day.';
COMMENT ON COLUMN listening_daily.plays IS 'Number of plays.';
COMMENT ON COLUMN listening_daily.last_heard IS 'Listeners whose newest play is on that day; the sum from a day on is the number of distinct listeners since then.';

GRANT SELECT ON TABLE listening_daily TO fleetgauge_analyst;


-- timeline

CREATE VIEW timeline AS
 SELECT e.ts AS "time",
    e.user_id,
    e.agent_id,
    a.agent_key,
    'status'::text AS kind,
    e.status,
    e.reason,
    NULL::text AS deployment_id
   FROM (status_events e
     LEFT JOIN agents a ON (((a.user_id = e.user_id) AND (a.agent_id = e.agent_id))))
UNION ALL
 SELECT d.ts AS "time",
    d.user_id,
    d.agent_id,
    a.agent_key,
    'deployment'::text AS kind,
    d.status,
    NULL::text AS reason,
    d.deployment_id
   FROM (deployment_events d
     LEFT JOIN agents a ON (((a.user_id = d.user_id) AND (a.agent_id = d.agent_id))));

COMMENT ON VIEW timeline IS 'Every status event and every status of every deployment.';
COMMENT ON COLUMN timeline."time" IS 'When it happened.';
COMMENT ON COLUMN timeline.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN timeline.agent_id IS 'The agent''s own id, unique within its user.';
COMMENT ON COLUMN timeline.agent_key IS 'Short key of the agent, as in agents; for fast queries filter by user_id and agent_id.';
COMMENT ON COLUMN timeline.kind IS 'status or deployment.';
COMMENT ON COLUMN timeline.status IS 'Status event: running, stopped, failed or removed. Deployment: pending, succeeded or failed.';
COMMENT ON COLUMN timeline.reason IS 'Reason given by the sender; null without, and for a deployment.';
COMMENT ON COLUMN timeline.deployment_id IS 'The deployment, unique within its user; null for a status event.';

GRANT SELECT ON TABLE timeline TO fleetgauge_analyst;


-- agent_states_over_time

CREATE VIEW agent_states_over_time AS
 SELECT event.ts AS since,
    lead(event.ts) OVER later AS until,
    event.user_id,
    event.agent_id,
    a.agent_key,
        CASE
            WHEN (event.removed_ts >= COALESCE(event.running_ts, '-infinity'::timestamp with time zone)) THEN 'removed'::text
            ELSE event.status
        END AS state,
    event.status,
    event.reason
   FROM (( SELECT status_events.ts,
            status_events.user_id,
            status_events.agent_id,
            status_events.status,
            status_events.reason,
            max(status_events.ts) FILTER (WHERE (status_events.status = 'running'::text)) OVER earlier AS running_ts,
            max(status_events.ts) FILTER (WHERE (status_events.status = 'removed'::text)) OVER earlier AS removed_ts,
            row_number() OVER (PARTITION BY status_events.user_id, status_events.agent_id, status_events.ts ORDER BY (array_position(ARRAY['running'::text, 'stopped'::text, 'failed'::text, 'removed'::text], status_events.status)) DESC) AS place
           FROM status_events
          WINDOW earlier AS (PARTITION BY status_events.user_id, status_events.agent_id ORDER BY status_events.ts)) event
     LEFT JOIN agents a ON (((a.user_id = event.user_id) AND (a.agent_id = event.agent_id))))
  WHERE (event.place = 1)
  WINDOW later AS (PARTITION BY event.user_id, event.agent_id ORDER BY event.ts);

COMMENT ON VIEW agent_states_over_time IS 'States of each agent by its status events, one row for each event. Samples, which make a stopped or failed agent running again, are not considered; agents_now has the effective state.';
COMMENT ON COLUMN agent_states_over_time.since IS 'When the state began.';
COMMENT ON COLUMN agent_states_over_time.until IS 'When the next state began; null for the newest.';
COMMENT ON COLUMN agent_states_over_time.user_id IS 'User the agent belongs to.';
COMMENT ON COLUMN agent_states_over_time.agent_id IS 'The agent''s own id, unique within its user.';
COMMENT ON COLUMN agent_states_over_time.agent_key IS 'Short key of the agent, as in agents; for fast queries filter by user_id and agent_id.';
COMMENT ON COLUMN agent_states_over_time.state IS 'The status, except that removed lasts until running.';
COMMENT ON COLUMN agent_states_over_time.status IS 'The status that was sent; of several at the same time, the one that takes precedence.';
COMMENT ON COLUMN agent_states_over_time.reason IS 'Reason given by the sender; null without.';

GRANT SELECT ON TABLE agent_states_over_time TO fleetgauge_analyst;


-- add_late_samples: sql/apache/repeatable/31_aggregate.sql

CREATE FUNCTION add_late_samples(sums sample_sums[], agents agent_latest[]) RETURNS void
    LANGUAGE plpgsql;

COMMENT ON FUNCTION add_late_samples(sums sample_sums[], agents agent_latest[]) IS 'Adds samples before the watermark, which the caller has locked, to the levels.';


-- add_to_1d: sql/apache/repeatable/31_aggregate.sql

CREATE FUNCTION add_to_1d(sums sample_sums[]) RETURNS void
    LANGUAGE sql;

COMMENT ON FUNCTION add_to_1d(sums sample_sums[]) IS 'Adds rows to the level of UTC days.';


-- add_to_1h: sql/apache/repeatable/31_aggregate.sql

CREATE FUNCTION add_to_1h(sums sample_sums[]) RETURNS void
    LANGUAGE sql;

COMMENT ON FUNCTION add_to_1h(sums sample_sums[]) IS 'Adds rows to the level of hours, and the number of new rows to platform_agents_1h.';


-- add_to_5m: sql/apache/repeatable/31_aggregate.sql

CREATE FUNCTION add_to_5m(sums sample_sums[]) RETURNS TABLE(agent_key integer, bucket timestamp with time zone)
    LANGUAGE sql;

COMMENT ON FUNCTION add_to_5m(sums sample_sums[]) IS 'Adds rows to the level of 5 minutes; returns the new buckets.';


-- agents_at: sql/common/repeatable/37_lists.sql

CREATE FUNCTION agents_at(over text, now timestamp with time zone) RETURNS TABLE(agent_key integer, user_id text, agent_id text, state text, is_of_event boolean, since timestamp with time zone, first_ts timestamp with time zone, ts timestamp with time zone, cpu real, memory real, storage_used_mb real, storage_total_mb real, messages bigint, errors bigint, response_ms_sum double precision, response_messages bigint)
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION agents_at(over text, now timestamp with time zone) IS 'The columns of kept_agents at the given time, if agent_summary is not fresh; reads every agent.';


-- agents_named: sql/common/repeatable/37_lists.sql

CREATE FUNCTION agents_named(owner text, only_agent text) RETURNS SETOF agents
    LANGUAGE plpgsql STABLE ROWS 100;

COMMENT ON FUNCTION agents_named(owner text, only_agent text) IS 'A user''s agents, or the named one of them.';


-- agents_of: sql/common/repeatable/37_lists.sql

CREATE FUNCTION agents_of(owner text, only_agent text, now timestamp with time zone, starts timestamp with time zone, hours_from timestamp with time zone, hours_upto timestamp with time zone) RETURNS TABLE(agent_key integer, user_id text, agent_id text, state text, is_of_event boolean, since timestamp with time zone, first_ts timestamp with time zone, ts timestamp with time zone, cpu real, memory real, storage_used_mb real, storage_total_mb real, messages bigint, errors bigint, response_ms_sum double precision, response_messages bigint)
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION agents_of(owner text, only_agent text, now timestamp with time zone, starts timestamp with time zone, hours_from timestamp with time zone, hours_upto timestamp with time zone) IS 'A user''s agents, or one of them, as they are now, with sums of the buckets from a time on.';


-- aggregate_hours: sql/apache/repeatable/31_aggregate.sql

CREATE FUNCTION aggregate_hours() RETURNS void
    LANGUAGE plpgsql;

COMMENT ON FUNCTION aggregate_hours() IS 'Adds the hours that have ended before the watermark to the levels of hours and days; aggregate_samples calls it.';


-- aggregate_samples: sql/apache/repeatable/31_aggregate.sql

CREATE FUNCTION aggregate_samples(upto timestamp with time zone) RETURNS void
    LANGUAGE plpgsql;

COMMENT ON FUNCTION aggregate_samples(upto timestamp with time zone) IS 'Moves the watermark: adds the samples before `upto` to the level of 5 minutes; refresh_samples calls it.';


-- aggregated_before: sql/apache/repeatable/05_hypertables.sql

CREATE FUNCTION aggregated_before(relation text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION aggregated_before(relation text) IS 'Time before which all rows of a relation are aggregated in the next level, and may be dropped.';


-- coarser: sql/apache/repeatable/31_aggregate.sql

CREATE FUNCTION coarser(sums sample_sums[], width interval) RETURNS sample_sums[]
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION coarser(sums sample_sums[], width interval) IS 'The same sums in wider buckets.';


-- count_agents: sql/common/repeatable/35_fleet.sql

CREATE FUNCTION count_agents(now timestamp with time zone) RETURNS TABLE(agents bigint, agents_active bigint, agents_failed bigint, storage_used_mb double precision, storage_total_mb double precision)
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION count_agents(now timestamp with time zone) IS 'Counts the agents that are not removed, by state at the given time, and sums their newest storage, MB.';


-- count_agents_by_hour: sql/common/repeatable/35_fleet.sql

CREATE FUNCTION count_agents_by_hour(start timestamp with time zone, stop timestamp with time zone) RETURNS void
    LANGUAGE sql;

COMMENT ON FUNCTION count_agents_by_hour(start timestamp with time zone, stop timestamp with time zone) IS 'Counts the agents in each hour of [start, stop) again, after a refresh of its rows.';


-- count_agents_of_open_hours: sql/common/repeatable/35_fleet.sql

CREATE FUNCTION count_agents_of_open_hours(upto timestamp with time zone) RETURNS TABLE(bucket timestamp with time zone, agents bigint)
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION count_agents_of_open_hours(upto timestamp with time zone) IS 'Counts the agents of each hour before the given time that is not in platform_agents_1h.';


-- count_changed_bookings: sql/common/repeatable/45_business_trigger_bookings.sql

CREATE FUNCTION count_changed_bookings() RETURNS trigger
    LANGUAGE plpgsql;


-- count_changed_deployments: sql/common/repeatable/45_business_trigger_deployments.sql

CREATE FUNCTION count_changed_deployments() RETURNS trigger
    LANGUAGE plpgsql;


-- count_changed_fans: sql/common/repeatable/45_business_trigger_fans.sql

CREATE FUNCTION count_changed_fans() RETURNS trigger
    LANGUAGE plpgsql;


-- count_changed_skills: sql/common/repeatable/45_business_trigger_skills.sql

CREATE FUNCTION count_changed_skills() RETURNS trigger
    LANGUAGE plpgsql;


-- count_heartbeats: sql/common/repeatable/45_platform_trigger_heartbeats.sql

CREATE FUNCTION count_heartbeats() RETURNS trigger
    LANGUAGE plpgsql;


-- count_new_bookings: sql/common/repeatable/45_business_trigger_bookings.sql

CREATE FUNCTION count_new_bookings() RETURNS trigger
    LANGUAGE plpgsql;


-- count_new_deployments: sql/common/repeatable/45_business_trigger_deployments.sql

CREATE FUNCTION count_new_deployments() RETURNS trigger
    LANGUAGE plpgsql;


-- count_new_fans: sql/common/repeatable/45_business_trigger_fans.sql

CREATE FUNCTION count_new_fans() RETURNS trigger
    LANGUAGE plpgsql;


-- count_new_skills: sql/common/repeatable/45_business_trigger_skills.sql

CREATE FUNCTION count_new_skills() RETURNS trigger
    LANGUAGE plpgsql;


-- count_uptime: sql/common/repeatable/35_fleet.sql

CREATE FUNCTION count_uptime(now timestamp with time zone) RETURNS TABLE(buckets bigint, buckets_up bigint)
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION count_uptime(now timestamp with time zone) IS 'Counts 5-minute buckets of the agents that are not removed, and those with a sample, in the 30 UTC days up to the given time.';


-- effective_state: sql/common/repeatable/36_states.sql

CREATE FUNCTION effective_state(status text, running_after timestamp with time zone, sampled_at timestamp with time zone, now timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION effective_state(status text, running_after timestamp with time zone, sampled_at timestamp with time zone, now timestamp with time zone) IS 'Returns active, inactive, failed or removed, as count_agents counts them. Without a status or a sample, its arguments are null.';


-- end_of_silence: sql/common/repeatable/36_states.sql

CREATE FUNCTION end_of_silence(agent integer, moment timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION end_of_silence(agent integer, moment timestamp with time zone) IS 'Time of an agent''s first sample after the given time, if it is more than 5 minutes later; else null.';


-- erase_metrics: sql/apache/repeatable/41_erase_metrics.sql

CREATE FUNCTION erase_metrics(erased integer) RETURNS TABLE(relation text, removed bigint)
    LANGUAGE plpgsql;

COMMENT ON FUNCTION erase_metrics(erased integer) IS 'Erases the samples and rollups of an agent; `fleetgauge erase` calls it.';


-- erase_summary: sql/common/repeatable/37_lists.sql

CREATE FUNCTION erase_summary(keys integer[]) RETURNS TABLE(relation text, erased bigint)
    LANGUAGE plpgsql;

COMMENT ON FUNCTION erase_summary(keys integer[]) IS 'Erases the agents with these keys from agent_summary and agent_windows; returns the number of rows.';


-- error_percent: sql/common/repeatable/37_lists.sql

CREATE FUNCTION error_percent(errors bigint, messages bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE;

COMMENT ON FUNCTION error_percent(errors bigint, messages bigint) IS 'Errors in percent of the messages, at most 100; 100 with errors and no messages.';


-- first_sample_after: sql/common/repeatable/36_states.sql

CREATE FUNCTION first_sample_after(agent integer, moment timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE;

COMMENT ON FUNCTION first_sample_after(agent integer, moment timestamp with time zone) IS 'Time of an agent''s first sample after the given time, or that time if its samples were dropped.';


-- has_windows: sql/common/repeatable/37_lists.sql

CREATE FUNCTION has_windows(now timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION has_windows(now timestamp with time zone) IS 'Whether agent_windows equals the result of sum_windows, except for late samples of the last minute.';


-- hold_watermark: sql/common/repeatable/10_watermark.sql

CREATE FUNCTION hold_watermark(oldest timestamp with time zone) RETURNS rollup_watermark
    LANGUAGE plpgsql;

COMMENT ON FUNCTION hold_watermark(oldest timestamp with time zone) IS 'Locks the watermark until the transaction ends, for a writer whose oldest sample has the given time; returns the watermark that applies to its samples.';


-- hypertable_of: sql/apache/repeatable/05_hypertables.sql

CREATE FUNCTION hypertable_of(relation text) RETURNS regclass
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION hypertable_of(relation text) IS 'The hypertable that stores a relation of samples or rollups.';


-- is_state_of_event: sql/common/repeatable/36_states.sql

CREATE FUNCTION is_state_of_event(state text, status text, removed_at timestamp with time zone, running_after timestamp with time zone, sampled_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION is_state_of_event(state text, status text, removed_at timestamp with time zone, running_after timestamp with time zone, sampled_at timestamp with time zone) IS 'Whether an agent''s newest status event is the cause of its state.';


-- is_summary_fresh: sql/common/repeatable/37_lists.sql

CREATE FUNCTION is_summary_fresh() RETURNS boolean
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION is_summary_fresh() IS 'Whether agent_summary is recent enough to answer from.';


-- keep_agent_summary: sql/common/repeatable/37_lists.sql

CREATE FUNCTION keep_agent_summary() RETURNS void
    LANGUAGE plpgsql;

COMMENT ON FUNCTION keep_agent_summary() IS 'Updates agent_summary, for lists of the fleet; the refresh calls it every few seconds.';


-- keep_agent_windows: sql/common/repeatable/37_lists.sql

CREATE FUNCTION keep_agent_windows(now timestamp with time zone) RETURNS void
    LANGUAGE sql;

COMMENT ON FUNCTION keep_agent_windows(now timestamp with time zone) IS 'Updates agent_windows from sum_windows; keep_agent_summary calls it.';


-- keep_newest: sql/common/repeatable/20_newest.sql

CREATE FUNCTION keep_newest(agents agent_latest[]) RETURNS void
    LANGUAGE sql;

COMMENT ON FUNCTION keep_newest(agents agent_latest[]) IS 'Merges the newest samples of some agents into agent_latest: one row for each agent, in key order.';


-- keep_platform_summary: sql/common/repeatable/35_fleet.sql

CREATE FUNCTION keep_platform_summary() RETURNS void
    LANGUAGE plpgsql;

COMMENT ON FUNCTION keep_platform_summary() IS 'Updates platform_summary; the refresh calls it every few seconds.';


-- kept_agents: sql/common/repeatable/37_lists.sql

CREATE FUNCTION kept_agents(over text) RETURNS TABLE(agent_key integer, user_id text, agent_id text, state text, is_of_event boolean, since timestamp with time zone, first_ts timestamp with time zone, ts timestamp with time zone, cpu real, memory real, storage_used_mb real, storage_total_mb real, messages bigint, errors bigint, response_ms_sum double precision, response_messages bigint)
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION kept_agents(over text) IS 'All agents as of the last refresh, with sums over 15m, 1h or 24h.';


-- limit_analysts: sql/common/repeatable/50_analyst.sql

CREATE FUNCTION limit_analysts() RETURNS SETOF text
    LANGUAGE plpgsql;

COMMENT ON FUNCTION limit_analysts() IS 'Sets the limits that analyst logins still lack in this database, and returns them.';

REVOKE ALL ON FUNCTION limit_analysts() FROM PUBLIC;


-- lock_of_aggregates: sql/common/repeatable/10_watermark.sql

CREATE FUNCTION lock_of_aggregates() RETURNS bigint
    LANGUAGE sql IMMUTABLE;

COMMENT ON FUNCTION lock_of_aggregates() IS 'Advisory lock 2: a refresh holds it while it moves the watermark; writers of late samples share it.';


-- lock_of_frontier: sql/common/repeatable/10_watermark.sql

CREATE FUNCTION lock_of_frontier() RETURNS bigint
    LANGUAGE sql IMMUTABLE;

COMMENT ON FUNCTION lock_of_frontier() IS 'Advisory lock 1: writers without late samples share it from before they read the frontier until they commit; a refresh takes it to wait for them.';


-- newest_deployments: sql/common/repeatable/37_lists.sql

CREATE FUNCTION newest_deployments(owner text, agent text) RETURNS jsonb
    LANGUAGE sql STABLE STRICT;

COMMENT ON FUNCTION newest_deployments(owner text, agent text) IS 'The newest 10 deployments to an agent, newest first.';


-- refresh_samples: sql/common/repeatable/10_watermark.sql

CREATE PROCEDURE refresh_samples(IN upto timestamp with time zone)
    LANGUAGE plpgsql;

COMMENT ON PROCEDURE refresh_samples(IN upto timestamp with time zone) IS 'Moves the watermark to the given time: aggregates all samples before it.';


-- roll_up_payments: sql/common/repeatable/45_business_trigger_payments.sql

CREATE FUNCTION roll_up_payments() RETURNS trigger
    LANGUAGE plpgsql;


-- roll_up_plays: sql/common/repeatable/45_business_trigger_plays.sql

CREATE FUNCTION roll_up_plays() RETURNS trigger
    LANGUAGE plpgsql;


-- server_identity: sql/common/repeatable/90_server.sql

CREATE FUNCTION server_identity() RETURNS text
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION server_identity() IS 'Identifies this database on this run of its server; after a change, ingest checks cached state again.';


-- share_of: sql/common/repeatable/40_erase.sql

CREATE FUNCTION share_of(amount numeric, upto numeric, part numeric, whole numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE;

COMMENT ON FUNCTION share_of(amount numeric, upto numeric, part numeric, whole numeric) IS 'A part''s share of an amount, in whole numbers that add up.';


-- sort_figure: sql/common/repeatable/37_lists.sql

CREATE FUNCTION sort_figure(sort text, state text, ts timestamp with time zone, cpu real, memory real, storage_used_mb real, messages bigint, errors bigint, response_ms_sum double precision, response_messages bigint) RETURNS double precision
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION sort_figure(sort text, state text, ts timestamp with time zone, cpu real, memory real, storage_used_mb real, messages bigint, errors bigint, response_ms_sum double precision, response_messages bigint) IS 'First sort key of a list of agents; null if it sorts by ids, and for agents without the value.';


-- state_since: sql/common/repeatable/36_states.sql

CREATE FUNCTION state_since(state text, is_of_event boolean, status_at timestamp with time zone, removed_at timestamp with time zone, running_after timestamp with time zone, first_at timestamp with time zone, sampled_at timestamp with time zone, resumed_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION state_since(state text, is_of_event boolean, status_at timestamp with time zone, removed_at timestamp with time zone, running_after timestamp with time zone, first_at timestamp with time zone, sampled_at timestamp with time zone, resumed_at timestamp with time zone) IS 'When an agent''s state began.';


-- sum_windows: sql/common/repeatable/37_lists.sql

CREATE FUNCTION sum_windows(now timestamp with time zone) RETURNS SETOF agent_windows
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_custom_plan'
    SET work_mem TO '64MB';

COMMENT ON FUNCTION sum_windows(now timestamp with time zone) IS 'Sums of each agent''s samples in the windows of lists, without samples of the newest 15 minutes from the watermark on.';


-- summarise_agents: sql/common/repeatable/37_lists.sql

CREATE FUNCTION summarise_agents(now timestamp with time zone) RETURNS SETOF agent_summary
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_custom_plan'
    SET work_mem TO '64MB';

COMMENT ON FUNCTION summarise_agents(now timestamp with time zone) IS 'All agents at the given time, with the columns of agent_summary; reads every agent.';


-- take_from_platform: sql/common/repeatable/40_erase.sql

CREATE FUNCTION take_from_platform(erased integer) RETURNS void
    LANGUAGE sql;

COMMENT ON FUNCTION take_from_platform(erased integer) IS 'Subtracts an agent''s sums from the platform''s hours; erase_metrics calls it.';


-- uptime_bounds: sql/common/repeatable/37_lists.sql

CREATE FUNCTION uptime_bounds(now timestamp with time zone) RETURNS TABLE(starts timestamp with time zone, stops timestamp with time zone, hours_upto timestamp with time zone)
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION uptime_bounds(now timestamp with time zone) IS 'The 30 UTC days of uptime at the given time, up to the newest bucket that has ended and is aggregated, and the end of the aggregated hours.';


-- urgent_agents: sql/common/repeatable/37_lists.sql

CREATE FUNCTION urgent_agents(over text, wanted text[], most integer) RETURNS TABLE(agent_key integer, user_id text, agent_id text, state text, is_of_event boolean, since timestamp with time zone, first_ts timestamp with time zone, ts timestamp with time zone, cpu real, memory real, storage_used_mb real, storage_total_mb real, messages bigint, errors bigint, response_ms_sum double precision, response_messages bigint)
    LANGUAGE plpgsql STABLE
    SET plan_cache_mode TO 'force_custom_plan';

COMMENT ON FUNCTION urgent_agents(over text, wanted text[], most integer) IS 'Up to `most` agents in each state, the newest changes first: the first page of lists in a large fleet.';


-- window_start: sql/common/repeatable/37_lists.sql

CREATE FUNCTION window_start(now timestamp with time zone, buckets integer) RETURNS timestamp with time zone
    LANGUAGE sql STABLE;

COMMENT ON FUNCTION window_start(now timestamp with time zone, buckets integer) IS 'Start of the oldest of the newest buckets of 5 minutes.';
