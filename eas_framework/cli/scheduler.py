"""``eas scheduler``: queue what is ready, take over what dead workers held."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from eas_framework.cli.output import examples
from eas_framework.cli.service import begin_service, check_services, service_options

if TYPE_CHECKING:
    from eas_framework.pipeline import StopRequests
    from eas_framework.pipeline.service_state import StateFile
    from eas_framework.task_queues import TaskScheduler

log = logging.getLogger(__name__)
KIND = "scheduler"


@click.command(
    epilog=examples(
        "eas scheduler",
        "eas scheduler --once",
        "eas scheduler --name main --log-format json",
        "eas scheduler --name main --check",
    )
)
@click.option("--once", is_flag=True, help="Look once, publish, print how many tasks were queued, and end.")
@service_options
def command(once: bool, name: str | None, check: str | None, log_format: str | None) -> int:
    """Queue tasks that become ready, until told to stop.

    Every worker schedules too; a scheduler of its own is needed only where no
    worker may run for long. Any number of schedulers may run at once. SIGTERM
    ends it; while the database is away it waits and comes back by itself.
    """
    if check:
        return check_services(KIND, name, check)
    from eas_framework.cli.progress import opened_workspace, tell  # late: reads plugins and settings
    from eas_framework.pipeline import StopRequests
    from eas_framework.task_queues import TaskScheduler

    with begin_service(KIND, name=name, log_format=log_format) as state, opened_workspace() as database:
        scheduler = TaskScheduler(database=database)
        if once:
            queued = scheduler.run_pass()
            scheduler.publish_all()
            click.echo(queued)
            return 0
        with StopRequests() as stop, scheduler:
            scheduler.start_relay()
            tell("the scheduler is at work")
            _serve(scheduler, stop, state)
            tell("the scheduler has ended")
    return 0


def _serve(scheduler: TaskScheduler, stop: StopRequests, state: StateFile) -> None:
    """Look again and again until told to stop; a database that is away is awaited."""
    from eas_framework.errors import DatabaseError
    from eas_framework.pipeline.service_state import DRAINING, READY, WAITING
    from eas_framework.worker import supervisor
    from eas_framework.worker.backoff import Backoff, Every

    backoff = Backoff(supervisor.AWAY_FIRST_SECONDS, supervisor.AWAY_LAST_SECONDS)
    errors = Every(supervisor.ERROR_LOG_SECONDS)
    while not stop.is_asked:
        try:
            scheduler.run_pass()
        except DatabaseError as error:
            state.tell(WAITING, f"the database does not answer: {error}")
            if errors.is_time():
                log.warning("the database does not answer, trying again: %s", error)
            stop.wait(backoff.next())
            continue
        backoff.reset()
        state.tell(READY)
        stop.wait(supervisor.SCHEDULE_SECONDS)
    state.tell(DRAINING)
