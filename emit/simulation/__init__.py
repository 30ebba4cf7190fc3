"""`fleetgauge emit fleet`: a simulated fleet of agents, all of it decided by a seed and the time.

`run` reads the `scenario`, sends the `history` of a `fleet` and then its present.
"""
