"""What the fault tests counted: a table on the terminal, and a file."""

from pathlib import Path


def write_report(terminal, path):
    """A line for each test that counted something, and the number of tests by their end."""
    reports = {end: terminal.getreports(end) for end in ("passed", "failed", "error", "skipped")}
    lines = [
        f"{report.nodeid.rpartition('/')[2]}: " + ", ".join(f"{n} {v}" for n, v in report.user_properties)
        for report in [*reports["passed"], *reports["failed"]]
        if report.user_properties
    ]
    ends = {end: len(found) for end, found in reports.items()}
    lines.append("tests: " + ", ".join(f"{end} {number}" for end, number in ends.items()))
    if len(lines) > 1:
        terminal.section("faults")
        for line in lines:
            terminal.write_line(line)
    if path:
        Path(path).write_text("\n".join(lines) + "\n")
