"""The way out of the house: connections whose every wait has an end."""
