"""How Fleetgauge is put on machines."""
