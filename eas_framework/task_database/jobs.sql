-- job_insert
INSERT INTO eas_job (jobName, digest, seed, jobText, sourceFile, createdTime, state, replaces, keepOld, keptFiles)
VALUES (%(name)s, %(digest)s, %(seed)s, %(text)s, %(source_file)s, CURRENT_UNIX_TIME, 'running', %(replaces)s, %(keep_old)s,
    %(kept_files)s);

-- job_set_root
UPDATE eas_job SET rootTask = %(root)s WHERE jobId = %(job_id)s;

-- jobs_that_drop
SELECT 1 AS found FROM eas_job WHERE keptFiles IS NOT NULL LIMIT 1;

-- job_by_id
SELECT jobId, jobName, digest, rootTask, seed, jobText, sourceFile, createdTime, finishedTime, state, replaces, keepOld
FROM eas_job WHERE jobId = %(job_id)s;

-- job_by_digest
SELECT jobId, jobName, digest, rootTask, seed, jobText, sourceFile, createdTime, finishedTime, state, replaces, keepOld
FROM eas_job WHERE digest = %(digest)s;

-- jobs_by_name
SELECT jobId, jobName, digest, rootTask, seed, jobText, sourceFile, createdTime, finishedTime, state, replaces, keepOld
FROM eas_job WHERE jobName = %(name)s ORDER BY jobId;

-- jobs_all
SELECT jobId, jobName, digest, rootTask, seed, sourceFile, createdTime, finishedTime, state, replaces
FROM eas_job ORDER BY jobId;

-- job_state
SELECT state FROM eas_job WHERE jobId = %(job_id)s;

-- job_set_state
UPDATE eas_job SET state = %(new_state)s, finishedTime = CASE WHEN %(is_final)s = 1 THEN CURRENT_UNIX_TIME ELSE NULL END
WHERE jobId = %(job_id)s AND state IN %(expected)s;

-- job_retire
UPDATE eas_job SET state = 'replaced', digest = %(digest)s, finishedTime = COALESCE(finishedTime, CURRENT_UNIX_TIME)
WHERE jobId = %(job_id)s;
