"""Microarchitectures: what an operation costs on each, how sure that is, and what the CPU itself brings."""
