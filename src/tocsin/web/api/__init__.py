"""The API for programs and the command line: one file for each thing it speaks of."""
