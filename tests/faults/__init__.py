"""What may happen to one file, one client, one folder, one disk, and what must not come of it."""
