"""Webhooks of code hosts: a signed push becomes refresh jobs of the data sources that follow it."""
