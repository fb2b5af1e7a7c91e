"""How a report is shown: one pure `render(report) -> str` per format, and the one table of formats."""
