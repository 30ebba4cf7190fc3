"""`fleetgauge doctor`: checks the database, the broker and the state that they share."""
