"""What a recording is made of: tables, tracepoints, anomalies, facts about the machine."""
