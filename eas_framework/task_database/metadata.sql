-- metadata_insert
INSERT INTO eas_metadata_item
    (taskId, schedulingAttemptId, productId, productVersionId, setAtTime, metadataKey, valueType, valueFloat, valueString, valueJson)
VALUES
    (%(task)s, %(attempt)s, %(product)s, %(version)s, %(set_at)s, %(key_id)s, %(type)s, %(float)s, %(string)s, %(json)s);

-- metadata_delete_task
DELETE FROM eas_metadata_item WHERE taskId = %(owner_id)s AND metadataKey IN %(key_ids)s;

-- metadata_delete_attempt
DELETE FROM eas_metadata_item WHERE schedulingAttemptId = %(owner_id)s AND metadataKey IN %(key_ids)s;

-- metadata_delete_product
DELETE FROM eas_metadata_item WHERE productId = %(owner_id)s AND metadataKey IN %(key_ids)s;

-- metadata_delete_version
DELETE FROM eas_metadata_item WHERE productVersionId = %(owner_id)s AND metadataKey IN %(key_ids)s;

-- metadata_of_task
SELECT k.name, i.setAtTime, i.valueType, i.valueFloat, i.valueString, i.valueJson
FROM eas_metadata_item i JOIN eas_metadata_keys k ON k.keyId = i.metadataKey
WHERE i.taskId = %(owner_id)s ORDER BY i.itemId;

-- metadata_of_attempt
SELECT k.name, i.setAtTime, i.valueType, i.valueFloat, i.valueString, i.valueJson
FROM eas_metadata_item i JOIN eas_metadata_keys k ON k.keyId = i.metadataKey
WHERE i.schedulingAttemptId = %(owner_id)s ORDER BY i.itemId;

-- metadata_of_attempts
SELECT i.schedulingAttemptId AS attempt, k.name, i.setAtTime, i.valueType, i.valueFloat, i.valueString, i.valueJson
FROM eas_metadata_item i JOIN eas_metadata_keys k ON k.keyId = i.metadataKey
WHERE i.schedulingAttemptId IN %(attempt_ids)s ORDER BY i.itemId;

-- metadata_of_product
SELECT k.name, i.setAtTime, i.valueType, i.valueFloat, i.valueString, i.valueJson
FROM eas_metadata_item i JOIN eas_metadata_keys k ON k.keyId = i.metadataKey
WHERE i.productId = %(owner_id)s ORDER BY i.itemId;

-- metadata_of_version
SELECT k.name, i.setAtTime, i.valueType, i.valueFloat, i.valueString, i.valueJson
FROM eas_metadata_item i JOIN eas_metadata_keys k ON k.keyId = i.metadataKey
WHERE i.productVersionId = %(owner_id)s ORDER BY i.itemId;

-- metadata_inherited_by_task
WITH RECURSIVE line (taskId, parentTask, distance) AS (
    SELECT taskId, parentTask, 0 FROM eas_task WHERE taskId = %(task_id)s
    UNION ALL
    SELECT t.taskId, t.parentTask, line.distance + 1 FROM eas_task t JOIN line ON t.taskId = line.parentTask
)
SELECT k.name, i.setAtTime, i.valueType, i.valueFloat, i.valueString, i.valueJson
FROM line JOIN eas_metadata_item i ON i.taskId = line.taskId
JOIN eas_metadata_keys k ON k.keyId = i.metadataKey
ORDER BY line.distance DESC, i.itemId;
