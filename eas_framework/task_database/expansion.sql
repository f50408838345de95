-- expansion_open_sources
SELECT t.taskId FROM eas_task t
WHERE t.parentTask = %(parent)s AND t.childIndex < %(before)s AND t.taskTypeId IN %(source_types)s
    AND t.state NOT IN ('passed', 'failed', 'blocked', 'cancelled')
ORDER BY t.taskId;
