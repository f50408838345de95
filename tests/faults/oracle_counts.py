"""The figures of a run, as the oracle's rules see them."""

_RULES = {
    "lost": ("a task is not at its end", "a task passed and no attempt", "an attempt is not at its end"),
    "recorded twice": ("a task passed twice", "has not one visible version"),
    "stale tokens accepted": ("a file counts whose attempt did not pass", "a task that did not pass has"),
    "dependants early": ("a consumer began before",),
    "orphans": ("file: orphan",),
    "hints left": ("the outbox is not empty",),
}
_ASKED = {
    "tasks passed": "SELECT COUNT(*) AS n FROM eas_task WHERE state = 'passed'",
    "attempts": "SELECT COUNT(*) AS n FROM eas_scheduling_attempt",
    "attempts lost": "SELECT COUNT(*) AS n FROM eas_scheduling_attempt WHERE state = 'lost'",
    "attempts failed": "SELECT COUNT(*) AS n FROM eas_scheduling_attempt WHERE state = 'failed'",
    "files": "SELECT COUNT(*) AS n FROM eas_product_version WHERE passedQc = 1",
}


def counts(pipeline):
    """Figures by name (what was done, how often each promise was broken), and the faults that were found.

    What was done is counted first: the oracle prunes.
    """
    done = {name: pipeline.ask(sql)[0]["n"] for name, sql in _ASKED.items()}
    found = pipeline.faults()
    broken = {
        name: sum(any(text in fault for text in texts) for fault in found) for name, texts in _RULES.items()
    }
    known = [text for texts in _RULES.values() for text in texts]
    broken["other faults"] = sum(not any(text in fault for text in known) for fault in found)
    return {**done, **broken}, found
