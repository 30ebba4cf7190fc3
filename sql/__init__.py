"""The database's side: migrations, named queries, and what loads and runs them."""
