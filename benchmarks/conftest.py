"""Gathers what the suites measure into the report that `colorlab bench` writes."""

from pathlib import Path

import pytest
from colorlab import evaluation, html_report
from colorlab.bench import report


def pytest_addoption(parser):
    group = parser.getgroup("colorlab")
    group.addoption("--report", type=Path, help="folder for report.json and report.html")
    group.addoption("--summary", type=Path, help="Markdown file to write the summary to")
    group.addoption("--seconds", type=float, default=2.0, help="to measure a case for, about")


@pytest.fixture(scope="session")
def results(pytestconfig):
    """Results to be reported when all suites have run."""
    found = []
    yield found
    if not found:
        return
    assembled = report.assemble(found)
    if folder := pytestconfig.getoption("--report"):
        folder.mkdir(parents=True, exist_ok=True)
        evaluation.write_json(folder / "report.json", assembled, overwrite=True)
        html_report.write(folder / "report.html", report.as_html(assembled), overwrite=True)
    if summary := pytestconfig.getoption("--summary"):
        summary.write_text(report.as_markdown(assembled), encoding="utf-8")
