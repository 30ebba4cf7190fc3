"""Computes the resources that a fleet needs, from the results of `make bench`."""
