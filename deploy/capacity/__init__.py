"""What a fleet of some size needs, from what `make bench` has measured."""
