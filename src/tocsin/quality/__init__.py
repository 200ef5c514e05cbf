"""What is normal: what the history of a job lets expect of a run, and how far off a run is."""
