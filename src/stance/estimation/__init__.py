"""How common each label is in a corpus, with intervals that allow for the model's errors."""
