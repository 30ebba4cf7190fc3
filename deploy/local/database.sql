-- Run once by the superuser for the role that Fleetgauge connects as; idempotent. TimescaleDB is not
-- a trusted extension, so it goes into template1, and every database that the role creates has it.
\set ON_ERROR_STOP on
\getenv password FLEETGAUGE_PASSWORD
set client_min_messages = error;

create extension if not exists timescaledb;
create extension if not exists pg_stat_statements;

-- The Apache edition schedules this job in every database and then refuses to run it.
update _timescaledb_config.bgw_job set scheduled = false
where proc_name = 'policy_job_stat_history_retention';

select 'create role fleetgauge login createdb createrole'
where not exists (select from pg_roles where rolname = 'fleetgauge')
\gexec
alter role fleetgauge password :'password';

select 'create database fleetgauge owner fleetgauge'
where not exists (select from pg_database where datname = 'fleetgauge')
\gexec
