"""A token tagger of who says what: holder, cue and content in a sentence."""
