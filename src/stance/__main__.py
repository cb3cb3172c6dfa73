"""`python -m stance`: the command line."""

from stance.cli.main import entry

if __name__ == "__main__":
    entry()
