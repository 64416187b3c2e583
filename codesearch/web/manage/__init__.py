"""The pages for admins: sources, jobs, workspaces and keys."""
