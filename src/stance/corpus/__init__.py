"""Labelled rows: read, check, split, audit."""
