-- migrate:up

-- A topic that is recreated has another id; null until the next batch of a partition is stored.
alter table ingest_offsets add column topic_id uuid;

-- migrate:down

alter table ingest_offsets drop column topic_id;
