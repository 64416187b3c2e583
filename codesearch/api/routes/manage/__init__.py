"""The addresses for admins: sources, organisations, workspaces, keys and jobs."""
