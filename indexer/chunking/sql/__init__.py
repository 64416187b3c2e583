"""Reads SQL of any dialect without a grammar: what CREATE and ALTER define, and where their statements end."""
