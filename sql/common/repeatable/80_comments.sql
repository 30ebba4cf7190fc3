-- What every relation and column holds, for whoever reads the database.

comment on table agents is 'Every agent that ever sent an event. Other tables carry agent_key.';
comment on column agents.agent_key is 'Short key of the agent, never reused.';
comment on column agents.user_id is 'User the agent belongs to.';
comment on column agents.agent_id is 'The agent''s own id, unique within its user.';

comment on table agent_latest is
    'Newest sample of each agent from before the watermark; agent_newest has all samples.';
comment on column agent_latest.agent_key is 'The agent.';
comment on column agent_latest.first_ts is 'Time of the agent''s oldest sample.';
comment on column agent_latest.ts is 'Time of the agent''s newest sample.';
comment on column agent_latest.cpu is
    'Percent of the CPU the agent may use, 0 to 100; null where the agent does not know it.';
comment on column agent_latest.memory is
    'Percent of the memory the agent may use, 0 to 100; null where the agent does not know it.';
comment on column agent_latest.storage_ts is 'Time of the newest sample that told its storage.';
comment on column agent_latest.storage_used_mb is 'Storage in use then, MB.';
comment on column agent_latest.storage_total_mb is 'Storage there is, then, MB.';

comment on table agent_states is 'Newest status event of each agent.';
comment on column agent_states.agent_key is 'The agent.';
comment on column agent_states.ts is 'When the agent reached the state.';
comment on column agent_states.status is 'running, stopped, failed or removed.';
comment on column agent_states.reason is 'Why, in the sender''s words.';
comment on column agent_states.running_ts is 'Newest time at which the agent was told running.';
comment on column agent_states.removed_ts is 'Newest time at which the agent was told removed.';
comment on column agent_states.running_after is
    'A sample after this makes the agent running: always, 30 seconds after stopped or failed, '
    'never (infinity) after removed, which holds until it is told running.';

comment on table agent_samples is
    'Every sample, once; told apart by agent and time. Kept for the raw retention.';
comment on column agent_samples.ts is 'When the sample was taken.';
comment on column agent_samples.agent_key is 'The agent.';
comment on column agent_samples.cpu is
    'Percent of the CPU the agent may use, 0 to 100; null where the agent does not know it.';
comment on column agent_samples.memory is
    'Percent of the memory the agent may use, 0 to 100; null where the agent does not know it.';
comment on column agent_samples.messages is 'Messages processed since the previous sample.';
comment on column agent_samples.errors is 'Errors since the previous sample.';
comment on column agent_samples.response_ms is
    'Mean response time of those messages, ms; null where the agent told none.';
comment on column agent_samples.storage_used_mb is 'Storage in use, MB; null where not told.';
comment on column agent_samples.storage_total_mb is 'Storage there is, MB; null where not told.';

do $$
declare
    relation text;
begin
    foreach relation in array array[
        'agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d', 'platform_metrics_1h'
    ] loop
        execute format('comment on column %I.bucket is %L', relation, 'Start of the bucket, UTC.');
        execute format('comment on column %I.samples is %L', relation, 'Number of samples.');
        execute format('comment on column %I.cpu_samples is %L', relation,
            'Number of samples that have CPU.');
        execute format('comment on column %I.cpu_sum is %L', relation,
            'Sum of the samples'' CPU percent; divide by cpu_samples for the mean.');
        execute format('comment on column %I.cpu_max is %L', relation,
            'Highest CPU percent; null where no sample has it.');
        execute format('comment on column %I.memory_samples is %L', relation,
            'Number of samples that have memory.');
        execute format('comment on column %I.memory_sum is %L', relation,
            'Sum of the samples'' memory percent; divide by memory_samples for the mean.');
        execute format('comment on column %I.memory_max is %L', relation,
            'Highest memory percent; null where no sample has it.');
        execute format('comment on column %I.messages is %L', relation, 'Messages processed.');
        execute format('comment on column %I.errors is %L', relation, 'Errors.');
        execute format('comment on column %I.response_ms_sum is %L', relation,
            'Sum of response time times messages, ms; divide by response_messages for the mean.');
        execute format('comment on column %I.response_messages is %L', relation,
            'Messages whose response time was told.');
    end loop;
    foreach relation in array array['agent_metrics_5m', 'agent_metrics_1h', 'agent_metrics_1d'] loop
        execute format('comment on column %I.up_buckets is %L', relation,
            'Number of 5-minute buckets with a sample.');
        execute format('comment on column %I.agent_key is %L', relation, 'The agent.');
    end loop;
end
$$;
comment on table platform_metrics_1h is
    'Samples of all agents in buckets of 1 hour, in shards to be added up.';
comment on column platform_metrics_1h.shard is 'Which writer kept this row.';

comment on table platform_heartbeats is
    'Minutes in which ingest ran: those of the last 33 days, and the very first.';
comment on column platform_heartbeats.minute is 'Start of the minute, UTC.';

comment on table platform_heartbeat_days is 'In how many minutes of each day ingest ran.';
comment on column platform_heartbeat_days.day is 'UTC day.';
comment on column platform_heartbeat_days.minutes is 'Minutes in which ingest ran.';

comment on table upkeep is 'How each task of the upkeep job went.';
comment on column upkeep.task is 'The relation that is kept from growing without bound.';
comment on column upkeep.every is 'How often the job means to run the task.';
comment on column upkeep.ran_at is 'When it ran last.';
comment on column upkeep.succeeded_at is 'When it last went well; null if it never did.';
comment on column upkeep.removed is 'Chunks or rows that the last run removed.';
comment on column upkeep.failure is 'Why the last run failed; null where it went well.';

comment on table retention_horizons is
    'What retention has dropped; samples from before it are rejected as expired.';
comment on column retention_horizons.relation is 'The relation whose chunks were dropped.';
comment on column retention_horizons.dropped_before is
    'End of the newest chunk that was dropped; rises with each drop and never falls.';

comment on table ingest_offsets is 'How far each partition is stored, and who may write it.';
comment on column ingest_offsets.topic is 'Kafka topic.';
comment on column ingest_offsets.partition is 'Kafka partition.';
comment on column ingest_offsets.next_offset is 'First offset that is not stored yet.';
comment on column ingest_offsets.epoch is 'Grows by one with each claim; an older one is refused.';
comment on column ingest_offsets.cluster_id is 'Kafka cluster the offsets belong to.';
comment on column ingest_offsets.topic_id is
    'Id of the topic the offsets belong to; null where none was stored since it is noted.';
comment on column ingest_offsets.last_record_offset is
    'Where the last record before next_offset is; marks of transactions may be in between.';
comment on column ingest_offsets.last_record_ts is 'Broker time of that record.';
comment on column ingest_offsets.last_record_crc is
    'CRC-32 of that record''s key and value; tells a topic that was made anew.';

comment on table ingest_groups is 'Consumer groups whose ingest writes this database.';
comment on column ingest_groups.topic is 'Kafka topic that the group reads.';
comment on column ingest_groups.consumer_group is 'The group, FLEETGAUGE_CONSUMER_GROUP.';
comment on column ingest_groups.seen_at is
    'When an ingest of the group last ran on this database, by the server''s clock.';

comment on table deployments is 'Newest status of each deployment.';
comment on column deployments.user_id is 'User the deployment belongs to.';
comment on column deployments.deployment_id is 'The deployment, unique within its user.';
comment on column deployments.agent_id is 'Agent that was deployed.';
comment on column deployments.ts is 'When it reached the status.';
comment on column deployments.status is 'pending, succeeded or failed.';

comment on table deployment_counts is
    'Number of deployments by newest status, in shards to be added up.';
comment on column deployment_counts.status is 'pending, succeeded or failed.';
comment on column deployment_counts.shard is 'Which writer kept this row.';
comment on column deployment_counts.deployments is
    'Deployments that reached the status less those that left it, by this writer.';

comment on table payments is 'Every payment, once.';
comment on column payments.user_id is 'User who was paid.';
comment on column payments.payment_id is 'The payment, unique within its user.';
comment on column payments.ts is 'When it was paid.';
comment on column payments.amount is 'Minor units of the currency; negative for a refund.';
comment on column payments.currency is 'ISO 4217 code.';

comment on table bookings is 'Newest status of each booking.';
comment on column bookings.user_id is 'User the booking belongs to.';
comment on column bookings.booking_id is 'The booking, unique within its user.';
comment on column bookings.ts is 'When it reached the status.';
comment on column bookings.status is 'pending, completed or cancelled.';

comment on table fans is 'Each fan with its newest segment.';
comment on column fans.user_id is 'User whose fan it is.';
comment on column fans.fan_id is 'The fan, unique within its user.';
comment on column fans.first_ts is 'When the fan was first active.';
comment on column fans.ts is 'When the fan was last active.';
comment on column fans.segment is 'superfan, casual or new, at that time.';

comment on table plays is 'Every play, once.';
comment on column plays.user_id is 'User whose work was played.';
comment on column plays.play_id is 'The play, unique within its user.';
comment on column plays.listener_id is 'Who listened.';
comment on column plays.ts is 'When.';
comment on column plays.count is 'How many times.';

comment on table skill_changes is 'Every time a skill was switched on or off.';
comment on column skill_changes.user_id is 'User the skill belongs to.';
comment on column skill_changes.skill_id is 'The skill, unique within its user.';
comment on column skill_changes.ts is 'When.';
comment on column skill_changes.active is 'Whether it was on from then.';

comment on table rollup_watermark is
    'How far the samples are aggregated, one row; read samples from there on in agent_samples.';
comment on column rollup_watermark.only_row is 'Always true.';
comment on column rollup_watermark.frontier is
    'Up to where a refresh aggregates at this moment; the watermark, while none does.';
comment on column rollup_watermark.watermark is
    'Every sample from before it is aggregated: in agent_latest and the level of 5 minutes.';
comment on column rollup_watermark.hours_before is
    'Apache edition: the level of hours holds exactly the samples from before it.';
comment on column rollup_watermark.days_before is
    'Apache edition: the level of days holds exactly the samples from before it.';

comment on table platform_summary is 'The fleet as the refresh counted it last, one row.';
comment on column platform_summary.only_row is 'Always true.';
comment on column platform_summary.counted_at is 'When it was counted, by the database''s clock.';
comment on column platform_summary.took is 'How long that took.';
comment on column platform_summary.agents is 'Agents known and not removed.';
comment on column platform_summary.agents_active is
    'Those that run and sampled in the last 5 minutes.';
comment on column platform_summary.agents_failed is 'Those that failed.';
comment on column platform_summary.storage_used_mb is 'Sum of their newest storage in use, MB.';
comment on column platform_summary.storage_total_mb is 'Sum of their newest storage, MB.';
comment on column platform_summary.uptime_at is 'When the buckets were counted.';
comment on column platform_summary.uptime_took is 'How long that took.';
comment on column platform_summary.buckets is
    '5-minute buckets since each agent''s first sample, in 30 UTC days, summed over agents.';
comment on column platform_summary.buckets_up is 'Those of them with a sample.';
