"""A client of code hosts: which repositories an organisation has there, and what that means for its sources."""
