-- Sums payments by day and in total. Rows are written in key order and tables in a fixed order, so that
-- all writers lock rows in the same order.
create or replace function roll_up_payments() returns trigger
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

create or replace trigger roll_up_payments
after insert on payments
referencing new table as new_rows
for each statement execute function roll_up_payments();
