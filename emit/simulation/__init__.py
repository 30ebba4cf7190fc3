"""`fleetgauge emit fleet`: a simulated fleet of agents, determined by a seed and the time.

`run` takes a `scenario`, sends the `history` of a `fleet` and then its live events.
"""
