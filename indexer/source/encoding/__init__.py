"""Which character encoding a file that is not UTF-8 is in: what it declares, and what its letters make likely."""
