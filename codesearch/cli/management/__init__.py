"""What admins have the service do: jobs in processes of their own, and which addresses they may name."""
