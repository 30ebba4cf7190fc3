-- Forget a difference that is gone.
delete from conservation_differences where level = %(level)s and bucket = %(bucket)s
