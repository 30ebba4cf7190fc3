-- The watermark, and the locks that keep it true.
--
-- What is aggregated holds exactly the samples from before the watermark; readers add those from the
-- watermark on, of agent_samples itself. Writers store samples at any time. So that none is missed or
-- counted twice while the watermark moves:
--
--   - The refresh announces the frontier, up to where it is about to aggregate, and commits that.
--   - It waits for the writers that have not seen it: a writer whose samples are all newer than the
--     frontier that it reads holds lock 1 shared from before it reads it until it has committed. Samples
--     of these the refresh sees.
--   - It aggregates under lock 2. A writer with a sample from before the frontier shares that lock until
--     it has committed: its samples are there before the refresh begins, or it waits until the refresh
--     has ended, and then adds those that are late by now to what is aggregated itself.
--
-- A writer whose samples are all newer than the frontier waits for no refresh that aggregates. One with
-- late samples does without lock 1, for whatever frontier it has not seen, the refresh waits for it at
-- lock 2; so a refresh that waits for late writers holds up no other ones.

create or replace function lock_of_frontier() returns bigint
language sql immutable
return x'666c6565746731'::bigint;
comment on function lock_of_frontier() is
    'Advisory lock 1: writers without late samples share it from before they read the frontier until '
    'they commit.';

create or replace function lock_of_aggregates() returns bigint
language sql immutable
return x'666c6565746732'::bigint;
comment on function lock_of_aggregates() is
    'Advisory lock 2: whoever moves the watermark holds it, writers of late samples share it.';

-- Calls follow one another as statements of their own, each of which sees what has been committed.
create or replace function hold_watermark(oldest timestamptz) returns rollup_watermark
language plpgsql as $$
declare
    held rollup_watermark;
begin
    select * into strict held from rollup_watermark;
    if oldest >= held.frontier then
        -- It may have moved before the lock was had; it never moves back.
        perform pg_advisory_xact_lock_shared(lock_of_frontier());
        select * into strict held from rollup_watermark;
    end if;
    if oldest < held.frontier then
        perform pg_advisory_xact_lock_shared(lock_of_aggregates());
        select * into strict held from rollup_watermark;
    end if;
    return held;
end
$$;
comment on function hold_watermark(timestamptz) is
    'Keeps the watermark where it is until the transaction ends, for a writer whose oldest sample is '
    'of that time; what is returned holds for its samples.';

-- One part of a refresh, which commits its steps itself: a client that stops in the middle holds no
-- lock. Returns when everything before `upto` is aggregated.
create or replace procedure refresh_samples(upto timestamptz)
language plpgsql as $$
begin
    update rollup_watermark set frontier = upto where frontier < upto;
    commit;
    perform pg_advisory_xact_lock(lock_of_frontier());
    commit;
    -- Only writers of late samples queue behind this, which wait for the refresh in any case: so it may
    -- wait for those before it for as long as a large batch takes.
    perform set_config('lock_timeout', '10s', true);
    perform pg_advisory_xact_lock(lock_of_aggregates());
    perform aggregate_samples(upto);
    commit;
end
$$;
comment on procedure refresh_samples(timestamptz) is
    'Moves the watermark to a moment: everything before it is aggregated.';
