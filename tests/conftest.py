"""Settings that every test shares."""

from __future__ import annotations

from hypothesis import settings

# A machine that compiles kernels in several processes keeps no deadline.
settings.register_profile("gstrace", deadline=None)
settings.register_profile("fuzz", deadline=None, max_examples=2000)
settings.load_profile("gstrace")
