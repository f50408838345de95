-- version_insert
INSERT INTO eas_product_version
    (productId, generatedByTaskExecution, repositoryId, createdTime, modifiedTime, fileMD5, fileSHA256, fileSize, passedQc)
VALUES
    (%(product)s, %(attempt)s, %(repository_id)s, %(created)s, %(modified)s, %(md5)s, %(sha256)s, %(size)s, %(passed)s);

-- version_by_id
SELECT v.productVersionId, v.productId, v.generatedByTaskExecution, v.repositoryId, v.createdTime, v.modifiedTime,
    v.fileMD5, v.fileSHA256, v.fileSize, v.passedQc, p.directoryName, p.filename
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

-- version_sha256
SELECT fileSHA256 FROM eas_product_version WHERE productVersionId = %(version_id)s;

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

-- version_delete
DELETE FROM eas_product_version WHERE productVersionId = %(version_id)s;

-- version_all_files
SELECT v.productVersionId, v.repositoryId, v.fileMD5, v.fileSHA256, v.fileSize, p.directoryName, p.filename,
    CASE WHEN v.passedQc = 1 AND a.state = 'passed' AND a.taskId = p.generatorTask THEN 1 ELSE 0 END AS isVisible,
    a.state AS attemptState
FROM eas_product_version v JOIN eas_product p ON p.productId = v.productId
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution
ORDER BY v.productVersionId;

-- version_exists_by_repository_id
SELECT productVersionId FROM eas_product_version WHERE repositoryId = %(repository_id)s;
