-- migrate:up

-- Between the last record and next_offset there may be marks, which transactions leave in the log.
alter table ingest_offsets add column last_record_offset bigint;

update ingest_offsets set last_record_offset = next_offset - 1 where last_record_ts is not null;

alter table ingest_offsets
    add check ((last_record_offset is null) = (last_record_ts is null)),
    add check (last_record_offset < next_offset);

-- migrate:down

alter table ingest_offsets drop column last_record_offset;
