"""Deployment of Fleetgauge."""
