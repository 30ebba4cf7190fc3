-- migrate:up

-- Business history reaches back for years: plain tables, for a batch over eight years of day chunks
-- would exhaust the lock table.

create table deployments (
    user_id text not null,
    deployment_id text not null,
    agent_id text not null,
    ts timestamptz not null,
    status text not null check (status in ('pending', 'succeeded', 'failed')),
    primary key (user_id, deployment_id)
);

create table payments (
    user_id text not null,
    payment_id text not null,
    ts timestamptz not null,
    amount bigint not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    primary key (user_id, payment_id)
);

create table bookings (
    user_id text not null,
    booking_id text not null,
    ts timestamptz not null,
    status text not null check (status in ('pending', 'completed', 'cancelled')),
    primary key (user_id, booking_id)
);

create table fans (
    user_id text not null,
    fan_id text not null,
    first_ts timestamptz not null,
    ts timestamptz not null,
    segment text not null check (segment in ('superfan', 'casual', 'new')),
    primary key (user_id, fan_id),
    check (first_ts <= ts)
);

create table plays (
    user_id text not null,
    play_id text not null,
    listener_id text not null,
    ts timestamptz not null,
    count integer not null check (count >= 0),
    primary key (user_id, play_id)
);

-- Every change is kept: growth asks how many skills were active a week ago.
create table skill_changes (
    user_id text not null,
    skill_id text not null,
    ts timestamptz not null,
    active boolean not null,
    primary key (user_id, skill_id, ts)
);

-- migrate:down

drop table skill_changes;
drop table plays;
drop table fans;
drop table bookings;
drop table payments;
drop table deployments;
