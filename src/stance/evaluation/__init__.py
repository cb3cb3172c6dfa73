"""Scores, their uncertainty, and tests of what a model's labels depend on."""
