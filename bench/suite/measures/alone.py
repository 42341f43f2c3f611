"""The name of the column for the application without any tool."""

ALONE = "alone"
