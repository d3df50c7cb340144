"""The forms of a payload, declared as patterns, as steps of a kernel: shared by formats that are text."""
