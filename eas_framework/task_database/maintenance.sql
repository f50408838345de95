-- maintenance_invisible_versions
SELECT v.productVersionId, v.repositoryId, CASE WHEN v.droppedTime IS NULL THEN v.fileSize ELSE 0 END AS fileSize,
    p.directoryName
FROM eas_product_version v
JOIN eas_product p ON p.productId = v.productId
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution
WHERE a.state IN ('failed', 'cancelled', 'lost') OR (a.state = 'passed' AND COALESCE(v.passedQc, 0) <> 1);

-- maintenance_superseded_versions
SELECT v.productVersionId, v.repositoryId, CASE WHEN v.droppedTime IS NULL THEN v.fileSize ELSE 0 END AS fileSize,
    p.directoryName, a.schedulingAttemptId AS attempt
FROM eas_job n
JOIN eas_job j ON j.jobId = n.replaces AND j.state = 'replaced'
JOIN eas_task t ON t.jobId = j.jobId
JOIN eas_scheduling_attempt a ON a.taskId = t.taskId AND a.state = 'passed'
JOIN eas_product_version v ON v.generatedByTaskExecution = a.schedulingAttemptId
JOIN eas_product p ON p.productId = v.productId
WHERE n.state IN ('passed', 'cancelled', 'replaced') AND NOT EXISTS
    (SELECT w.productVersionId FROM eas_product_version w JOIN eas_product q ON q.productId = w.productId
     WHERE w.generatedByTaskExecution = a.schedulingAttemptId AND q.generatorTask = a.taskId);

-- maintenance_dead_attempts
SELECT a.schedulingAttemptId AS attempt FROM eas_scheduling_attempt a JOIN eas_task t ON t.taskId = a.taskId
WHERE a.state IN ('failed', 'cancelled', 'lost')
    AND (t.state = 'passed' OR a.schedulingAttemptId <>
        (SELECT MAX(b.schedulingAttemptId) FROM eas_scheduling_attempt b WHERE b.taskId = a.taskId));

-- maintenance_versions_of_job
SELECT v.productVersionId, v.repositoryId, CASE WHEN v.droppedTime IS NULL THEN v.fileSize ELSE 0 END AS fileSize,
    p.directoryName
FROM eas_product_version v JOIN eas_product p ON p.productId = v.productId
JOIN eas_task t ON t.taskId = p.generatorTask
WHERE t.jobId = %(job_id)s;

-- maintenance_open_consumers_of_job
SELECT DISTINCT t.taskId, t.jobName FROM eas_task_input i
JOIN eas_task t ON t.taskId = i.taskId
JOIN eas_product p ON p.productId = i.inputId
JOIN eas_task g ON g.taskId = p.generatorTask
WHERE g.jobId = %(job_id)s AND t.jobId <> %(job_id)s
    AND t.state NOT IN ('passed', 'failed', 'cancelled') ORDER BY t.taskId;

-- maintenance_tasks_of_job
SELECT COUNT(*) AS number FROM eas_task WHERE jobId = %(job_id)s;

-- maintenance_running_of_job
SELECT COUNT(*) AS number FROM eas_task WHERE jobId = %(job_id)s AND state = 'running';

-- maintenance_delete_job
DELETE FROM eas_job WHERE jobId = %(job_id)s;

-- maintenance_running_attempts
SELECT COUNT(*) AS number FROM eas_scheduling_attempt WHERE state = 'running';

-- check_unmet
SELECT t.taskId, t.unmetDependencies AS recorded,
    (SELECT COUNT(*) FROM eas_task_input i WHERE i.taskId = t.taskId AND i.isMet = 0)
    + (SELECT COUNT(*) FROM eas_task_metadata_input m WHERE m.taskId = t.taskId AND m.isMet = 0) AS counted
FROM eas_task t
WHERE t.unmetDependencies IS NOT NULL AND t.unmetDependencies <>
    (SELECT COUNT(*) FROM eas_task_input i WHERE i.taskId = t.taskId AND i.isMet = 0)
    + (SELECT COUNT(*) FROM eas_task_metadata_input m WHERE m.taskId = t.taskId AND m.isMet = 0);

-- check_missed_inputs
SELECT t.taskId, p.directoryName, p.filename FROM eas_task t
JOIN eas_task_input i ON i.taskId = t.taskId AND i.isMet = 0
JOIN eas_product p ON p.productId = i.inputId
JOIN eas_task g ON g.taskId = p.generatorTask AND g.state = 'passed'
WHERE t.state = 'waiting' AND t.unmetDependencies IS NOT NULL;

-- check_missed_metadata
SELECT t.taskId, g.taskId AS source FROM eas_task t
JOIN eas_task_metadata_input m ON m.taskId = t.taskId AND m.isMet = 0
JOIN eas_task g ON g.taskId = m.inputId AND g.state = 'passed'
WHERE t.state = 'waiting' AND t.unmetDependencies IS NOT NULL;

-- check_never_ready
SELECT taskId FROM eas_task WHERE state = 'waiting' AND unmetDependencies = 0;

-- check_children
SELECT p.taskId, p.openChildren AS openRecorded, p.failedChildren AS failedRecorded, c.openCounted, c.failedCounted
FROM eas_task p JOIN
    (SELECT parentTask,
        SUM(CASE WHEN state IN ('passed', 'failed', 'blocked', 'cancelled') THEN 0 ELSE 1 END) AS openCounted,
        SUM(CASE WHEN state IN ('failed', 'blocked', 'cancelled') THEN 1 ELSE 0 END) AS failedCounted
     FROM eas_task WHERE parentTask IS NOT NULL GROUP BY parentTask) c ON c.parentTask = p.taskId
WHERE p.openChildren <> c.openCounted OR p.failedChildren <> c.failedCounted;

-- check_never_done
SELECT taskId FROM eas_task WHERE state = 'expanded' AND openChildren = 0;

-- check_open_attempts
SELECT taskId, COUNT(*) AS number FROM eas_scheduling_attempt
WHERE state IN ('created', 'queued', 'running') GROUP BY taskId HAVING COUNT(*) > 1;

-- check_unowned_attempts
SELECT a.schedulingAttemptId AS attempt, a.taskId, a.state FROM eas_scheduling_attempt a
JOIN eas_task t ON t.taskId = a.taskId
WHERE a.state IN ('created', 'queued', 'running')
    AND (t.openAttemptId IS NULL OR t.openAttemptId <> a.schedulingAttemptId);

-- check_closed_attempts
SELECT t.taskId, t.openAttemptId AS attempt FROM eas_task t
LEFT JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = t.openAttemptId
WHERE t.openAttemptId IS NOT NULL
    AND (a.schedulingAttemptId IS NULL OR a.state NOT IN ('created', 'queued', 'running') OR a.taskId <> t.taskId);

-- check_job_states
SELECT j.jobId, j.jobName, j.state, t.state AS rootState FROM eas_job j JOIN eas_task t ON t.taskId = j.rootTask
WHERE (j.state = 'running' AND t.state IN ('passed', 'failed', 'blocked', 'cancelled'))
    OR (j.state IN ('passed', 'failed') AND t.state NOT IN ('passed', 'failed', 'blocked'));

-- maintenance_count_versions
SELECT COUNT(*) AS number FROM eas_product_version WHERE droppedTime IS NULL;
