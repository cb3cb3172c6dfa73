"""Readers for public corpora, each in the form in which its authors publish it."""
