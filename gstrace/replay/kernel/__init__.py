"""The replay kernel: compiled, allocating nothing, in small parts. `machine` is its entry."""
