"""The `.gst` directory: tables, census and provenance of one recording."""
