"""Search requests: their fields, checked."""
