"""Jupyter notebooks as JSON texts: their cells, and the text without their outputs."""
