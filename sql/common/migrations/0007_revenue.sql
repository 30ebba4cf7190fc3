-- migrate:up

-- Amounts are sums of bigint: two payments may already exceed it, and a sum that does not fit would
-- cost a payment that is right. Range of a UTC day, by the index; the newest day changes most.
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

-- What days cannot tell: the part of a day up to a moment.
create index payments_by_time on payments (user_id, ts) include (currency, amount);

-- Rows go in by key and the tables in one order, so that writers lock alike.
create function roll_up_payments() returns trigger
language plpgsql as $$
begin
    insert into revenue_days as kept (user_id, day, currency, amount, payments)
    select user_id, (ts at time zone 'UTC')::date, currency, sum(amount), count(*)
    from new_rows
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict (user_id, day, currency) do update set
        amount = kept.amount + excluded.amount,
        payments = kept.payments + excluded.payments;

    insert into revenue_totals as kept (user_id, currency, amount, payments)
    select user_id, currency, sum(amount), count(*)
    from new_rows
    group by 1, 2
    order by 1, 2
    on conflict (user_id, currency) do update set
        amount = kept.amount + excluded.amount,
        payments = kept.payments + excluded.payments;
    return null;
end
$$;

-- Before what is there is added up: from here on no writer adds a row until this is committed.
create trigger roll_up_payments
after insert on payments
referencing new table as new_rows
for each statement execute function roll_up_payments();

insert into revenue_days (user_id, day, currency, amount, payments)
select user_id, (ts at time zone 'UTC')::date, currency, sum(amount), count(*)
from payments
group by 1, 2, 3;

insert into revenue_totals (user_id, currency, amount, payments)
select user_id, currency, sum(amount), count(*)
from payments
group by 1, 2;

-- migrate:down

drop trigger roll_up_payments on payments;
drop function roll_up_payments();
drop index payments_by_time;
drop table revenue_totals;
drop table revenue_days;
