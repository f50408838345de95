"""The commands by name, in the groups of the help text; each is `command` in the module of its name."""

from __future__ import annotations

from collections.abc import Mapping

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "demo": "Inject a planet, find it again, compare the periods.",
        "search": "Search light-curve files for transits.",
        "run": "Run a job file to its end, or go on where it stopped.",
        "validate": "Check job files; store and run nothing.",
        "submit": "Store a job for workers that run elsewhere.",
    },
    "Look": {
        "status": "How far jobs are.",
        "tree": "Tasks of a job, as a tree.",
        "results": "Metadata that the tasks of a job recorded.",
        "completeness": "Which injected planets the searches found.",
        "errors": "What failed, equal errors together.",
        "logs": "Log messages of a task.",
        "files": "Files that tasks made: list, get, verify, why.",
    },
    "Act": {
        "retry": "Try failed tasks again.",
        "cancel": "Stop a job.",
        "task": "Look at one task, or run it here.",
        "queue": "What waits in the queues.",
    },
    "Extend": {
        "plugins": "Installed plugins, what they supply, what went wrong.",
        "tasks": "Task types and their parameters.",
        "port": "Make a plugin package of task scripts of the prototype.",
        "standalone": "Run one task from an INI test configuration.",
        "schema": "JSON Schema of job files, for editors.",
    },
    "Operate": {
        "worker": "Run tasks of any job until told to stop.",
        "scheduler": "Queue tasks that become ready.",
        "db": "Make, migrate, dump, restore, prune the task database.",
        "config": "Show and change settings.",
        "doctor": "Check that everything that is needed works.",
    },
}

COMMANDS: Mapping[str, str] = {name: text for group in GROUPS.values() for name, text in group.items()}

EXAMPLES = (
    "eas search lightcurve.fits --tda tls",
    "eas-run examples/jobs/hello.json",
    "eas status --format json",
)
