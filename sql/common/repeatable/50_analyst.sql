-- The group role of analysts, what it takes from everybody else's hands, and the limits of its
-- logins. What it may read is granted where that is made, in views.sql.

-- Roles belong to the whole server: another database's migration may create it at this moment.
do $$
begin
    if not exists (select from pg_roles where rolname = 'fleetgauge_analyst') then
        create role fleetgauge_analyst nologin;
    end if;
exception
    when duplicate_object or unique_violation then
        null;
    when insufficient_privilege then
        raise warning 'analysts have no access: this role may not create the role '
            'fleetgauge_analyst; create it as a superuser and migrate again';
end
$$;

-- Reading needs neither temporary tables nor tables of one's own. Writers need temporary tables:
-- whoever may store samples keeps them.
do $$
declare
    writer text;
begin
    if exists (
        select from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) as held
        where datname = current_database() and grantee = 0 and privilege_type = 'TEMPORARY'
    ) then
        for writer in
            select grantee::regrole
            from pg_class, aclexplode(relacl)
            where pg_class.oid = 'agent_samples'::regclass
                and privilege_type = 'INSERT' and grantee not in (0, relowner)
        loop
            execute format('grant temporary on database %I to %s', current_database(), writer);
        end loop;
        execute format('revoke temporary on database %I from public', current_database());
    end if;
    revoke create on schema public from public;
-- Somebody else may change the database's own row at this moment: the next migration tries again.
exception when insufficient_privilege or internal_error then
    raise warning 'analysts may create temporary tables in this database: %', sqlerrm;
end
$$;

-- PostgreSQL takes such settings from the login role alone, never from a group that it is in. What
-- somebody has set already stays. A role that may store samples is no analyst, whatever it is in.
create or replace function limit_analysts() returns setof text
language plpgsql as $$
declare
    login text;
    name text;
    value text;
begin
    for login, name, value in
        select rolname, setting.name, setting.value
        from pg_roles cross join (values
            ('statement_timeout', '30s'),
            ('idle_in_transaction_session_timeout', '60s'),
            ('default_transaction_read_only', 'on'),
            ('timezone', 'UTC')
        ) as setting (name, value)
        where rolcanlogin
            and pg_has_role(
                oid, (select oid from pg_roles where rolname = 'fleetgauge_analyst'), 'usage'
            )
            and not has_table_privilege(oid, 'agent_samples', 'insert')
            and not exists (
                select from pg_db_role_setting, unnest(setconfig) as kept
                where setrole = pg_roles.oid
                    and setdatabase = (
                        select oid from pg_database where datname = current_database()
                    )
                    and lower(split_part(kept, '=', 1)) = setting.name
            )
    loop
        begin
            execute format('alter role %I in database %I set %I = %L',
                login, current_database(), name, value);
            return next format('%s: %s = %s', login, name, value);
        -- Logins belong to the whole server too: one may be dropped at this moment.
        exception when insufficient_privilege or undefined_object or internal_error then
            raise warning 'the analyst % has no %: %; who may alter the role runs '
                '"select limit_analysts()" in this database', login, name, sqlerrm;
        end;
    end loop;
end
$$;
revoke execute on function limit_analysts() from public;
comment on function limit_analysts() is
    'Sets the limits that logins of analysts still lack in this database; tells which.';

select limit_analysts();
