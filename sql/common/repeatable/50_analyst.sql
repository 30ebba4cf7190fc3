-- The group role of analysts, the privileges revoked from public, and the limits of analyst logins.
-- The files 60_*.sql grant it access to their views.

-- Roles belong to the whole server: another database's migration may create the role concurrently.
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

-- Readers need to create neither temporary tables nor tables. Writers need temporary tables: every role
-- that may insert samples keeps that privilege.
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
-- Another session may change the database's catalog row concurrently: the next migration tries again.
exception when insufficient_privilege or internal_error then
    raise warning 'analysts may create temporary tables in this database: %', sqlerrm;
end
$$;

-- PostgreSQL applies such settings only from the login role, never from a group role. Existing settings
-- stay. A role that may insert samples is not an analyst, regardless of its groups.
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
        -- Logins belong to the whole server too: one may be dropped concurrently.
        exception when insufficient_privilege or undefined_object or internal_error then
            raise warning 'the analyst % has no %: %; as a role that may alter it, run '
                '"select limit_analysts()" in this database', login, name, sqlerrm;
        end;
    end loop;
end
$$;
revoke execute on function limit_analysts() from public;
comment on function limit_analysts() is
    'Sets the limits that analyst logins still lack in this database, and returns them.';

select limit_analysts();
