"""What Fleetgauge costs, beside what the parts under it cost. Prints; asserts nothing."""
