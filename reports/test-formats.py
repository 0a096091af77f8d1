#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What programs of others make of our reports: each format is read back by a parser that is not ours, and must say what the run directory says.

    test-formats.py csv|junit|openmetrics|trace PUNCTURE RUN...
    test-formats.py gate DIR    gate.junit, gate.gitlab, gate.github there, of one gate

csv and trace use Python's own modules (html/test-trace.c shows the trace to Chromium); junit and gate need Debian's python3-junitparser,
openmetrics python3-prometheus-client. Without them: exit code 77.
"""
import collections
import csv
import io
import json
import math
import pathlib
import re
import subprocess
import sys


def skip(package):
    print(f"SKIP: {package} is missing: apt-get install {package}")
    sys.exit(77)


def report(puncture, form, run):
    done = subprocess.run([puncture, "report", "--" + form, str(run)], capture_output=True, check=False)
    assert done.stderr == b"", done.stderr
    return done.stdout.decode("utf-8")


def cases(run):
    """(entry of the plan, verdict or None) of each case; one that the plan skips has no file"""
    for case in json.loads((run / "plan.json").read_text())["cases"]:
        path = run / "cases" / f"{case['index']:04d}" / "verdict.json"
        planned = {"verdict": "SKIP"} if case.get("skip_reason") else None
        yield case, json.loads(path.read_text()) if path.exists() else planned


def same(have, want):
    return math.isclose(have, want, rel_tol=1e-9, abs_tol=1e-12)


def check_csv(text, run):
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    have = {(row["case"], row["metric"]): row for row in rows}
    assert len(have) == len(rows), "a metric stands there twice"
    for case, verdict in cases(run):
        if not verdict:
            assert not [key for key in have if key[0] == case["id"]], "figures of a case without verdict"
            continue
        assert have.pop((case["id"], "case.duration_s"))["verdict"] == verdict["verdict"]
        for name, metric in verdict.get("metrics", {}).items():
            row = have.pop((case["id"], name))
            assert same(float(row["value"]), metric["value"]) and row["unit"] == metric["unit"], row
    assert not have, f"nobody measured {list(have)[:3]}"
    return f"{len(rows)} rows"


def junit_module():
    try:
        import junitparser
    except ImportError:
        skip("python3-junitparser")
    return junitparser


def check_junit(text, run):
    junitparser = junit_module()
    suites = junitparser.JUnitXml.fromstring(text.encode())
    counts, tests = collections.Counter(), {}
    for suite in suites:
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == totals(suite, junitparser), "totals of the suite"
        for test in suite:
            tests[test.name] = test
    for case, verdict in cases(run):
        word = verdict["verdict"] if verdict else "not run"
        result = [type(outcome).__name__ for outcome in tests.pop(case["id"]).result]
        assert result == {"PASS": [], "FAIL": ["Failure"], "SKIP": ["Skipped"]}.get(word, ["Error"]), (case["id"], word, result)
        counts[word] += 1
    assert not tests, list(tests)
    return f"{dict(counts)}"


def totals(suite, junitparser):
    kinds = [type(outcome) for test in suite for outcome in test.result]
    return (len(list(suite)), kinds.count(junitparser.Failure), kinds.count(junitparser.Error), kinds.count(junitparser.Skipped))


def check_openmetrics(text, run):
    try:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    except ImportError:
        skip("python3-prometheus-client")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    have = {(name, sample.labels["case"]): sample.value for name, family in families.items() for sample in family.samples
            if name != "puncture_case"}
    states = {(sample.labels["case"], sample.labels["puncture_case"]): sample.value for sample in families["puncture_case"].samples}
    for case, verdict in cases(run):
        if not verdict:
            continue
        assert states[case["id"], verdict["verdict"]] == 1 and sum(v for k, v in states.items() if k[0] == case["id"]) == 1
        have.pop(("puncture_case_duration_seconds", case["id"]), None)
        for name, metric in verdict.get("metrics", {}).items():
            family = "puncture_" + re.sub("[^A-Za-z0-9_]", "_", name)
            assert same(have.pop((family, case["id"])), metric["value"]), (case["id"], name)
    assert not have, f"nobody measured {list(have)[:3]}"
    return f"{len(families)} families"


def check_nesting(slices):
    """Slices of one thread lie in each other or apart: what readers of the format ask for."""
    open_ends = []
    for start, end in sorted(slices, key=lambda s: (s[0], -s[1])):
        while open_ends and open_ends[-1] <= start:
            open_ends.pop()
        assert not open_ends or end <= open_ends[-1], f"slices overlap at {start} us"
        open_ends.append(end)


def check_trace(text, run):
    events = json.loads(text)["traceEvents"]
    threads, named, processes = collections.defaultdict(list), set(), {}
    for event in events:
        assert event["ph"] in "MXiC" and isinstance(event["name"], str) and isinstance(event["pid"], int), event
        if event["ph"] == "M":
            named.add((event["pid"], event["tid"]))
            if event["name"] == "process_name":
                processes[event["pid"]] = event["args"]["name"]
            continue
        assert event["ts"] >= 0
        if event["ph"] == "X":
            # to a tenth of a nanosecond: a double of so many microseconds is no sharper
            start, end = round(event["ts"], 4), round(event["ts"] + event["dur"], 4)
            assert end >= start
            threads[event["pid"], event["tid"]].append((start, end))
        elif event["ph"] == "C":
            assert all(isinstance(value, (int, float)) for value in event["args"].values()), event
    assert set(threads) <= named, "a thread without a name"
    known = {case["index"]: case["id"] for case, verdict in cases(run) if verdict and not case.get("skip_reason")}
    guests = {pid: name for pid, name in processes.items() if pid not in known}
    assert {pid: name for pid, name in processes.items() if pid in known} == known
    directories = sum(len(list(path.iterdir())) for path in run.glob("cases/*/guests"))
    assert len(guests) == directories and all(": guest " in name for name in guests.values()), "a process a guest"
    for slices in threads.values():
        check_nesting(slices)
    return f"{len(events)} events"


def github_command(line):
    """As the runner reads a workflow command: properties and data have escapes of their own."""
    match = re.fullmatch(r"::(error|warning|notice) title=([^,:]*)::(.*)", line)
    assert match, line
    level, title, text = match.groups()
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        title = title.replace(code, char)
        text = text.replace(code, char) if char not in ":," else text
    return level, title, text


def check_gate(directory):
    junitparser = junit_module()
    (suite,) = list(junitparser.JUnitXml.fromstring((directory / "gate.junit").read_bytes()))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == totals(suite, junitparser)
    gitlab = json.loads((directory / "gate.gitlab").read_text())
    github = [github_command(line) for line in (directory / "gate.github").read_text().splitlines()]
    assert len({entry["fingerprint"] for entry in gitlab}) == len(gitlab), "GitLab drops what has the fingerprint of another"
    for entry in gitlab:
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker") and entry["description"] and entry["check_name"]
        assert not entry["location"]["path"].startswith("./") and entry["location"]["lines"]["begin"] >= 1
    severities = collections.Counter(entry["severity"] for entry in gitlab)
    levels = collections.Counter(level for level, _, _ in github)
    assert (severities["major"], severities["minor"]) == (suite.failures, suite.errors) == (levels["error"], levels["warning"])
    assert [text for _, _, text in github] == [entry["description"].split(" ", 1)[1] for entry in gitlab]
    return f"{suite.tests} findings"


CHECKS = {"csv": check_csv, "junit": check_junit, "openmetrics": check_openmetrics, "trace": check_trace}


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "gate":
        print(check_gate(pathlib.Path(sys.argv[2])))
        return 0
    if len(sys.argv) < 4 or sys.argv[1] not in CHECKS:
        print(__doc__.split("\n\n")[1].strip(), file=sys.stderr)
        return 2
    for name in sys.argv[3:]:
        run = pathlib.Path(name)
        print(f"{run.name}: {CHECKS[sys.argv[1]](report(sys.argv[2], sys.argv[1], run), run)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
