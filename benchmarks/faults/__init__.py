"""Faults of a fleet: its processes killed and its network cut, again and again, on one machine's loopback."""
