-- The users' business: each kind of event, followed by the rollups that are kept of it.

-- Business history reaches back for years: plain tables, for a batch over eight years of day chunks
-- would exhaust the lock table.
--
-- Counters with a `part`: one statement of the writer both adds rows and changes some, and its triggers
-- run one after the other. Each has a row of its own, part 0 for new rows and part 1 for changed ones:
-- were it one row, two writers could each hold what the other's second trigger wants. A figure is the
-- sum of both parts.

create table deployments (
    user_id text not null,
    deployment_id text not null,
    agent_id text not null,
    ts timestamptz not null,
    status text not null check (status in ('pending', 'succeeded', 'failed')),
    primary key (user_id, deployment_id)
);

create index deployments_by_agent on deployments (user_id, agent_id, ts);

-- Deployments by status, of all users. One row a writer, so that writers do not wait for each other's
-- row; a shard alone may be negative, the sum is right.
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

-- For the part of a day up to a moment, which revenue_days cannot give.
create index payments_by_time on payments (user_id, ts) include (currency, amount);

-- Sums of amounts are numeric: two payments may already exceed bigint, and a sum that does not fit would
-- cost a valid payment. The newest day changes most.
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

-- Each fan is counted in one day of first_active and in one of last_active; so the sums from a day on
-- are the fans who came since, and those who were active since.
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

-- Each listener once, with the day of the newest play: counting distinct ones over a month of plays
-- takes a second, adding up thirty days of last_heard under a millisecond. prev_day is the value before,
-- for the day that the listener leaves.
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

-- Every change is kept: growth asks how many skills were active a week ago.
create table skill_changes (
    user_id text not null,
    skill_id text not null,
    ts timestamptz not null,
    active boolean not null,
    primary key (user_id, skill_id, ts)
);

-- Newest state of each skill, kept by the writer beside the changes; an earlier state is read from the
-- changes, and only for the skills that changed since.
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
