"""The search for options: what may vary, the study, and its trials."""
