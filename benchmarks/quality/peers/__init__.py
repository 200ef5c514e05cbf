"""The same thirteen checks as the users of each tool write them, for an environment that has the tool."""
