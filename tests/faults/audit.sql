-- Note every row that a transaction means to store, and every move of an offset, as it commits.
-- The tables' own keys hide a batch that is written twice: these notes do not.
create table audit_rows (
    xid xid8 not null default pg_current_xact_id(),
    relation text not null,
    key text[] not null
);

create table audit_offsets (
    xid xid8 not null default pg_current_xact_id(),
    place bigint generated always as identity,
    topic text not null,
    partition integer not null,
    first_offset bigint not null,
    next_offset bigint not null
);

-- Before the row meets its key: ON CONFLICT does not hide it either. Arguments: the relation, and
-- the columns of its key.
create function audit_row() returns trigger
language plpgsql as $$
begin
    insert into audit_rows (relation, key)
    select tg_argv[0], array_agg(to_jsonb(new) ->> name order by place)
    from unnest(tg_argv[1:]) with ordinality as columns (name, place);
    return new;
end
$$;

create function audit_offset() returns trigger
language plpgsql as $$
begin
    insert into audit_offsets (topic, partition, first_offset, next_offset)
    values (new.topic, new.partition, old.next_offset, new.next_offset);
    return null;
end
$$;

create trigger audit_rows before insert on agent_samples
for each row execute function audit_row('sample', 'agent_key', 'ts');

create trigger audit_rows before insert on agent_states
for each row execute function audit_row('status', 'agent_key');

create trigger audit_rows before insert on deployments
for each row execute function audit_row('deployment', 'user_id', 'deployment_id');

create trigger audit_rows before insert on payments
for each row execute function audit_row('payment', 'user_id', 'payment_id');

create trigger audit_rows before insert on bookings
for each row execute function audit_row('booking', 'user_id', 'booking_id');

create trigger audit_rows before insert on fans
for each row execute function audit_row('fan', 'user_id', 'fan_id');

create trigger audit_rows before insert on plays
for each row execute function audit_row('play', 'user_id', 'play_id');

create trigger audit_rows before insert on skill_changes
for each row execute function audit_row('skill', 'user_id', 'skill_id', 'ts');

create trigger audit_offsets after update on ingest_offsets
for each row when (old.next_offset <> new.next_offset)
execute function audit_offset();
