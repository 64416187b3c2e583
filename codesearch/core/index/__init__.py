"""One source's arrays, which queries read, memory-mapped."""
