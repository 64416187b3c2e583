"""The tools: pure parts and parts over small real indexes."""
