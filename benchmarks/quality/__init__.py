"""The checks of data beside other tools that check it, and beside queries written by hand."""
