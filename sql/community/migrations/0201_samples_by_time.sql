-- migrate:up

-- A refresh asks for a range of time, whoever the agents are: without this it reads whole days. A
-- few kilobytes a day, for samples come in the order of time; the newest pages wait for no vacuum.
create index agent_samples_by_time on agent_samples using brin (ts) with (autosummarize = on);

-- migrate:down

drop index agent_samples_by_time;
