-- claimed_task
SELECT t.taskId, t.parentTask, t.jobId, t.seed, t.timeLimit, t.memoryLimit, y.taskTypeName
FROM eas_scheduling_attempt a JOIN eas_task t ON t.taskId = a.taskId
JOIN eas_task_types y ON y.taskTypeId = t.taskTypeId WHERE a.schedulingAttemptId = %(attempt_id)s;

-- log_insert
INSERT INTO eas_log_messages (generatedByTaskExecution, timestamp, severity, message)
VALUES (%(attempt_id)s, %(timestamp)s, %(severity)s, %(message)s);
