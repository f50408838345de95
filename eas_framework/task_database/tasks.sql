-- That a task has no open attempt is said as COALESCE(openAttemptId, 0) = 0, so that no engine looks for it in the
-- index of that column, where every task that has ended stands.

-- task_insert
INSERT INTO eas_task
    (parentTask, childIndex, jobId, createdTime, isFullyConfigured, taskTypeId, jobName, taskName, workingDirectory,
     descriptionId, evaluatedNames, state, unmetDependencies, attemptsLeft, maxAttempts, timeLimit, memoryLimit,
     generation, seed)
VALUES
    (%(parent)s, %(child_index)s, %(job_id)s, COALESCE(%(created)s, CURRENT_UNIX_TIME), %(configured)s, %(type_id)s,
     %(job_name)s, %(task_name)s, %(directory)s, %(description_id)s, %(names)s, %(state)s, %(unmet)s, %(attempts)s,
     %(attempts)s, %(time_limit)s, %(memory_limit)s, %(generation)s, %(seed)s);

-- task_by_id
SELECT t.taskId, t.parentTask, t.childIndex, t.jobId, t.createdTime, t.isFullyConfigured, y.taskTypeName, t.taskTypeId,
    t.jobName, t.taskName, t.workingDirectory, t.evaluatedNames, t.state, t.unmetDependencies, t.openChildren,
    t.failedChildren, t.isExpanded, t.blockedBy, t.blockedReason, t.openAttemptId, t.attemptsLeft, t.maxAttempts,
    t.timeLimit, t.memoryLimit, t.generation, t.seed, d.text AS description
FROM eas_task t JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
LEFT JOIN eas_task_description d ON d.descriptionId = t.descriptionId
WHERE t.taskId = %(task_id)s;

-- task_children
SELECT t.taskId, t.childIndex, t.taskName, y.taskTypeName, t.state FROM eas_task t
JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId
WHERE t.parentTask = %(task_id)s ORDER BY t.childIndex, t.taskId;

-- task_last_child_index
SELECT MAX(childIndex) AS last_index FROM eas_task WHERE parentTask = %(task_id)s;

-- task_descendants
WITH RECURSIVE below (taskId) AS (
    SELECT taskId FROM eas_task WHERE taskId = %(task_id)s
    UNION ALL
    SELECT t.taskId FROM eas_task t JOIN below ON t.parentTask = below.taskId
)
SELECT taskId FROM below;

-- task_ancestors
WITH RECURSIVE line (taskId, parentTask, childIndex, distance) AS (
    SELECT taskId, parentTask, childIndex, 0 FROM eas_task WHERE taskId = %(task_id)s
    UNION ALL
    SELECT t.taskId, t.parentTask, t.childIndex, line.distance + 1
    FROM eas_task t JOIN line ON t.taskId = line.parentTask
)
SELECT taskId, parentTask, childIndex FROM line ORDER BY distance;

-- task_move
UPDATE eas_task SET state = %(new_state)s WHERE taskId = %(task_id)s AND state IN %(expected)s;

-- task_open_attempt
UPDATE eas_task SET state = %(new_state)s, openAttemptId = %(attempt_id)s, attemptsLeft = attemptsLeft - %(cost)s
WHERE taskId = %(task_id)s AND state = 'ready' AND openAttemptId IS NULL;

-- task_start
UPDATE eas_task SET state = 'running' WHERE taskId = %(task_id)s AND openAttemptId = %(attempt_id)s AND state = 'queued';

-- task_close_attempt
UPDATE eas_task SET state = %(new_state)s, openAttemptId = NULL
WHERE taskId = %(task_id)s AND openAttemptId = %(attempt_id)s;

-- task_mark_expanded
UPDATE eas_task SET isExpanded = 1 WHERE taskId = %(task_id)s;

-- task_add_children
UPDATE eas_task SET openChildren = openChildren + %(count)s WHERE taskId = %(task_id)s;

-- task_block
UPDATE eas_task SET state = 'blocked', blockedBy = %(cause)s, blockedReason = %(reason)s
WHERE taskId = %(task_id)s AND state IN ('waiting', 'ready');

-- task_child_ended
UPDATE eas_task SET openChildren = openChildren - 1, failedChildren = failedChildren + %(failed)s WHERE taskId = %(task_id)s;

-- task_child_reopened
UPDATE eas_task SET openChildren = openChildren + 1, failedChildren = failedChildren - %(failed)s WHERE taskId = %(task_id)s;

-- task_counters
SELECT taskId, parentTask, jobId, state, openChildren, failedChildren, isExpanded, unmetDependencies, blockedBy, blockedReason
FROM eas_task WHERE taskId = %(task_id)s;

-- task_reopen
UPDATE eas_task SET state = %(new_state)s, blockedBy = NULL, blockedReason = NULL, attemptsLeft = maxAttempts
WHERE taskId = %(task_id)s AND state IN ('failed', 'blocked', 'cancelled', 'passed');

-- task_wait_again
UPDATE eas_task SET unmetDependencies = unmetDependencies + %(count)s, attemptsLeft = attemptsLeft + 1
WHERE taskId = %(task_id)s;

-- tasks_meet_dependencies
UPDATE eas_task
SET state = CASE WHEN state = 'waiting' AND unmetDependencies = %(count)s THEN 'ready' ELSE state END,
    unmetDependencies = unmetDependencies - %(count)s
WHERE taskId IN %(task_ids)s;

-- task_unblocked
UPDATE eas_task SET state = 'ready'
WHERE taskId = %(task_id)s AND state = 'waiting' AND unmetDependencies = 0;

-- tasks_ready
SELECT taskId FROM eas_task WHERE state = 'ready' AND COALESCE(openAttemptId, 0) = 0 ORDER BY taskId LIMIT %(limit)s;

-- tasks_to_queue
SELECT taskId FROM eas_task WHERE state = 'ready' AND COALESCE(openAttemptId, 0) = 0 ORDER BY taskId LIMIT %(limit)s;

-- tasks_ready_of_job
SELECT taskId FROM eas_task
WHERE jobId = %(job_id)s AND state = 'ready' AND COALESCE(openAttemptId, 0) = 0 ORDER BY taskId LIMIT %(limit)s;

-- tasks_to_queue_of_job
SELECT taskId FROM eas_task
WHERE jobId = %(job_id)s AND state = 'ready' AND COALESCE(openAttemptId, 0) = 0 ORDER BY taskId LIMIT %(limit)s;

-- tasks_lock
SELECT taskId, parentTask, jobId, taskTypeId, state, unmetDependencies, openChildren, failedChildren, openAttemptId,
    attemptsLeft, generation, seed, timeLimit, memoryLimit
FROM eas_task WHERE taskId IN %(task_ids)s ORDER BY taskId;

-- tasks_uncounted
SELECT taskId FROM eas_task WHERE isFullyConfigured = 1 AND unmetDependencies IS NULL ORDER BY taskId LIMIT 1000;

-- task_set_unmet
UPDATE eas_task SET unmetDependencies = %(count)s WHERE taskId = %(task_id)s AND unmetDependencies IS NULL;

-- task_configure
UPDATE eas_task SET isFullyConfigured = 1 WHERE taskId = %(task_id)s;

-- task_set_job
UPDATE eas_task SET jobId = %(job_id)s, seed = %(seed)s WHERE taskId = %(task_id)s;

-- task_set_names
UPDATE eas_task SET jobName = %(job_name)s, workingDirectory = %(directory)s WHERE taskId = %(task_id)s;

-- task_description_id
SELECT descriptionId AS id FROM eas_task_description WHERE sha256 = %(sha256)s;

-- task_description_insert
INSERT INTO eas_task_description (sha256, text) VALUES (%(sha256)s, %(text)s);

-- task_delete
DELETE FROM eas_task WHERE taskId = %(task_id)s;

-- task_input_insert
INSERT INTO eas_task_input (taskId, inputId, semanticType, isMet) VALUES (%(task_id)s, %(product_id)s, %(semantic)s, %(met)s);

-- task_metadata_input_insert
INSERT INTO eas_task_metadata_input (taskId, inputId, isMet) VALUES (%(task_id)s, %(source)s, %(met)s);

-- task_late_input_insert
INSERT INTO eas_task_late_input (taskId, inputId, awaitsTask) VALUES (%(task_id)s, %(product_id)s, %(awaits)s);

-- task_metadata_sources
SELECT i.inputId AS taskId, t.taskName, t.state,
    (SELECT MAX(a.schedulingAttemptId) FROM eas_scheduling_attempt a
     WHERE a.taskId = i.inputId AND a.state = 'passed') AS lastPassed
FROM eas_task_metadata_input i JOIN eas_task t ON t.taskId = i.inputId
WHERE i.taskId = %(task_id)s ORDER BY i.inputId;

-- tasks_of_job_by_state
SELECT taskId, parentTask, state, isExpanded FROM eas_task WHERE jobId = %(job_id)s AND state IN %(states)s ORDER BY taskId;

-- tasks_cancel_pending
UPDATE eas_task SET state = 'cancelled' WHERE jobId = %(job_id)s AND state IN ('waiting', 'ready');

-- tasks_open_below
WITH RECURSIVE below (taskId) AS (
    SELECT taskId FROM eas_task WHERE parentTask = %(task_id)s
    UNION ALL
    SELECT t.taskId FROM eas_task t JOIN below ON t.parentTask = below.taskId
)
SELECT t.taskId, t.openAttemptId FROM eas_task t JOIN below b ON b.taskId = t.taskId
WHERE t.state IN ('waiting', 'ready', 'queued', 'running') ORDER BY t.taskId DESC;

-- tasks_open_attempts
SELECT taskId, openAttemptId, state FROM eas_task WHERE jobId = %(job_id)s AND openAttemptId IS NOT NULL ORDER BY taskId;

-- tasks_open_in_job
SELECT COUNT(*) AS open_tasks FROM eas_task
WHERE jobId = %(job_id)s AND state IN ('waiting', 'ready', 'queued', 'running', 'expanded');

-- tasks_recount_children
UPDATE eas_task SET openChildren = 0, failedChildren =
    (SELECT COUNT(*) FROM eas_task c WHERE c.parentTask = eas_task.taskId AND c.state IN ('failed', 'blocked', 'cancelled'))
WHERE jobId = %(job_id)s AND isExpanded = 1;

-- task_attach_attempt
UPDATE eas_task SET openAttemptId = %(attempt_id)s, attemptsLeft = attemptsLeft - 1
WHERE taskId = %(task_id)s AND openAttemptId IS NULL AND state IN ('waiting', 'ready');

-- task_detach_attempt
UPDATE eas_task SET openAttemptId = NULL, attemptsLeft = attemptsLeft + 1
WHERE taskId = %(task_id)s AND openAttemptId = %(attempt_id)s;

-- task_queue_attached
UPDATE eas_task SET state = 'queued' WHERE openAttemptId = %(attempt_id)s AND state IN ('waiting', 'ready');
