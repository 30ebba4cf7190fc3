"""Migrations, named queries, and the modules that connect to the database and run them."""
