"""From events to situations, counted: the state of every thread and CPU, followed through a recording."""
