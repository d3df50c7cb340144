"""A recording of everything that a full answer needs, and of the machine, by one command."""
