"""`fleetgauge doctor`: looks at the database, the broker and what is between."""
