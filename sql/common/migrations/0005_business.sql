-- The users' business: each type of event, followed by its rollups.

-- Plain tables, not hypertables: business history covers years, and a batch over eight years of daily
-- chunks would exhaust the lock table.
--
-- Counters with a `part`: one statement of the writer both inserts and updates rows, and its two
-- triggers run one after the other. Each trigger has its own row, part 0 for inserted rows and part 1
-- for updated ones. With a single row, two writers could deadlock: each would hold the row that the
-- other's second trigger needs. The count is the sum of both parts.

create table deployments (
    user_id text not null,
    deployment_id text not null,
    agent_id text not null,
    ts timestamptz not null,
    status text not null check (status in ('pending', 'succeeded', 'failed')),
    primary key (user_id, deployment_id)
);

create index deployments_by_agent on deployments (user_id, agent_id, ts);

-- Deployments of all users by status. One row for each writer, so that writers do not wait for each
-- other; a single shard may be negative, the sum is correct.
create table deployment_counts (
    status text not null,
    shard integer not null,
    deployments bigint not null,
    primary key (status, shard)
) with (fillfactor = 50);

create table payments (
    user_id text not null,
    payment_id text not null,
    ts timestamptz not null,
    amount bigint not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    primary key (user_id, payment_id)
);

-- For parts of a day, which revenue_days does not have.
create index payments_by_time on payments (user_id, ts) include (currency, amount);

-- Sums are numeric: two payments can exceed bigint, and the overflow would reject a valid payment.
-- fillfactor, because the newest day changes often.
create table revenue_days (
    user_id text not null,
    day date not null,
    currency text not null,
    amount numeric not null,
    payments bigint not null,
    primary key (user_id, day, currency)
) with (fillfactor = 50);

create table revenue_totals (
    user_id text not null,
    currency text not null,
    amount numeric not null,
    payments bigint not null,
    primary key (user_id, currency)
) with (fillfactor = 50);

create table bookings (
    user_id text not null,
    booking_id text not null,
    ts timestamptz not null,
    status text not null check (status in ('pending', 'completed', 'cancelled')),
    primary key (user_id, booking_id)
);

create table booking_counts (
    user_id text not null,
    part smallint not null check (part in (0, 1)),
    pending bigint not null,
    completed bigint not null,
    cancelled bigint not null,
    primary key (user_id, part)
) with (fillfactor = 50);

create table fans (
    user_id text not null,
    fan_id text not null,
    first_ts timestamptz not null,
    ts timestamptz not null,
    segment text not null check (segment in ('superfan', 'casual', 'new')),
    primary key (user_id, fan_id),
    check (first_ts <= ts)
);

create table fan_counts (
    user_id text not null,
    part smallint not null check (part in (0, 1)),
    superfans bigint not null,
    casual_fans bigint not null,
    new_fans bigint not null,
    primary key (user_id, part)
) with (fillfactor = 50);

-- Each fan counts once in first_active and once in last_active. So the sums over all days from a day on
-- are the fans gained since then, and the fans active since then.
create table fan_days (
    user_id text not null,
    day date not null,
    part smallint not null check (part in (0, 1)),
    first_active bigint not null,
    last_active bigint not null,
    primary key (user_id, day, part)
) with (fillfactor = 50);

create table plays (
    user_id text not null,
    play_id text not null,
    listener_id text not null,
    ts timestamptz not null,
    count integer not null check (count >= 0),
    primary key (user_id, play_id)
);

-- Each listener once, with the day of the newest play: counting distinct listeners over a month of plays
-- takes a second, adding up 30 days of last_heard under a millisecond. prev_day is the previous value of
-- last_day, from whose count the trigger subtracts the listener.
create table listeners (
    user_id text not null,
    listener_id text not null,
    last_day date not null,
    prev_day date,
    primary key (user_id, listener_id)
) with (fillfactor = 80);

create table listening_days (
    user_id text not null,
    day date not null,
    plays bigint not null,
    last_heard bigint not null,
    primary key (user_id, day)
) with (fillfactor = 50);

-- Every change, because growth compares with the number of skills active a week ago.
create table skill_changes (
    user_id text not null,
    skill_id text not null,
    ts timestamptz not null,
    active boolean not null,
    primary key (user_id, skill_id, ts)
);

-- Newest state of each skill. Earlier states are read from skill_changes, only for the skills that
-- changed since.
create table skills (
    user_id text not null,
    skill_id text not null,
    ts timestamptz not null,
    active boolean not null,
    primary key (user_id, skill_id)
);

create index skills_by_time on skills (user_id, ts);

create table skill_counts (
    user_id text not null,
    part smallint not null check (part in (0, 1)),
    known bigint not null,
    active bigint not null,
    primary key (user_id, part)
) with (fillfactor = 50);
