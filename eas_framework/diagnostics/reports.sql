-- report_counts
SELECT c.jobId, y.taskTypeName AS task_type, c.state, c.number
FROM (SELECT jobId, taskTypeId, state, COUNT(*) AS number FROM eas_task GROUP BY jobId, taskTypeId, state) c
JOIN eas_task_types y ON y.taskTypeId = c.taskTypeId ORDER BY y.taskTypeName;

-- report_counts_of_job
SELECT c.jobId, y.taskTypeName AS task_type, c.state, c.number
FROM (SELECT jobId, taskTypeId, state, COUNT(*) AS number FROM eas_task WHERE jobId = %(job_id)s
      GROUP BY jobId, taskTypeId, state) c
JOIN eas_task_types y ON y.taskTypeId = c.taskTypeId ORDER BY y.taskTypeName;

-- report_counts_of_name
SELECT t.jobName, y.taskTypeName AS task_type, t.state, COUNT(*) AS number
FROM eas_task t JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE t.jobName = %(job_name)s GROUP BY t.jobName, y.taskTypeName, t.state ORDER BY y.taskTypeName;

-- report_failed_itself
SELECT t.jobId, t.jobName, y.taskTypeName AS task_type, COUNT(*) AS number
FROM eas_task t JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE t.state = 'failed' AND t.isExpanded = 0 GROUP BY t.jobId, t.jobName, y.taskTypeName;

-- report_failed_itself_of_job
SELECT t.jobId, t.jobName, y.taskTypeName AS task_type, COUNT(*) AS number
FROM eas_task t JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE t.jobId = %(job_id)s AND t.state = 'failed' AND t.isExpanded = 0 GROUP BY t.jobId, t.jobName, y.taskTypeName;

-- report_stalled
SELECT t.jobId, t.jobName, y.taskTypeName AS task_type, COUNT(*) AS number
FROM eas_scheduling_attempt a
JOIN eas_task t ON t.taskId = a.taskId JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE a.state = 'running' AND a.leaseUntil < CURRENT_UNIX_TIME
GROUP BY t.jobId, t.jobName, y.taskTypeName;

-- report_jobs
SELECT jobId, jobName, state, rootTask, seed, sourceFile, createdTime, finishedTime, replaces FROM eas_job ORDER BY jobId;

-- report_tree_of_job
SELECT t.taskId, t.parentTask, t.childIndex, t.taskName, t.jobName, y.taskTypeName AS task_type, t.state, t.blockedBy
FROM eas_task t JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE t.jobId = %(job_id)s ORDER BY t.childIndex, t.taskId;

-- report_tree_below_task
WITH RECURSIVE below (taskId) AS (
    SELECT taskId FROM eas_task WHERE taskId = %(task_id)s
    UNION ALL
    SELECT t.taskId FROM eas_task t JOIN below ON t.parentTask = below.taskId
)
SELECT t.taskId, t.parentTask, t.childIndex, t.taskName, t.jobName, y.taskTypeName AS task_type, t.state, t.blockedBy
FROM below JOIN eas_task t ON t.taskId = below.taskId JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
ORDER BY t.childIndex, t.taskId;

-- report_tree_of_all
SELECT t.taskId, t.parentTask, t.childIndex, t.taskName, t.jobName, y.taskTypeName AS task_type, t.state, t.blockedBy
FROM eas_task t JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId ORDER BY t.childIndex, t.taskId;

-- report_tree_of_name
SELECT t.taskId, t.parentTask, t.childIndex, t.taskName, t.jobName, y.taskTypeName AS task_type, t.state, t.blockedBy
FROM eas_task t JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE t.jobName = %(job_name)s ORDER BY t.childIndex, t.taskId;

-- report_attempt_counts
SELECT a.taskId, SUM(a.state = 'queued') AS queued, SUM(a.state = 'running' AND a.leaseUntil >= CURRENT_UNIX_TIME) AS running,
    SUM(a.errorFail <> 0 OR (a.state = 'running' AND a.leaseUntil < CURRENT_UNIX_TIME)) AS stalled,
    SUM(a.errorFail = 0 AND a.state IN ('passed', 'failed')) AS done, MAX(a.endTime) AS lastEnd, CURRENT_UNIX_TIME AS now
FROM eas_scheduling_attempt a GROUP BY a.taskId;

-- report_failures
SELECT t.taskId, t.taskName, y.taskTypeName AS task_type, t.jobId, t.jobName, a.schedulingAttemptId AS attempt,
    a.state, a.endTime, a.errorText
FROM eas_task t
JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId =
    (SELECT MAX(b.schedulingAttemptId) FROM eas_scheduling_attempt b WHERE b.taskId = t.taskId)
WHERE t.state = 'failed' AND a.state IN ('failed', 'lost') AND (%(job_id)s IS NULL OR t.jobId = %(job_id)s)
ORDER BY a.schedulingAttemptId;

-- report_blocked
SELECT t.taskId, t.taskName, y.taskTypeName AS task_type, t.jobId, t.jobName, t.blockedBy, t.blockedReason,
    c.taskName AS causeName, k.taskTypeName AS causeType
FROM eas_task t
JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
LEFT JOIN eas_task c ON c.taskId = t.blockedBy
LEFT JOIN eas_task_types k ON k.taskTypeId = c.taskTypeId
WHERE t.state = 'blocked' AND (%(job_id)s IS NULL OR t.jobId = %(job_id)s)
ORDER BY t.taskId;

-- report_logs
SELECT m.messageId, m.timestamp, m.severity, m.message, a.taskId, a.schedulingAttemptId AS attempt
FROM eas_log_messages m LEFT JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = m.generatedByTaskExecution
WHERE m.severity >= %(level)s AND m.messageId > %(after)s
ORDER BY m.messageId DESC LIMIT %(limit)s;

-- report_logs_of_task
SELECT m.messageId, m.timestamp, m.severity, m.message, a.taskId, a.schedulingAttemptId AS attempt
FROM eas_scheduling_attempt a JOIN eas_log_messages m ON m.generatedByTaskExecution = a.schedulingAttemptId
WHERE a.taskId = %(task_id)s AND m.severity >= %(level)s AND m.messageId > %(after)s
ORDER BY m.messageId DESC LIMIT %(limit)s;

-- report_logs_of_job
SELECT m.messageId, m.timestamp, m.severity, m.message, a.taskId, a.schedulingAttemptId AS attempt
FROM eas_task t JOIN eas_scheduling_attempt a ON a.taskId = t.taskId
JOIN eas_log_messages m ON m.generatedByTaskExecution = a.schedulingAttemptId
WHERE t.jobId = %(job_id)s AND m.severity >= %(level)s AND m.messageId > %(after)s
ORDER BY m.messageId DESC LIMIT %(limit)s;

-- report_work_tasks
SELECT t.taskId, t.parentTask, t.taskName, t.jobId, t.jobName, y.taskTypeName AS task_type
FROM eas_task t JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE (%(job_id)s IS NULL OR t.jobId = %(job_id)s) ORDER BY t.taskId;

-- report_task_metadata
SELECT i.taskId, k.name, i.valueType, i.valueFloat, i.valueString, i.valueJson
FROM eas_task t JOIN eas_metadata_item i ON i.taskId = t.taskId
JOIN eas_metadata_keys k ON k.keyId = i.metadataKey
WHERE (%(job_id)s IS NULL OR t.jobId = %(job_id)s) ORDER BY i.itemId;

-- report_attempts_passed
SELECT t.taskId, MAX(a.schedulingAttemptId) AS attempt
FROM eas_task t JOIN eas_scheduling_attempt a ON a.taskId = t.taskId
WHERE a.state = 'passed' AND (%(job_id)s IS NULL OR t.jobId = %(job_id)s)
GROUP BY t.taskId ORDER BY t.taskId;

-- report_attempt_metadata
SELECT i.schedulingAttemptId AS attempt, k.name, i.valueType, i.valueFloat, i.valueString, i.valueJson
FROM eas_task t JOIN eas_scheduling_attempt a ON a.taskId = t.taskId
JOIN eas_metadata_item i ON i.schedulingAttemptId = a.schedulingAttemptId
JOIN eas_metadata_keys k ON k.keyId = i.metadataKey
WHERE (%(job_id)s IS NULL OR t.jobId = %(job_id)s) ORDER BY i.itemId;

-- report_attempt_times
SELECT a.taskId, a.schedulingAttemptId AS attempt, a.state, a.startTime, a.endTime, a.runTimeWallClock, a.runTimeCpu,
    a.runTimeCpuIncChildren, a.maxMemory
FROM eas_task t JOIN eas_scheduling_attempt a ON a.taskId = t.taskId
WHERE a.startTime IS NOT NULL AND (%(job_id)s IS NULL OR t.jobId = %(job_id)s)
ORDER BY a.schedulingAttemptId;

-- report_queues
SELECT y.taskTypeName AS task_type, a.state, COUNT(*) AS number, MIN(a.queuedTime) AS oldest,
    SUM(CASE WHEN a.notBefore > CURRENT_UNIX_TIME THEN 1 ELSE 0 END) AS delayedNumber,
    CURRENT_UNIX_TIME AS now
FROM eas_scheduling_attempt a JOIN eas_task_types y ON y.taskTypeId = a.taskTypeId
WHERE a.state IN ('queued', 'running') GROUP BY y.taskTypeName, a.state ORDER BY y.taskTypeName;

-- report_ready_tasks
SELECT y.taskTypeName AS task_type, COUNT(*) AS number FROM eas_task t
JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE t.state = 'ready' AND COALESCE(t.openAttemptId, 0) = 0 GROUP BY y.taskTypeName;

-- report_workers
SELECT w.workerId, h.hostname, w.processId, w.executors, w.startedTime, w.heartbeatTime, w.stoppedTime,
    CURRENT_UNIX_TIME AS now
FROM eas_worker w JOIN eas_worker_host h ON h.hostId = w.hostId
WHERE w.stoppedTime IS NULL ORDER BY w.startedTime, w.workerId;

-- report_files
SELECT p.productId, p.directoryName, p.filename, s.name AS semanticType, t.taskId, t.taskName, t.jobId, t.jobName,
    y.taskTypeName AS task_type, t.state AS taskState, v.productVersionId, v.repositoryId, v.fileSize, v.fileSHA256,
    v.createdTime, v.droppedTime
FROM eas_product p
LEFT JOIN eas_semantic_type s ON s.semanticTypeId = p.semanticType
LEFT JOIN eas_task t ON t.taskId = p.generatorTask
LEFT JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
LEFT JOIN eas_product_version v ON v.productVersionId =
    (SELECT MAX(w.productVersionId) FROM eas_product_version w
     JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = w.generatedByTaskExecution
     WHERE w.productId = p.productId AND w.passedQc = 1 AND a.state = 'passed' AND a.taskId = p.generatorTask)
WHERE (%(job_id)s IS NULL OR t.jobId = %(job_id)s)
ORDER BY p.directoryName, p.filename;

-- report_products_named
SELECT productId, directoryName, filename FROM eas_product WHERE filename = %(filename)s ORDER BY productId;

-- report_version_by_repository_id
SELECT productVersionId AS version FROM eas_product_version WHERE repositoryId = %(repository_id)s;

-- report_newest_version
SELECT MAX(productVersionId) AS version FROM eas_product_version WHERE productId = %(product_id)s;

-- report_version_origin
SELECT v.productVersionId, v.productId, v.repositoryId, v.fileMD5, v.fileSHA256, v.fileSize, v.createdTime, v.passedQc,
    v.droppedTime, p.directoryName, p.filename, a.schedulingAttemptId AS attempt
FROM eas_product_version v JOIN eas_product p ON p.productId = v.productId
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution
WHERE v.productVersionId = %(version_id)s;

-- report_attempt_origin
SELECT a.schedulingAttemptId AS attempt, a.state, a.startTime, a.endTime, a.contentKey, a.contentFields, a.externalFiles,
    a.taskId, t.taskName, t.jobName, y.taskTypeName AS task_type, h.hostname, e.text AS environment
FROM eas_scheduling_attempt a
JOIN eas_task t ON t.taskId = a.taskId JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
LEFT JOIN eas_worker_host h ON h.hostId = a.hostId
LEFT JOIN eas_environment e ON e.environmentId = a.environmentId
WHERE a.schedulingAttemptId = %(attempt_id)s;

-- report_input_versions
SELECT s.name, v.productVersionId AS version, v.fileSHA256
FROM eas_task_input i JOIN eas_semantic_type s ON s.semanticTypeId = i.semanticType
JOIN eas_product_version v ON v.productId = i.inputId
WHERE i.taskId = %(task_id)s ORDER BY s.name, v.productVersionId DESC;

-- report_attempts_of_task
SELECT a.schedulingAttemptId AS attempt, a.state, a.queuedTime, a.startTime, a.endTime, a.workerId, h.hostname,
    a.leaseUntil, a.errorText, a.runTimeWallClock, a.runTimeCpu, a.runTimeCpuIncChildren, a.maxMemory,
    a.evaluatedDescription, a.contentKey, a.contentFields, e.text AS environment, CURRENT_UNIX_TIME AS now
FROM eas_scheduling_attempt a
LEFT JOIN eas_worker_host h ON h.hostId = a.hostId
LEFT JOIN eas_environment e ON e.environmentId = a.environmentId
WHERE a.taskId = %(task_id)s ORDER BY a.schedulingAttemptId;

-- report_inputs_of_task
SELECT s.name, p.directoryName, p.filename, i.isMet, i.inputId AS productId, t.taskId AS madeBy
FROM eas_task_input i JOIN eas_product p ON p.productId = i.inputId
JOIN eas_semantic_type s ON s.semanticTypeId = i.semanticType
LEFT JOIN eas_task t ON t.taskId = p.generatorTask
WHERE i.taskId = %(task_id)s ORDER BY s.name;

-- report_outputs_of_task
SELECT s.name, p.directoryName, p.filename, v.productVersionId AS version, v.fileSize, v.fileMD5, v.fileSHA256, v.passedQc,
    v.generatedByTaskExecution AS attempt
FROM eas_product p LEFT JOIN eas_semantic_type s ON s.semanticTypeId = p.semanticType
LEFT JOIN eas_product_version v ON v.productId = p.productId
WHERE p.generatorTask = %(task_id)s ORDER BY s.name, v.productVersionId;
