"""The kernels of Perfetto's format."""
