"""From a configuration to a run's folder, and back."""
