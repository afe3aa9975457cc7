"""Search requests: their fields and the checks of these."""
