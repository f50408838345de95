-- Only what MySQL and MariaDB say otherwise. The server locks single rows, so that what is read in order to be
-- changed is locked by reading it; rows that another worker has locked are passed over where any will do.

-- attempt_to_claim
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt FORCE INDEX (eas_attempt_queue)
WHERE state = 'queued' AND notBefore <= CURRENT_UNIX_TIME
ORDER BY priority, schedulingAttemptId LIMIT 1 FOR UPDATE SKIP LOCKED;

-- attempt_to_claim_of_types
SELECT schedulingAttemptId AS id FROM eas_scheduling_attempt FORCE INDEX (eas_attempt_queue)
WHERE state = 'queued' AND notBefore <= CURRENT_UNIX_TIME AND taskTypeId IN %(type_ids)s
ORDER BY priority, schedulingAttemptId LIMIT 1 FOR UPDATE SKIP LOCKED;

-- tasks_to_queue
SELECT taskId FROM eas_task FORCE INDEX (eas_task_state) WHERE state = 'ready' AND openAttemptId IS NULL
ORDER BY taskId LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- tasks_lock
SELECT taskId, parentTask, jobId, taskTypeId, state, unmetDependencies, openChildren, failedChildren, openAttemptId,
    attemptsLeft, generation, seed, timeLimit, memoryLimit
FROM eas_task WHERE taskId IN %(task_ids)s ORDER BY taskId FOR UPDATE;

-- products_lock
SELECT productId FROM eas_product WHERE productId IN %(product_ids)s ORDER BY productId FOR UPDATE;

-- tasks_recount_children
UPDATE eas_task t LEFT JOIN
    (SELECT parentTask, COUNT(*) AS failed FROM eas_task
     WHERE jobId = %(job_id)s AND state IN ('failed', 'blocked', 'cancelled') GROUP BY parentTask) c
    ON c.parentTask = t.taskId
SET t.openChildren = 0, t.failedChildren = COALESCE(c.failed, 0)
WHERE t.jobId = %(job_id)s AND t.isExpanded = 1;

-- outbox_to_publish
SELECT outboxId AS id FROM eas_outbox WHERE publishAfter <= CURRENT_UNIX_TIME
ORDER BY outboxId LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- attempt_to_claim_of_job
SELECT a.schedulingAttemptId AS id FROM eas_scheduling_attempt a FORCE INDEX (eas_attempt_queue)
WHERE a.state = 'queued' AND a.notBefore <= CURRENT_UNIX_TIME AND a.taskTypeId IN %(type_ids)s
    AND (SELECT t.jobId FROM eas_task t WHERE t.taskId = a.taskId) = %(job_id)s
ORDER BY a.priority, a.schedulingAttemptId LIMIT 1 FOR UPDATE SKIP LOCKED;

-- tasks_to_queue_of_job
SELECT taskId FROM eas_task WHERE jobId = %(job_id)s AND state = 'ready' AND openAttemptId IS NULL
ORDER BY taskId LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- force_inputs
UPDATE eas_task t STRAIGHT_JOIN eas_task_input i ON i.taskId = t.taskId
STRAIGHT_JOIN eas_product p ON p.productId = i.inputId STRAIGHT_JOIN eas_task g ON g.taskId = p.generatorTask
SET i.isMet = 0 WHERE t.jobId = %(job_id)s AND g.jobId = %(job_id)s;

-- force_metadata_inputs
UPDATE eas_task t STRAIGHT_JOIN eas_task_metadata_input m ON m.taskId = t.taskId
STRAIGHT_JOIN eas_task g ON g.taskId = m.inputId
SET m.isMet = 0 WHERE t.jobId = %(job_id)s AND g.jobId = %(job_id)s;
