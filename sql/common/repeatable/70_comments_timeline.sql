-- Comments on the timeline.

comment on table status_events is 'Every status event, once. Kept for the timeline retention.';
comment on column status_events.user_id is 'User the agent belongs to.';
comment on column status_events.agent_id is 'The agent''s own id, unique within its user.';
comment on column status_events.ts is 'When the agent reached the state.';
comment on column status_events.status is 'running, stopped, failed or removed.';
comment on column status_events.reason is 'Reason given by the sender; null without.';

comment on table deployment_events is
    'Every status of every deployment, once. Kept for the timeline retention.';
comment on column deployment_events.user_id is 'User the deployment belongs to.';
comment on column deployment_events.ts is 'When it reached the status.';
comment on column deployment_events.deployment_id is 'The deployment, unique within its user.';
comment on column deployment_events.status is 'pending, succeeded or failed.';
comment on column deployment_events.agent_id is 'Agent that was deployed.';
