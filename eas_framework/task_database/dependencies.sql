-- Where the state of a source is asked for in a subquery, it is so that no engine begins with all tasks in that state.

-- waiting_for_task
SELECT 'file' AS kind, i.taskId, i.inputId FROM eas_product p JOIN eas_task_input i ON i.inputId = p.productId
WHERE p.generatorTask = %(task_id)s AND i.isMet = 0
UNION ALL
SELECT 'metadata' AS kind, m.taskId, m.inputId FROM eas_task_metadata_input m
WHERE m.inputId = %(task_id)s AND m.isMet = 0
UNION ALL
SELECT 'late' AS kind, l.taskId, l.inputId FROM eas_task_late_input l WHERE l.awaitsTask = %(task_id)s;

-- inputs_mark_met
UPDATE eas_task_input SET isMet = 1 WHERE inputId = %(product_id)s AND isMet = 0 AND taskId IN %(task_ids)s;

-- metadata_inputs_mark_met
UPDATE eas_task_metadata_input SET isMet = 1 WHERE inputId = %(source)s AND isMet = 0 AND taskId IN %(task_ids)s;

-- input_consumers_of_product
SELECT taskId FROM eas_task_input WHERE inputId = %(product_id)s AND isMet = 0 ORDER BY taskId;

-- input_mark_met
UPDATE eas_task_input SET isMet = 1 WHERE taskId = %(task_id)s AND inputId = %(product_id)s AND isMet = 0;

-- input_mark_unmet
UPDATE eas_task_input SET isMet = 0 WHERE taskId = %(task_id)s AND inputId = %(product_id)s AND isMet = 1;

-- metadata_mark_met
UPDATE eas_task_metadata_input SET isMet = 1 WHERE taskId = %(task_id)s AND inputId = %(source)s AND isMet = 0;

-- late_inputs_awaiting
SELECT l.taskId, l.inputId, p.filename, p.directoryName, p.generatorTask FROM eas_task_late_input l
JOIN eas_product p ON p.productId = l.inputId WHERE l.awaitsTask = %(task_id)s ORDER BY l.taskId;

-- late_inputs_left
SELECT COUNT(*) AS open_sources FROM eas_task_late_input l JOIN eas_task t ON t.taskId = l.awaitsTask
WHERE l.taskId = %(task_id)s AND l.inputId = %(product_id)s
    AND t.state NOT IN ('passed', 'failed', 'blocked', 'cancelled');

-- blocked_by
SELECT taskId FROM eas_task WHERE blockedBy = %(task_id)s AND state = 'blocked' ORDER BY taskId;

-- tasks_with_dead_sources
SELECT i.taskId FROM eas_task_input i WHERE i.taskId IN %(task_ids)s AND i.isMet = 0 AND
    (SELECT t.state FROM eas_product p JOIN eas_task t ON t.taskId = p.generatorTask WHERE p.productId = i.inputId)
    IN ('failed', 'blocked', 'cancelled', 'passed')
UNION
SELECT m.taskId FROM eas_task_metadata_input m WHERE m.taskId IN %(task_ids)s AND m.isMet = 0 AND
    (SELECT t.state FROM eas_task t WHERE t.taskId = m.inputId) IN ('failed', 'blocked', 'cancelled');

-- dead_sources
SELECT t.taskId, p.directoryName, p.filename FROM eas_task_input i JOIN eas_product p ON p.productId = i.inputId
JOIN eas_task t ON t.taskId = p.generatorTask
WHERE i.taskId = %(task_id)s AND i.isMet = 0 AND t.state IN ('failed', 'blocked', 'cancelled', 'passed')
UNION
SELECT t.taskId, NULL, NULL FROM eas_task_metadata_input m JOIN eas_task t ON t.taskId = m.inputId
WHERE m.taskId = %(task_id)s AND m.isMet = 0 AND t.state IN ('failed', 'blocked', 'cancelled');

-- task_sources
SELECT p.generatorTask AS taskId FROM eas_task_input i JOIN eas_product p ON p.productId = i.inputId
WHERE i.taskId = %(task_id)s AND p.generatorTask IS NOT NULL
UNION
SELECT m.inputId AS taskId FROM eas_task_metadata_input m WHERE m.taskId = %(task_id)s;

-- task_unmade_inputs
SELECT p.productId FROM eas_task_input i JOIN eas_product p ON p.productId = i.inputId
WHERE i.taskId = %(task_id)s AND p.generatorTask IS NULL;

-- unmet_inputs
SELECT i.inputId AS productId, i.isMet FROM eas_task_input i WHERE i.taskId = %(task_id)s;

-- unmet_metadata_inputs
SELECT i.inputId AS sourceId, i.isMet, t.state FROM eas_task_metadata_input i JOIN eas_task t ON t.taskId = i.inputId
WHERE i.taskId = %(task_id)s;

-- force_leaf_tasks
UPDATE eas_task SET state = 'waiting', attemptsLeft = maxAttempts, blockedBy = NULL, blockedReason = NULL
WHERE jobId = %(job_id)s AND isExpanded = 0 AND COALESCE(openAttemptId, 0) = 0;

-- force_parent_tasks
UPDATE eas_task SET state = 'expanded', openChildren = 0, failedChildren = 0, blockedBy = NULL, blockedReason = NULL
WHERE jobId = %(job_id)s AND isExpanded = 1;

-- force_open_children
UPDATE eas_task SET openChildren = %(count)s WHERE taskId = %(task_id)s;

-- force_childless_parents
UPDATE eas_task SET state = 'waiting', isExpanded = 0, attemptsLeft = maxAttempts
WHERE jobId = %(job_id)s AND isExpanded = 1 AND openChildren = 0;

-- force_child_counts
SELECT parentTask, COUNT(*) AS children FROM eas_task WHERE jobId = %(job_id)s AND parentTask IS NOT NULL GROUP BY parentTask;

-- force_inputs
UPDATE eas_task_input SET isMet = 0 WHERE inputId IN
    (SELECT p.productId FROM eas_product p JOIN eas_task t ON t.taskId = p.generatorTask WHERE t.jobId = %(job_id)s)
    AND taskId IN (SELECT taskId FROM eas_task WHERE jobId = %(job_id)s);

-- force_metadata_inputs
UPDATE eas_task_metadata_input SET isMet = 0 WHERE inputId IN (SELECT taskId FROM eas_task WHERE jobId = %(job_id)s)
    AND taskId IN (SELECT taskId FROM eas_task WHERE jobId = %(job_id)s);

-- force_unmet
UPDATE eas_task SET unmetDependencies =
    (SELECT COUNT(*) FROM eas_task_input i WHERE i.taskId = eas_task.taskId AND i.isMet = 0)
    + (SELECT COUNT(*) FROM eas_task_metadata_input m WHERE m.taskId = eas_task.taskId AND m.isMet = 0)
WHERE jobId = %(job_id)s;

-- force_ready
UPDATE eas_task SET state = 'ready' WHERE jobId = %(job_id)s AND state = 'waiting' AND unmetDependencies = 0;
