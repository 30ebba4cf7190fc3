"""Benchmarks of Fleetgauge against its components and peers. They print and assert nothing."""
