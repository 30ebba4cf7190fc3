-- Set what this session relies on, for as long as it lasts; what is so already is left alone.
select set_config(wanted.name, wanted.setting, false)
from unnest(%(names)s::text[], %(settings)s::text[]) as wanted (name, setting)
where current_setting(wanted.name, true) is distinct from wanted.setting
