"""How much the engine costs: time of a task, latency of dependants, recovery, expansion of loops, commands.

Prints one JSON object per line. Every figure that depends on the disk stands beside the median of an
fdatasync probe taken just before it. The pairs of database and queue take turns, on private servers.
``--check`` exits with 1 where a mark is missed:

* a task, on SQLite at most 4 ms, on MariaDB 5 ms, with RabbitMQ 6 ms (plus three times what the probe exceeds
  0.2 ms); with ``--registered`` tasks in the database, at most 1.25 times the figure without;
* the tasks of a supervisor that was killed run again after at most the lease and 2 s;
* 5 s for a loop of 10,000 turns, 60 s for a table of 250,000 rows, 0.3 s for ``eas-run --help``, 0.5 s for
  ``eas status``.

    python benchmarks/bench_engine.py --repeats 3 --check
    python benchmarks/bench_engine.py --only tasks --pairs mysql-sql,mysql-amqp --tasks 1000
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine_pairs import PAIRS, Pair, cpu_seconds, private_servers, settings_of
from figures import report, spread

from eas_framework.job_file import read_job
from eas_framework.pipeline import open_workspace, run_until_done, submit_job
from eas_framework.settings import load_configuration, use_configuration
from eas_framework.task_database import TaskDatabaseConnection
from eas_framework.task_objects import JobId

CHAIN_LENGTH = 10
WAIT_SECONDS = 120.0
PROBES = 200
PROBE_ALLOWED_MS = 0.2
GROWTH_ALLOWED = 1.25
LEASE_SECONDS = 5.0
RECOVERY_ALLOWED_S = LEASE_SECONDS + 2.0
PARTS = ("tasks", "registered", "recovery", "expansion", "commands")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tasks", type=int, default=10_000, help="no-op tasks in chains of ten (default 10000)"
    )
    parser.add_argument("--rows", type=int, default=250_000, help="rows of the long table (default 250000)")
    parser.add_argument("--executors", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a mark is missed")
    parser.add_argument("--pairs", default=",".join(PAIRS), help=f"of {', '.join(PAIRS)} (default all)")
    parser.add_argument(
        "--registered", type=int, default=100_000, help="tasks in the full database (default 100000)"
    )
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)} (default all)")
    arguments = parser.parse_args()
    for option, known in (("pairs", PAIRS), ("only", PARTS)):
        if unknown := set(getattr(arguments, option).split(",")) - set(known):
            parser.error(f"--{option}: {', '.join(sorted(unknown))} is none of {', '.join(known)}")
    pairs, parts = [PAIRS[name] for name in arguments.pairs.split(",")], arguments.only.split(",")
    with tempfile.TemporaryDirectory(prefix="eas_bench_") as name, private_servers(pairs) as urls:
        met = list(measured(Path(name), arguments, Servers(pairs=pairs, urls=urls), parts))
    return int(arguments.check and not all(met))


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The pairs to be measured, and where their servers are."""

    pairs: Sequence[Pair]
    urls: Mapping[str, str]


def measured(
    folder: Path, arguments: argparse.Namespace, servers: Servers, parts: Sequence[str]
) -> Iterator[bool]:
    """For each figure whether it keeps its mark."""
    if "tasks" in parts or "registered" in parts:  # which is told as a ratio to the figure without
        yield from bench_tasks(folder, arguments, servers, is_full="registered" in parts)
    if "recovery" in parts:
        for pair in servers.pairs:
            yield bench_recovery(folder, pair, servers.urls, repeats=arguments.repeats)
    if "expansion" in parts:
        yield bench_expansion(folder, arguments, turns=10_000, mark_s=5.0, repeats=arguments.repeats)
        yield bench_expansion(folder, arguments, turns=arguments.rows, mark_s=60.0, repeats=1)
    if "commands" in parts:
        yield from bench_commands(folder / "commands", arguments)


# ------------------------------------------------------------- the measurements
def bench_tasks(
    folder: Path, arguments: argparse.Namespace, servers: Servers, *, is_full: bool
) -> Iterator[bool]:
    """No-op tasks in chains: milliseconds per task, and how long a dependant waits for its producer's end."""
    sizes = [0, arguments.registered - arguments.tasks] if is_full else [0]
    runs: dict[tuple[str, int], list[dict[str, float]]] = {}
    for turn in range(arguments.repeats):
        for size in sizes:
            for pair in servers.pairs:
                place = folder / f"{pair.name}_{size}_{turn}"
                run = tasks_run(place, arguments, settings_of(pair, servers.urls), others=size)
                runs.setdefault((pair.name, size), []).append(run)
    for (name, size), of_pair in runs.items():
        yield report_tasks(arguments, PAIRS[name], of_pair, registered=arguments.tasks + size)
    for pair in servers.pairs if is_full else ():
        few, many = (statistics.median(r["ms_per_task"] for r in runs[pair.name, size]) for size in sizes)
        is_met = many <= GROWTH_ALLOWED * few
        report("growth", pair=pair.name, ratio=round(many / few, 3), mark=GROWTH_ALLOWED, met=is_met)
        yield is_met


def report_tasks(
    arguments: argparse.Namespace, pair: Pair, runs: Sequence[Mapping[str, float]], *, registered: int
) -> bool:
    probe = statistics.median(run["fdatasync_ms"] for run in runs)
    mark = pair.mark_ms + 3 * max(0.0, probe - PROBE_ALLOWED_MS)
    is_met = statistics.median(run["ms_per_task"] for run in runs) <= mark
    figures = {name: spread([run[name] for run in runs]) for name in runs[0]}
    report(
        "tasks",
        pair=pair.name,
        tasks=arguments.tasks,
        registered=registered,
        executors=arguments.executors,
        **figures,
        mark_ms_per_task=round(mark, 3),
        met=is_met,
    )
    return is_met


def tasks_run(
    folder: Path, arguments: argparse.Namespace, settings: Mapping[str, str], *, others: int
) -> dict[str, float]:
    chains = arguments.tasks // CHAIN_LENGTH
    tasks = [{"task": "null", "name": "t0"}]
    tasks += [
        {"task": "null", "name": f"t{n}", "requires_metadata_from": [f"t{n - 1}"]}
        for n in range(1, CHAIN_LENGTH)
    ]
    loop = {"task": "execution_for_loop", "parameter": "i", "linear_range": [0, chains - 1, chains]}
    with workspace(folder, settings) as database:
        if others:
            register_others(database, folder, others, executors=arguments.executors)
        job_id = submit(database, folder, [{**loop, "task_list": tasks}])
        probe, before = fdatasync_ms(folder), cpu_seconds()
        state = run_until_done(database, job_id, executors=arguments.executors)
        cpu = cpu_seconds() - before
        rows = database.db_handle.query(TIMES_SQL, {"job_id": job_id})
        waits = sorted(1e3 * row["wait"] for row in database.db_handle.query(LATENCY_SQL))
        drop_database(database)
    if state != "passed" or rows[0]["n"] != arguments.tasks:
        sys.exit(f"the job ended as {state} with {rows[0]['n']} of {arguments.tasks} tasks")
    seconds = rows[0]["seconds"]
    return {
        "ms_per_task": 1e3 * seconds / arguments.tasks,
        "cpu_ms_per_task": 1e3 * cpu / arguments.tasks,
        "dependant_latency_p50_ms": waits[len(waits) // 2],
        "dependant_latency_p99_ms": waits[int(0.99 * len(waits))],
        "fdatasync_ms": probe,
        "load": os.getloadavg()[0],
    }


def register_others(database: TaskDatabaseConnection, folder: Path, number: int, *, executors: int) -> None:
    """Fill the database with the tasks of another job, which is cancelled once they are registered."""
    loop = {"task": "execution_for_loop", "parameter": "i", "linear_range": [0, number - 1, number]}
    job_id = submit(database, folder, [{**loop, "task_list": [{"task": "null"}]}], name="others")
    run_until_done(
        database, job_id, executors=executors, watch=lambda _: bool(database.db_handle.query(LOOP_SQL))
    )
    database.lifecycle.cancel(job_id)


def bench_recovery(folder: Path, pair: Pair, urls: Mapping[str, str], *, repeats: int) -> bool:
    """Seconds from the SIGKILL of a supervisor until another worker does its task again."""
    seconds = [
        recovery_run(folder / f"recovery_{pair.name}_{turn}", settings_of(pair, urls))
        for turn in range(repeats)
    ]
    is_met = max(seconds) <= RECOVERY_ALLOWED_S
    report(
        "recovery",
        pair=pair.name,
        lease_s=LEASE_SECONDS,
        seconds=spread(seconds),
        mark_s=RECOVERY_ALLOWED_S,
        met=is_met,
    )
    return is_met


def recovery_run(folder: Path, settings: Mapping[str, str]) -> float:
    """One supervisor is killed while its task runs; another one is there and idle."""
    own = {**settings, "lease_seconds": str(LEASE_SECONDS)}
    with workspace(folder, own) as database:
        submit(database, folder, [{"task": "null", "name": "long", "duration_seconds": 600}])
        workers = [worker_process(folder, own)]
        running = await_rows(database, RUNNING_SQL)[0]["worker"]
        workers.append(worker_process(folder, own))
        await_rows(database, IDLE_WORKER_SQL)
        killed = time.time()
        workers[0].kill()
        try:
            again = await_rows(database, TAKEN_OVER_SQL, {"worker": running})
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
            drop_database(database)
    return float(again[0]["startTime"] - killed)


def worker_process(folder: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("eas-run")
    given = {f"EAS_{name.upper()}": value for name, value in settings.items()}
    return subprocess.Popen(
        [str(program), "worker", "-j", "1"],
        cwd=folder,
        env={**os.environ, **given},
        stderr=subprocess.DEVNULL,
    )


def await_rows(
    database: TaskDatabaseConnection, sql: str, values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        rows = database.db_handle.query(sql, values)
        if rows:
            return rows
        time.sleep(0.01)
    sys.exit(f"nothing came of {sql}")


def drop_database(database: TaskDatabaseConnection) -> None:
    """Give the disk of a database server back."""
    if database.db_handle.engine_name == "mysql":
        name = database.settings.db_database
        database.db_handle.execute(f"DROP DATABASE {name}")


def bench_expansion(
    folder: Path, arguments: argparse.Namespace, *, turns: int, mark_s: float, repeats: int
) -> bool:
    """Registering the children of one long loop, over the rows of a table, while its first turns run."""
    runs = [expansion_run(folder / f"loop{turns}_{n}", arguments, turns) for n in range(repeats)]
    seconds = [run["seconds"] for run in runs]
    is_met = statistics.median(seconds) <= mark_s
    report(
        "expansion",
        turns=turns,
        seconds=spread(seconds),
        peak_memory_mb=spread([run["memory_mb"] for run in runs]),
        fdatasync_ms=spread([run["fdatasync_ms"] for run in runs]),
        mark_s=mark_s,
        met=is_met,
    )
    return is_met


def expansion_run(folder: Path, arguments: argparse.Namespace, turns: int) -> dict[str, float]:
    folder.mkdir(parents=True)
    lines = (f"star{n},{1 + n / 1000},{1.0 + n % 7 / 10}\n" for n in range(turns))
    (folder / "targets.csv").write_text("name,period,r_star\n" + "".join(lines), encoding="utf-8")
    with workspace(folder) as database:
        loop = {"task": "execution_for_loop", "table": "targets.csv", "task_list": [{"task": "null"}]}
        job_id = submit(database, folder, [loop])
        probe = fdatasync_ms(folder)

        def is_expanded(_: object) -> bool:
            return bool(database.db_handle.query(LOOP_SQL))

        run_until_done(database, job_id, executors=arguments.executors, watch=is_expanded)
        row = database.db_handle.query(LOOP_SQL)[0]
    return {"seconds": row["seconds"], "memory_mb": 1e3 * row["memory_gb"], "fdatasync_ms": probe}


def bench_commands(folder: Path, arguments: argparse.Namespace) -> list[bool]:
    """Wall-clock of two commands as whole processes, the second on a database with as many tasks as above."""
    program = Path(sys.executable).with_name("eas-run")
    with workspace(folder, {}) as database:
        register_others(database, folder, arguments.tasks, executors=arguments.executors)
    return [
        command_runs("eas-run --help", [str(program), "--help"], folder, mark_s=0.3),
        command_runs("eas status", [str(program), "status", "--workspace", str(folder)], folder, mark_s=0.5),
    ]


def command_runs(name: str, command: list[str], folder: Path, *, mark_s: float) -> bool:
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    is_met = statistics.median(seconds[1:]) <= mark_s
    report("command", command=name, seconds=spread(seconds[1:]), mark_s=mark_s, met=is_met)
    return is_met


# ------------------------------------------------------------- helpers
TIMES_SQL = """
SELECT COUNT(*) AS n, MAX(a.endTime) - MIN(a.startTime) AS seconds
FROM eas_scheduling_attempt a JOIN eas_task_types y ON y.taskTypeId = a.taskTypeId
JOIN eas_task t ON t.taskId = a.taskId
WHERE y.taskTypeName = 'null' AND a.state = 'passed' AND t.jobId = %(job_id)s
"""
RUNNING_SQL = """
SELECT a.workerId AS worker FROM eas_scheduling_attempt a JOIN eas_task t ON t.taskId = a.taskId
WHERE t.taskName = 'long' AND a.state = 'running'
"""
TAKEN_OVER_SQL = """
SELECT a.startTime FROM eas_scheduling_attempt a JOIN eas_task t ON t.taskId = a.taskId
WHERE t.taskName = 'long' AND a.state = 'running' AND a.workerId <> %(worker)s
"""
IDLE_WORKER_SQL = "SELECT COUNT(*) AS n FROM eas_worker WHERE stoppedTime IS NULL HAVING COUNT(*) > 1"
LATENCY_SQL = """
SELECT c.startTime - p.endTime AS wait FROM eas_task_metadata_input i
JOIN eas_scheduling_attempt p ON p.taskId = i.inputId JOIN eas_scheduling_attempt c ON c.taskId = i.taskId
"""
LOOP_SQL = """
SELECT a.runTimeWallClock AS seconds, a.maxMemory AS memory_gb
FROM eas_scheduling_attempt a JOIN eas_task_types y ON y.taskTypeId = a.taskTypeId
WHERE y.taskTypeName = 'execution_for_loop' AND a.state = 'passed'
"""


@contextmanager
def workspace(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[TaskDatabaseConnection]:
    folder.mkdir(parents=True, exist_ok=True)
    use_configuration(load_configuration(workspace=folder, overrides=settings))
    database, _ = open_workspace()
    try:
        yield database
    finally:
        database.close_db()
        use_configuration(None)


def submit(
    database: TaskDatabaseConnection, folder: Path, task_list: list[dict[str, Any]], *, name: str = "bench"
) -> JobId:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"job_name": name, "task_list": task_list}), encoding="utf-8")
    return submit_job(database, read_job(path)).job_id


def fdatasync_ms(folder: Path) -> float:
    """Median time of one fdatasync after writing 4 kB, in milliseconds."""
    path = folder / "probe"
    times = []
    with path.open("wb", buffering=0) as stream:
        for _ in range(PROBES):
            stream.write(bytes(4096))
            times.append(timed(lambda: os.fdatasync(stream.fileno())))
    path.unlink()
    return 1e3 * statistics.median(times)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
