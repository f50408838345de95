-- attempt_insert
INSERT INTO eas_scheduling_attempt (taskId, taskTypeId, priority, state, queuedTime, notBefore)
VALUES (%(task_id)s, %(type_id)s, %(priority)s, %(state)s, CURRENT_UNIX_TIME, CURRENT_UNIX_TIME + %(delay)s);

-- attempt_insert_running
INSERT INTO eas_scheduling_attempt
    (taskId, taskTypeId, priority, state, queuedTime, notBefore, claimToken, workerId, hostId, leaseUntil, startTime,
     latestHeartbeat)
VALUES
    (%(task_id)s, %(type_id)s, %(priority)s, 'running', CURRENT_UNIX_TIME, CURRENT_UNIX_TIME, %(token)s, %(worker_id)s,
     %(host_id)s, CURRENT_UNIX_TIME + %(lease_seconds)s, CURRENT_UNIX_TIME, CURRENT_UNIX_TIME);

-- attempt_by_id
SELECT a.schedulingAttemptId, a.taskId, a.state, a.queuedTime, a.startTime, a.latestHeartbeat, a.endTime,
    a.allProductsPassedQc, a.errorFail, a.errorText, a.runTimeWallClock, a.runTimeCpu, a.runTimeCpuIncChildren
FROM eas_scheduling_attempt a WHERE a.schedulingAttemptId = %(attempt_id)s;

-- attempts_of_task
SELECT a.schedulingAttemptId, a.taskId, a.state, a.queuedTime, a.startTime, a.latestHeartbeat, a.endTime,
    a.allProductsPassedQc, a.errorFail, a.errorText, a.runTimeWallClock, a.runTimeCpu, a.runTimeCpuIncChildren
FROM eas_scheduling_attempt a WHERE a.taskId = %(task_id)s ORDER BY a.schedulingAttemptId;

-- attempt_state
SELECT state, claimToken, taskId, taskTypeId FROM eas_scheduling_attempt WHERE schedulingAttemptId = %(attempt_id)s;

-- attempt_job
SELECT t.jobId FROM eas_scheduling_attempt a JOIN eas_task t ON t.taskId = a.taskId
WHERE a.schedulingAttemptId = %(attempt_id)s;

-- attempt_next_queued
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt
WHERE state = 'queued' AND notBefore <= CURRENT_UNIX_TIME
ORDER BY priority, schedulingAttemptId LIMIT 1;

-- attempt_next_queued_of_types
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt
WHERE state = 'queued' AND notBefore <= CURRENT_UNIX_TIME AND taskTypeId IN %(type_ids)s
ORDER BY priority, schedulingAttemptId LIMIT 1;

-- attempt_to_claim
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt
WHERE state = 'queued' AND notBefore <= CURRENT_UNIX_TIME
ORDER BY priority, schedulingAttemptId LIMIT 1;

-- attempt_to_claim_of_types
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt
WHERE state = 'queued' AND notBefore <= CURRENT_UNIX_TIME AND taskTypeId IN %(type_ids)s
ORDER BY priority, schedulingAttemptId LIMIT 1;

-- attempt_next_queued_of_job
SELECT a.schedulingAttemptId AS id FROM eas_scheduling_attempt a
WHERE a.state = 'queued' AND a.notBefore <= CURRENT_UNIX_TIME AND a.taskTypeId IN %(type_ids)s
    AND (SELECT t.jobId FROM eas_task t WHERE t.taskId = a.taskId) = %(job_id)s
ORDER BY a.priority, a.schedulingAttemptId LIMIT 1;

-- attempt_to_claim_of_job
SELECT a.schedulingAttemptId AS id FROM eas_scheduling_attempt a
WHERE a.state = 'queued' AND a.notBefore <= CURRENT_UNIX_TIME AND a.taskTypeId IN %(type_ids)s
    AND (SELECT t.jobId FROM eas_task t WHERE t.taskId = a.taskId) = %(job_id)s
ORDER BY a.priority, a.schedulingAttemptId LIMIT 1;

-- attempts_queued_of_job
SELECT a.schedulingAttemptId AS id FROM eas_scheduling_attempt a
WHERE a.state = 'queued' AND (SELECT t.jobId FROM eas_task t WHERE t.taskId = a.taskId) = %(job_id)s
LIMIT %(limit)s;

-- attempts_queued_of_type
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt
WHERE state = 'queued' AND taskTypeId = %(type_id)s ORDER BY schedulingAttemptId;

-- attempts_queued_count
SELECT COUNT(*) AS waiting FROM eas_scheduling_attempt WHERE state = 'queued' AND taskTypeId = %(type_id)s;

-- attempts_queued_any
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt WHERE state = 'queued' LIMIT %(limit)s;

-- attempts_queued_of_types
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt
WHERE state = 'queued' AND taskTypeId IN %(type_ids)s LIMIT %(limit)s;

-- attempt_queue
UPDATE eas_scheduling_attempt SET state = 'queued', queuedTime = CURRENT_UNIX_TIME
WHERE schedulingAttemptId = %(attempt_id)s AND state = 'created';

-- attempt_claim
UPDATE eas_scheduling_attempt
SET state = 'running', claimToken = %(token)s, workerId = %(worker_id)s, hostId = %(host_id)s,
    leaseUntil = CURRENT_UNIX_TIME + %(lease_seconds)s, startTime = CURRENT_UNIX_TIME, latestHeartbeat = CURRENT_UNIX_TIME
WHERE schedulingAttemptId = %(attempt_id)s AND state = 'queued';

-- attempt_hold
UPDATE eas_scheduling_attempt SET latestHeartbeat = CURRENT_UNIX_TIME
WHERE schedulingAttemptId = %(attempt_id)s
    AND ((state = 'running' AND claimToken = %(token)s) OR (claimToken IS NULL AND state IN ('created', 'queued')));

-- attempt_renew
UPDATE eas_scheduling_attempt SET latestHeartbeat = CURRENT_UNIX_TIME, leaseUntil = CURRENT_UNIX_TIME + %(lease_seconds)s
WHERE schedulingAttemptId = %(attempt_id)s AND state = 'running' AND claimToken = %(token)s;

-- attempts_renew_of_executors
UPDATE eas_scheduling_attempt SET latestHeartbeat = CURRENT_UNIX_TIME, leaseUntil = CURRENT_UNIX_TIME + %(lease_seconds)s
WHERE workerId IN %(executor_ids)s AND state = 'running';

-- attempts_running_of_executors
SELECT schedulingAttemptId AS id, taskId, claimToken, workerId FROM eas_scheduling_attempt
WHERE workerId IN %(executor_ids)s AND state = 'running';

-- attempts_expired
SELECT schedulingAttemptId AS id, taskId, workerId FROM eas_scheduling_attempt
WHERE state = 'running' AND leaseUntil < CURRENT_UNIX_TIME ORDER BY schedulingAttemptId LIMIT 100;

-- attempts_unpublished
SELECT schedulingAttemptId AS id, taskId FROM eas_scheduling_attempt
WHERE state = 'created' AND COALESCE(latestHeartbeat, queuedTime) < CURRENT_UNIX_TIME - %(age)s
ORDER BY schedulingAttemptId LIMIT 100;

-- attempt_lose
UPDATE eas_scheduling_attempt SET state = 'lost', endTime = CURRENT_UNIX_TIME, errorFail = 1, errorText = %(reason)s
WHERE schedulingAttemptId = %(attempt_id)s AND state = 'running' AND leaseUntil < CURRENT_UNIX_TIME;

-- attempt_end_unclaimed
UPDATE eas_scheduling_attempt SET state = %(new_state)s, endTime = CURRENT_UNIX_TIME, errorFail = 1, errorText = %(reason)s
WHERE schedulingAttemptId = %(attempt_id)s AND state IN %(expected)s;

-- attempt_end
UPDATE eas_scheduling_attempt
SET state = %(new_state)s, endTime = CURRENT_UNIX_TIME, allProductsPassedQc = %(passed_qc)s, errorFail = %(error_fail)s,
    errorText = %(error_text)s, runTimeWallClock = %(wall)s, runTimeCpu = %(cpu)s,
    runTimeCpuIncChildren = %(cpu_children)s, maxMemory = %(max_memory)s, evaluatedDescription = %(description)s,
    contentKey = %(content_key)s, contentFields = %(content_fields)s, externalFiles = %(external_files)s,
    environmentId = %(environment_id)s
WHERE schedulingAttemptId = %(attempt_id)s AND state = 'running' AND claimToken = %(token)s;

-- attempt_update_times
UPDATE eas_scheduling_attempt
SET queuedTime = COALESCE(%(queued)s, queuedTime), startTime = COALESCE(%(start)s, startTime),
    latestHeartbeat = COALESCE(%(heartbeat)s, latestHeartbeat), endTime = COALESCE(%(end)s, endTime),
    runTimeWallClock = COALESCE(%(wall)s, runTimeWallClock), runTimeCpu = COALESCE(%(cpu)s, runTimeCpu),
    runTimeCpuIncChildren = COALESCE(%(cpu_children)s, runTimeCpuIncChildren)
WHERE schedulingAttemptId = %(attempt_id)s;

-- attempt_delete
DELETE FROM eas_scheduling_attempt WHERE schedulingAttemptId = %(attempt_id)s;

-- attempt_take_over
UPDATE eas_scheduling_attempt SET taskId = %(task_id)s
WHERE schedulingAttemptId = %(attempt_id)s AND state = 'passed';

-- attempt_with_content
SELECT MAX(a.schedulingAttemptId) AS id FROM eas_scheduling_attempt a
JOIN eas_task t ON t.taskId = a.taskId
WHERE a.contentKey = %(content_key)s AND a.state = 'passed' AND t.jobId = %(job_id)s;

-- attempt_content_at_same_place
SELECT a.schedulingAttemptId AS id, a.contentFields FROM eas_task t
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId =
    (SELECT MAX(b.schedulingAttemptId) FROM eas_scheduling_attempt b WHERE b.taskId = t.taskId AND b.state = 'passed')
WHERE t.jobId = %(job_id)s AND t.seed = %(seed)s
ORDER BY a.schedulingAttemptId DESC LIMIT 1;

-- attempts_with_external_files
SELECT a.schedulingAttemptId AS attempt, t.taskId AS task_id, t.taskName AS task, y.taskTypeName AS task_type,
    a.contentFields, a.externalFiles
FROM eas_task t JOIN eas_scheduling_attempt a ON a.taskId = t.taskId
JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE t.jobId = %(job_id)s AND t.state NOT IN ('waiting', 'ready', 'queued', 'running')
    AND a.state = 'passed' AND a.contentFields LIKE '%%"external_inputs":{"%%'
    AND NOT EXISTS (SELECT 1 FROM eas_scheduling_attempt n
        WHERE n.taskId = t.taskId AND n.state = 'passed' AND n.schedulingAttemptId > a.schedulingAttemptId)
ORDER BY a.schedulingAttemptId;

-- attempt_set_external_files
UPDATE eas_scheduling_attempt SET externalFiles = %(external_files)s WHERE schedulingAttemptId = %(attempt)s;

-- environment_id
SELECT environmentId AS id FROM eas_environment WHERE sha256 = %(sha256)s;

-- environment_insert
INSERT INTO eas_environment (sha256, text) VALUES (%(sha256)s, %(text)s);

-- worker_insert
INSERT INTO eas_worker (workerId, hostId, processId, processStart, startedTime, heartbeatTime, executors)
VALUES (%(worker_id)s, %(host_id)s, %(pid)s, %(pid_start)s, CURRENT_UNIX_TIME, CURRENT_UNIX_TIME, %(executors)s);

-- worker_beat
UPDATE eas_worker SET heartbeatTime = CURRENT_UNIX_TIME WHERE workerId = %(worker_id)s;

-- worker_stop
UPDATE eas_worker SET stoppedTime = CURRENT_UNIX_TIME WHERE workerId = %(worker_id)s;

-- workers_alive
SELECT w.workerId, w.processId, w.processStart, w.startedTime, w.heartbeatTime, w.executors, h.hostname
FROM eas_worker w JOIN eas_worker_host h ON h.hostId = w.hostId WHERE w.stoppedTime IS NULL;

-- attempts_expire_of_worker
UPDATE eas_scheduling_attempt SET leaseUntil = 0 WHERE state = 'running' AND workerId LIKE %(pattern)s;
