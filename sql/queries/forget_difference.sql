-- Delete a difference that is resolved.
delete from conservation_differences where level = %(level)s and bucket = %(bucket)s
