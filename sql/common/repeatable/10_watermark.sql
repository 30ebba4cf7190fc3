-- The watermark, and the locks that protect it.
--
-- The levels hold exactly the samples before the watermark; readers add the tail from agent_samples.
-- Writers store samples at any time. The refresh moves the watermark without missing a sample or
-- counting one twice:
--
--   1. It sets the frontier, the time up to which it will aggregate, and commits.
--   2. It takes lock 1 exclusively, to wait for the writers that have not seen the new frontier. A
--      writer whose samples are all newer than the frontier shares lock 1 from before it reads the
--      frontier until it commits. So the refresh sees the samples of these writers.
--   3. It takes lock 2 exclusively and aggregates. A writer with a sample from before the frontier
--      shares lock 2 until it commits. Either it commits before the refresh begins, or it waits until
--      the refresh ends, and then adds its late samples to the levels itself.
--
-- A writer whose samples are all newer than the frontier never waits while a refresh aggregates. A
-- writer with late samples need not hold lock 1: the refresh waits for it at lock 2, whichever frontier
-- it has seen. So a refresh that waits for late writers blocks no other writers.

create or replace function lock_of_frontier() returns bigint
language sql immutable
return x'666c6565746731'::bigint;
comment on function lock_of_frontier() is
    'Advisory lock 1: writers without late samples share it from before they read the frontier until '
    'they commit; a refresh takes it to wait for them.';

create or replace function lock_of_aggregates() returns bigint
language sql immutable
return x'666c6565746732'::bigint;
comment on function lock_of_aggregates() is
    'Advisory lock 2: a refresh holds it while it moves the watermark; writers of late samples share it.';

-- PL/pgSQL, so that each statement has its own snapshot and sees what was committed before it.
create or replace function hold_watermark(oldest timestamptz) returns rollup_watermark
language plpgsql as $$
declare
    held rollup_watermark;
begin
    select * into strict held from rollup_watermark;
    if oldest >= held.frontier then
        -- The frontier may have moved before the lock was granted; it never moves back.
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
    'Locks the watermark until the transaction ends, for a writer whose oldest sample has the given '
    'time; returns the watermark that applies to its samples.';

-- Commits each step itself, so that a client that stops in the middle holds no lock. Returns when all
-- samples before `upto` are aggregated.
create or replace procedure refresh_samples(upto timestamptz)
language plpgsql as $$
begin
    update rollup_watermark set frontier = upto where frontier < upto;
    commit;
    perform pg_advisory_xact_lock(lock_of_frontier());
    commit;
    -- Only writers of late samples queue behind this lock, and they wait for the refresh anyway. So the
    -- refresh may wait as long as a large batch takes.
    perform set_config('lock_timeout', '10s', true);
    perform pg_advisory_xact_lock(lock_of_aggregates());
    perform aggregate_samples(upto);
    commit;
end
$$;
comment on procedure refresh_samples(timestamptz) is
    'Moves the watermark to the given time: aggregates all samples before it.';
