-- version_insert
INSERT INTO eas_product_version
    (productId, generatedByTaskExecution, repositoryId, createdTime, modifiedTime, fileMD5, fileSHA256, fileSize, passedQc)
VALUES
    (%(product)s, %(attempt)s, %(repository_id)s, %(created)s, %(modified)s, %(md5)s, %(sha256)s, %(size)s, %(passed)s);

-- version_by_id
SELECT v.productVersionId, v.productId, v.generatedByTaskExecution, v.repositoryId, v.createdTime, v.modifiedTime,
    v.fileMD5, v.fileSHA256, v.fileSize, v.passedQc, v.droppedTime, p.directoryName, p.filename
FROM eas_product_version v JOIN eas_product p ON p.productId = v.productId
WHERE v.productVersionId = %(version_id)s;

-- versions_of_attempt
SELECT v.productVersionId, v.productId, v.generatedByTaskExecution, v.repositoryId, v.createdTime, v.modifiedTime,
    v.fileMD5, v.fileSHA256, v.fileSize, v.passedQc, p.directoryName, p.filename, s.name AS semanticType
FROM eas_product_version v JOIN eas_product p ON p.productId = v.productId
LEFT JOIN eas_semantic_type s ON s.semanticTypeId = p.semanticType
WHERE v.generatedByTaskExecution = %(attempt_id)s ORDER BY v.productVersionId;

-- versions_of_product
SELECT v.productVersionId AS id, v.generatedByTaskExecution AS attempt, v.passedQc, a.state
FROM eas_product_version v
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution
WHERE v.productId = %(product_id)s ORDER BY v.productVersionId;

-- version_visible_inputs
SELECT i.taskId, s.name AS inputName, p.productId, p.directoryName, p.filename, MAX(v.productVersionId) AS version
FROM eas_task_input i
JOIN eas_semantic_type s ON s.semanticTypeId = i.semanticType
JOIN eas_product p ON p.productId = i.inputId
JOIN eas_product_version v ON v.productId = p.productId AND v.passedQc = 1
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution
    AND a.state = 'passed' AND a.taskId = p.generatorTask
WHERE i.taskId = %(task_id)s
GROUP BY i.taskId, s.name, p.productId, p.directoryName, p.filename;

-- version_checksum
SELECT fileSHA256, droppedTime FROM eas_product_version WHERE productVersionId = %(version_id)s;

-- version_update
UPDATE eas_product_version
SET modifiedTime = COALESCE(%(modified)s, modifiedTime), passedQc = COALESCE(%(passed)s, passedQc)
WHERE productVersionId = %(version_id)s;

-- version_replace_file
UPDATE eas_product_version
SET repositoryId = %(repository_id)s, fileMD5 = %(md5)s, fileSHA256 = %(sha256)s, fileSize = %(size)s
WHERE productVersionId = %(version_id)s;

-- version_set_qc
UPDATE eas_product_version SET passedQc = %(passed)s WHERE productVersionId = %(version_id)s;

-- products_to_drop
SELECT p.productId, p.filename, j.keptFiles
FROM eas_job j
JOIN eas_task t ON t.jobId = j.jobId AND t.state = 'passed'
JOIN eas_task above ON above.taskId = t.parentTask AND above.state = 'passed'
JOIN eas_product p ON p.generatorTask = t.taskId
WHERE j.keptFiles IS NOT NULL AND j.state <> 'replaced'
    AND (j.jobId = %(job_id)s
        OR (%(job_id)s IS NULL AND (j.state = 'running' OR j.finishedTime > CURRENT_UNIX_TIME - %(recent)s)))
    AND EXISTS (SELECT 1 FROM eas_product_version v WHERE v.productId = p.productId AND v.passedQc = 1
        AND v.droppedTime IS NULL)
    AND EXISTS (SELECT 1 FROM eas_task_input i WHERE i.inputId = p.productId)
    AND NOT EXISTS
        (SELECT 1 FROM eas_task_input i JOIN eas_task c ON c.taskId = i.taskId
         LEFT JOIN eas_job k ON k.jobId = c.jobId
         WHERE i.inputId = p.productId AND COALESCE(k.state, '') <> 'replaced'
             AND (c.state <> 'passed' OR c.jobId IS NULL OR c.jobId <> t.jobId))
ORDER BY t.taskId;

-- versions_to_drop
-- COALESCE keeps the indexes of states out, where SQLite would begin with many products.
SELECT v.productVersionId, v.repositoryId, v.fileSize, p.directoryName
FROM eas_product p
JOIN eas_task t ON t.taskId = p.generatorTask AND COALESCE(t.state, '') = 'passed'
JOIN eas_product_version v ON v.productId = p.productId AND v.passedQc = 1 AND v.droppedTime IS NULL
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution AND COALESCE(a.state, '') = 'passed'
WHERE p.productId IN %(product_ids)s
    AND EXISTS (SELECT 1 FROM eas_task_input i WHERE i.inputId = p.productId)
    AND NOT EXISTS
        (SELECT 1 FROM eas_task_input i JOIN eas_task c ON c.taskId = i.taskId
         LEFT JOIN eas_job k ON k.jobId = c.jobId
         WHERE i.inputId = p.productId AND COALESCE(k.state, '') <> 'replaced'
             AND (c.state <> 'passed' OR c.jobId IS NULL OR c.jobId <> t.jobId))
ORDER BY v.productVersionId;

-- versions_mark_dropped
UPDATE eas_product_version SET droppedTime = CURRENT_UNIX_TIME WHERE productVersionId IN %(version_ids)s;

-- version_delete
DELETE FROM eas_product_version WHERE productVersionId = %(version_id)s;

-- version_all_files
SELECT v.productVersionId, v.repositoryId, v.fileMD5, v.fileSHA256, v.fileSize, p.directoryName, p.filename,
    CASE WHEN v.passedQc = 1 AND a.state = 'passed' AND a.taskId = p.generatorTask THEN 1 ELSE 0 END AS isVisible,
    a.state AS attemptState
FROM eas_product_version v JOIN eas_product p ON p.productId = v.productId
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution
WHERE v.droppedTime IS NULL ORDER BY v.productVersionId;

-- version_exists_by_repository_id
SELECT productVersionId FROM eas_product_version WHERE repositoryId = %(repository_id)s;
