"""Search requests: their fields, and the checks of the fields."""
