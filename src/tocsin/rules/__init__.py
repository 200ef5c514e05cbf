"""What is wrong: rules, the conditions they judge by, and their findings."""
