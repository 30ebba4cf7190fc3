-- What two users earn, book and play, up to 14:30 on 10 March 2026.
insert into payments (user_id, payment_id, ts, amount, currency) values
    ('alice', 'a', '2025-03-31T23:59Z', 99, 'USD'),
    ('alice', 'b', '2025-04-01T00:00Z', 50, 'USD'),
    ('alice', 'c', '2026-03-01T00:00Z', 1000, 'USD'),
    ('alice', 'd', '2026-03-01T23:59Z', -250, 'USD'),
    ('alice', 'e', '2026-03-01T13:00Z', 700, 'EUR'),
    ('alice', 'f', '2026-03-10T14:00Z', 200, 'USD'),
    ('bob', 'a', '2026-03-10T14:00Z', 9000, 'USD');

insert into bookings (user_id, booking_id, ts, status) values
    ('alice', 'b1', '2026-03-01T12:00Z', 'pending'),
    ('alice', 'b2', '2026-03-09T12:00Z', 'pending'),
    ('alice', 'b3', '2026-03-01T12:00Z', 'completed'),
    ('bob', 'b1', '2026-03-01T12:00Z', 'pending');

insert into fans (user_id, fan_id, first_ts, ts, segment) values
    ('alice', 'f1', '2025-01-01T00:00Z', '2025-01-02T00:00Z', 'casual'),
    ('alice', 'f2', '2025-01-01T00:00Z', '2026-03-10T00:00Z', 'casual'),
    ('alice', 'f3', '2026-03-10T00:00Z', '2026-03-10T00:00Z', 'new'),
    ('bob', 'f1', '2026-03-10T00:00Z', '2026-03-10T00:00Z', 'superfan');

insert into plays (user_id, play_id, listener_id, ts, count) values
    ('alice', 'p1', 'l1', '2026-02-24T23:59Z', 9),
    ('alice', 'p2', 'l2', '2026-02-25T00:00Z', 3),
    ('alice', 'p3', 'l1', '2026-03-10T00:00Z', 1),
    ('alice', 'p4', 'l1', '2026-03-10T01:00Z', 1),
    ('bob', 'p1', 'l1', '2026-03-10T01:00Z', 5);

insert into skills (user_id, skill_id, ts, active) values
    ('alice', 's1', '2026-03-01T00:00Z', true),
    ('alice', 's2', '2026-03-02T00:00Z', false),
    ('bob', 's1', '2026-03-02T00:00Z', false);

insert into deployments (user_id, deployment_id, agent_id, ts, status) values
    ('alice', 'd1', 'a1', '2026-03-09T00:00Z', 'succeeded'),
    ('bob', 'd1', 'a1', '2026-03-03T00:00Z', 'failed'),
    ('bob', 'd2', 'a1', '2026-03-09T00:00Z', 'failed');
