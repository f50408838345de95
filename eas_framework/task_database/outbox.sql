-- outbox_insert
INSERT INTO eas_outbox (schedulingAttemptId, createdTime, publishAfter)
VALUES (%(attempt_id)s, CURRENT_UNIX_TIME, CURRENT_UNIX_TIME + %(delay)s);

-- outbox_due
SELECT outboxId AS id FROM eas_outbox WHERE publishAfter <= CURRENT_UNIX_TIME ORDER BY outboxId LIMIT %(limit)s;

-- outbox_to_publish
SELECT outboxId AS id FROM eas_outbox WHERE publishAfter <= CURRENT_UNIX_TIME ORDER BY outboxId LIMIT %(limit)s;

-- outbox_postpone
UPDATE eas_outbox SET publishAfter = CURRENT_UNIX_TIME + %(seconds)s WHERE outboxId IN %(ids)s;

-- outbox_hints
SELECT y.taskTypeName AS queueName, a.schedulingAttemptId AS attempt FROM eas_outbox o
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = o.schedulingAttemptId
JOIN eas_task_types y ON y.taskTypeId = a.taskTypeId
WHERE o.outboxId IN %(ids)s AND a.state = 'queued' ORDER BY o.outboxId;

-- outbox_tick
DELETE FROM eas_outbox WHERE outboxId IN %(ids)s;

-- outbox_tick_attempt
DELETE FROM eas_outbox WHERE schedulingAttemptId = %(attempt_id)s;

-- outbox_forgotten_types
SELECT DISTINCT y.taskTypeName AS queueName FROM eas_scheduling_attempt a
JOIN eas_task_types y ON y.taskTypeId = a.taskTypeId
WHERE a.state = 'queued' AND a.queuedTime < CURRENT_UNIX_TIME - %(age)s AND a.notBefore < CURRENT_UNIX_TIME - %(age)s;

-- outbox_announce_again
INSERT INTO eas_outbox (schedulingAttemptId, createdTime, publishAfter)
SELECT a.schedulingAttemptId, CURRENT_UNIX_TIME, CURRENT_UNIX_TIME FROM eas_scheduling_attempt a
WHERE a.state = 'queued' AND a.taskTypeId = %(type_id)s
    AND a.queuedTime < CURRENT_UNIX_TIME - %(age)s AND a.notBefore < CURRENT_UNIX_TIME - %(age)s
    AND NOT EXISTS (SELECT 1 FROM eas_outbox o WHERE o.schedulingAttemptId = a.schedulingAttemptId)
ORDER BY a.schedulingAttemptId LIMIT %(limit)s;

-- installation_time
SELECT MIN(appliedTime) AS born FROM eas_schema_version;

-- outbox_overdue
SELECT y.taskTypeName AS task_type, COUNT(*) AS number FROM eas_outbox o
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = o.schedulingAttemptId
JOIN eas_task_types y ON y.taskTypeId = a.taskTypeId
WHERE a.state = 'queued' AND o.createdTime < CURRENT_UNIX_TIME - %(age)s AND a.notBefore < CURRENT_UNIX_TIME - %(age)s
GROUP BY y.taskTypeName ORDER BY y.taskTypeName;

-- outbox_published
SELECT y.taskTypeName AS task_type, a.schedulingAttemptId AS attempt FROM eas_scheduling_attempt a
JOIN eas_task_types y ON y.taskTypeId = a.taskTypeId
WHERE a.state = 'queued' AND a.queuedTime < CURRENT_UNIX_TIME - %(age)s AND a.notBefore < CURRENT_UNIX_TIME - %(age)s
    AND NOT EXISTS (SELECT 1 FROM eas_outbox o WHERE o.schedulingAttemptId = a.schedulingAttemptId)
ORDER BY a.schedulingAttemptId;

-- outbox_attempt_states
SELECT schedulingAttemptId AS attempt, state FROM eas_scheduling_attempt WHERE schedulingAttemptId IN %(attempt_ids)s;

-- outbox_expired_leases
SELECT y.taskTypeName AS task_type, COUNT(*) AS number FROM eas_scheduling_attempt a
JOIN eas_task_types y ON y.taskTypeId = a.taskTypeId
WHERE a.state = 'running' AND a.leaseUntil < CURRENT_UNIX_TIME GROUP BY y.taskTypeName ORDER BY y.taskTypeName;
