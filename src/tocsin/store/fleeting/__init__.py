"""A writing session whose tables are in memory and end with the process: what history is replayed on."""

from tocsin.store.fleeting.writing import FleetingWriting

__all__ = ["FleetingWriting"]
