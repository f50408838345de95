"""``eas worker``: executors for the tasks of any job."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from eas_framework.cli.job_options import executors_option
from eas_framework.cli.log_setup import FIELDS
from eas_framework.cli.output import examples
from eas_framework.cli.service import begin_service, check_services, service_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eas_framework.pipeline import StopRequests
    from eas_framework.pipeline.service_state import StateFile
    from eas_framework.task_database import TaskDatabaseConnection
    from eas_framework.worker import Supervisor
    from eas_framework.worker.messages import Message

log = logging.getLogger(__name__)
INTERRUPTED = 130
KIND = "worker"


@click.command(
    epilog=examples(
        "eas worker -j 4",
        "eas worker --task-types transit_search_tls,multiply",
        "eas worker --once",
        "eas worker --name main --log-format json",
        "eas worker --name main --check",
    )
)
@executors_option
@click.option("--task-types", metavar="A,B", help="Only these task types; by default all that can run here.")
@click.option("--once", is_flag=True, help="End when there is nothing left to do.")
@service_options
def command(
    executors: int | None,
    task_types: str | None,
    once: bool,
    name: str | None,
    check: str | None,
    log_format: str | None,
) -> int:
    """Do the tasks of all jobs of the workspace until told to stop.

    SIGTERM or Ctrl-C lets running tasks end within the setting grace_seconds;
    a second one stops at once. Tasks that did not end are queued again. While
    the database is away the worker takes nothing and comes back by itself.
    Kernels of types that --task-types names are compiled once before; those of
    all types by `eas doctor --warm`.
    """
    if check:
        return check_services(KIND, name, check)
    from eas_framework.cli.progress import opened_workspace, tell  # late: reads plugins and settings
    from eas_framework.pipeline import StopRequests
    from eas_framework.settings import configuration
    from eas_framework.worker import Supervisor
    from eas_framework.worker.limits import machine_resources

    names = _types_to_serve(task_types)
    count = executors or int(machine_resources().cpu)
    with (
        begin_service(KIND, name=name, log_format=log_format) as state,
        opened_workspace() as database,
        StopRequests() as stop,
    ):
        supervisor = Supervisor(
            database, configuration(), executors=count, task_types=names, listener=_log_event
        )
        tell(f"worker {supervisor.worker_id}: {count} executors for {len(names)} task types")
        service = _Service(database, supervisor, stop, state)
        if task_types:  # else nobody knows which will be wanted, and all take a minute
            service.warm_up(names)
        service.run(names, once=once)
        tell(f"worker {supervisor.worker_id}: ended")
    return INTERRUPTED if stop.is_urgent else 0


def _types_to_serve(task_types: str | None) -> Sequence[str]:
    """Those that were named, all of which must be able to run here, or all that can."""
    from eas_framework.task_types import task_types_here

    here = task_types_here()
    names = [name.strip() for name in task_types.split(",")] if task_types else here.runnable_here()
    for name in names:
        here.require_runnable(name)
    return names


def _log_event(message: Message) -> None:
    """Log what an executor says of its attempts, with its parts as fields."""
    if message["event"] in ("started", "finished", "lost"):
        fields = {key: value for key, value in message.items() if key != "token"}
        log.info("attempt %d: %s", message["attempt_id"], message["event"], extra={FIELDS: fields})


class _Service:
    """The worker as a service: supervised until told to stop, then drained."""

    def __init__(
        self,
        database: TaskDatabaseConnection,
        supervisor: Supervisor,
        stop: StopRequests,
        state: StateFile,
    ) -> None:
        self._database, self._supervisor, self._stop, self._state = database, supervisor, stop, state

    def run(self, names: Sequence[str], *, once: bool) -> None:
        """Serve these task types; with `once`, until nothing is left to do."""
        from eas_framework.task_queues import TaskScheduler

        type_ids = [self._database.catalogue.task_type_id(name) for name in names]
        TaskScheduler(database=self._database).run_pass()
        supervisor = self._supervisor
        supervisor.start()
        try:
            supervisor.run(lambda: self._is_done(type_ids, once=once))
            supervisor.drain(is_cut_short=self._is_cut_short)
        except BaseException:
            supervisor.stop()
            raise

    def _is_done(self, type_ids: Sequence[int], *, once: bool) -> bool:
        from eas_framework.diagnostics.job_summary import has_work
        from eas_framework.pipeline.service_state import READY, STARTING, WAITING

        away = self._supervisor.away
        if away is not None:
            self._state.tell(WAITING, f"the database does not answer: {away}")
            return self._stop.is_asked
        self._state.tell(READY if self._supervisor.is_ready else STARTING)
        return self._stop.is_asked or (once and not has_work(self._database.queries, type_ids))

    def warm_up(self, names: Sequence[str]) -> None:
        """Compile the kernels of these types, before several executors do."""
        from eas_framework.cli.progress import tell
        from eas_framework.worker.warming import warm_up_once

        warm_up_once(names, tell=tell, is_stopped=self._is_stopped_early)

    def _is_stopped_early(self) -> bool:
        from eas_framework.pipeline.service_state import STARTING

        self._state.tell(STARTING, "kernels are compiled")
        return self._stop.is_asked

    def _is_cut_short(self) -> bool:
        from eas_framework.pipeline.service_state import DRAINING

        self._state.tell(DRAINING, "running tasks may end; no more are taken")
        return self._stop.is_urgent
