"""From an article to who says what in each sentence: reading, sentences, holders."""
