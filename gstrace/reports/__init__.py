"""Answers as tables, JSON and plain text: nothing here computes, it selects and formats."""
