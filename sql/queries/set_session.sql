-- Apply the settings that Fleetgauge relies on to the session; those already right are left alone.
select set_config(wanted.name, wanted.setting, false)
from unnest(%(names)s::text[], %(settings)s::text[]) as wanted (name, setting)
where current_setting(wanted.name, true) is distinct from wanted.setting
