"""How well holders are found: scores of attributions against annotated ones."""
