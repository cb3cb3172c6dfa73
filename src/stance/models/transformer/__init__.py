"""A fine-tuned encoder with two heads: what it reads, is made of, learns, and is stored as."""
