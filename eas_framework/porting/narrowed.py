"""Documented calls that do less than in the prototype, and habits that workers which stay cannot bear."""

from __future__ import annotations

import ast

_STATE_FLAGS = ("is_queued", "is_running", "is_finished")
_VERDICT_FLAGS = ("error_fail", "error_text")
_NARROWED = {
    "queue_fetch_and_acknowledge": "claims the attempt, with a lease, before it acknowledges",
    "TaskHeartbeat": "renews the lease from a thread; its attribute process is None",
    "create_database": "refuses a database that is not empty unless force=True",
}
_HABITS = {
    "os.chdir": "changes the folder of the whole worker process; give paths, or cwd= to subprocess.run",
    "os._exit": "ends the worker process; raise an exception instead",
    "sys.exit": "ends the attempt as failed; raise an exception that says why, or return",
    "exit": "ends the attempt as failed; raise an exception that says why, or return",
    "os.system": "runs a shell; use call_subprocess_and_log_output(arguments=[…])",
    "os.popen": "runs a shell; use call_subprocess_and_catch_stdout(arguments=[…])",
    "os.fork": "copies a worker process with its connections; use subprocess",
}
_CRITERIA = ("1", "x.isFinished AND NOT x.errorFail", "waiting", "unfinished")


def narrowed_call(name: str, node: ast.Call) -> str | None:
    """What a person should know of a call, by its full name; None where it is as it was."""
    if name in _HABITS:
        return _HABITS[name]
    function = node.func.attr if isinstance(node.func, ast.Attribute) else name
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if function in _NARROWED:
        return _NARROWED[function]
    if function == "execution_attempt_update":
        return _state_flags(keywords)
    if function == "schedule_jobs_based_on_criterion":
        return _criterion(node, keywords)
    if function in ("call_subprocess_and_log_output", "call_subprocess_and_catch_stdout"):
        return _subprocess(node, keywords)
    return None


def _state_flags(keywords: dict[str | None, ast.expr]) -> str | None:
    flags = [name for name in (*_STATE_FLAGS, *_VERDICT_FLAGS) if name in keywords]
    if not flags:
        return None
    return f"{', '.join(flags)}: requests; the engine moves the state, a move that is not allowed is an error"


def _criterion(node: ast.Call, keywords: dict[str | None, ast.expr]) -> str | None:
    given = [*node.args[:1], *filter(None, [keywords.get("task_selection_criteria")])]
    text = given[0].value if given and isinstance(given[0], ast.Constant) else None
    if isinstance(text, str) and " ".join(text.split()) in _CRITERIA:
        return None
    return "takes 'waiting' and 'unfinished' only; SQL from outside is refused"


def _subprocess(node: ast.Call, keywords: dict[str | None, ast.expr]) -> str | None:
    shell = keywords.get("shell")
    if shell is not None and not (isinstance(shell, ast.Constant) and not shell.value):
        return "runs a shell; give a list of arguments without shell="
    given = [*node.args[:1], *filter(None, [keywords.get("arguments")])]
    if given and isinstance(given[0], ast.Constant | ast.JoinedStr):
        return "a single text is one program without arguments; give a list"
    return None
