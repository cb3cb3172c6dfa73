"""What a model does when a row is changed in a way whose effect is known."""
