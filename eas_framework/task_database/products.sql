-- product_insert
INSERT INTO eas_product (generatorTask, plannedTime, directoryName, filename, semanticType, mimeType)
VALUES (%(generator)s, %(planned)s, %(directory)s, %(filename)s, %(semantic)s, %(mime)s);

-- product_by_id
SELECT p.productId, p.generatorTask, p.plannedTime, p.directoryName, p.filename, p.mimeType, s.name AS semanticType
FROM eas_product p LEFT JOIN eas_semantic_type s ON s.semanticTypeId = p.semanticType
WHERE p.productId = %(product_id)s;

-- products_lock
SELECT productId FROM eas_product WHERE productId IN %(product_ids)s ORDER BY productId;

-- products_of_task
SELECT p.productId, p.generatorTask, p.plannedTime, p.directoryName, p.filename, p.mimeType, s.name AS semanticType
FROM eas_product p LEFT JOIN eas_semantic_type s ON s.semanticTypeId = p.semanticType
WHERE p.generatorTask = %(task_id)s ORDER BY p.productId;

-- products_wanted_by_task
SELECT p.productId, p.generatorTask, p.plannedTime, p.directoryName, p.filename, p.mimeType, s.name AS semanticType
FROM eas_task_input i JOIN eas_product p ON p.productId = i.inputId
JOIN eas_semantic_type s ON s.semanticTypeId = i.semanticType
WHERE i.taskId = %(task_id)s ORDER BY i.semanticType;

-- product_by_filename
SELECT p.productId, p.generatorTask, t.jobId, p.semanticType FROM eas_product p
LEFT JOIN eas_task t ON t.taskId = p.generatorTask
WHERE p.directoryName = %(directory)s AND p.filename = %(filename)s;

-- product_adopt
UPDATE eas_product
SET generatorTask = %(generator)s, semanticType = %(semantic)s, plannedTime = %(planned)s, mimeType = %(mime)s
WHERE productId = %(product_id)s;

-- products_take_over
UPDATE eas_product SET generatorTask = %(new_task)s WHERE generatorTask = %(old_task)s;

-- product_update
UPDATE eas_product SET plannedTime = COALESCE(%(planned)s, plannedTime), mimeType = COALESCE(%(mime)s, mimeType)
WHERE productId = %(product_id)s;

-- product_delete
DELETE FROM eas_product WHERE productId = %(product_id)s;

-- product_visible_version
SELECT MAX(v.productVersionId) AS version FROM eas_product_version v
JOIN eas_scheduling_attempt a ON a.schedulingAttemptId = v.generatedByTaskExecution
JOIN eas_product p ON p.productId = v.productId
WHERE v.productId = %(product_id)s AND v.passedQc = 1 AND a.state = 'passed' AND a.taskId = p.generatorTask;

-- product_replaced_job
SELECT j.jobId FROM eas_product p JOIN eas_task t ON t.taskId = p.generatorTask JOIN eas_job j ON j.jobId = t.jobId
WHERE p.productId = %(product_id)s AND j.state = 'replaced';

-- product_owner_job
SELECT p.productId, j.jobId, j.jobName FROM eas_product p
JOIN eas_task t ON t.taskId = p.generatorTask JOIN eas_job j ON j.jobId = t.jobId
WHERE p.directoryName = %(directory)s AND p.filename = %(filename)s;
