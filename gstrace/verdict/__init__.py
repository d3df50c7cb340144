"""From cycles to an answer: who is cheaper, how sure that is, and what would flip it."""
