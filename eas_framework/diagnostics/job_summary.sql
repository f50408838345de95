-- job_failed_count
SELECT COUNT(*) AS tasks FROM eas_task WHERE jobId = %(job_id)s AND state = 'failed' AND isExpanded = 0;

-- job_tasks_taken_over
SELECT COUNT(DISTINCT a.taskId) AS tasks FROM eas_scheduling_attempt a
JOIN eas_task t ON t.taskId = a.taskId JOIN eas_job j ON j.jobId = t.jobId
WHERE t.jobId = %(job_id)s AND a.state = 'passed' AND a.queuedTime < j.createdTime;

-- job_tasks_run
SELECT COUNT(DISTINCT a.taskId) AS tasks FROM eas_scheduling_attempt a
JOIN eas_task t ON t.taskId = a.taskId JOIN eas_job j ON j.jobId = t.jobId
WHERE t.jobId = %(job_id)s AND t.isExpanded = 0 AND a.state IN ('passed', 'failed') AND a.queuedTime >= j.createdTime;

-- tasks_to_do_of_types
SELECT COUNT(*) AS tasks FROM eas_task WHERE state IN ('ready', 'queued', 'running') AND taskTypeId IN %(type_ids)s;
