"""One file for each channel; they do not know each other."""
