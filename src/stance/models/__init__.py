"""Classifiers of (sentence, actor) pairs behind one Protocol."""
