"""Metric values of data, wherever it lies: files, frames, databases, Spark; all of a table in one pass."""
