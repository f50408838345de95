-- Attempts are asked for in subqueries, so that no engine begins with those of all jobs.

-- job_failed_count
SELECT COUNT(*) AS tasks FROM eas_task WHERE jobId = %(job_id)s AND state = 'failed' AND isExpanded = 0;

-- job_tasks_taken_over
SELECT COUNT(*) AS tasks FROM eas_task t JOIN eas_job j ON j.jobId = t.jobId
WHERE t.jobId = %(job_id)s AND
    (SELECT MIN(a.queuedTime) FROM eas_scheduling_attempt a WHERE a.taskId = t.taskId AND a.state = 'passed')
    < j.createdTime;

-- job_tasks_run
SELECT COUNT(*) AS tasks FROM eas_task t JOIN eas_job j ON j.jobId = t.jobId
WHERE t.jobId = %(job_id)s AND t.isExpanded = 0 AND
    (SELECT MAX(a.queuedTime) FROM eas_scheduling_attempt a
     WHERE a.taskId = t.taskId AND a.state IN ('passed', 'failed')) >= j.createdTime;

-- task_to_do_of_types
SELECT taskId FROM eas_task WHERE state IN ('ready', 'queued', 'running') AND taskTypeId IN %(type_ids)s LIMIT 1;
