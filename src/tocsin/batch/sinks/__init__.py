"""The sinks that are delivered: each in a file of its own, imported by name."""
