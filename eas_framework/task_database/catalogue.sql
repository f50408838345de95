-- container_by_name
SELECT containerId, requestedCpus, requestedGpus, requestedRam, assignedCpus, assignedGpus, assignedRam
FROM eas_worker_containers WHERE containerName = %(name)s;

-- container_insert
INSERT INTO eas_worker_containers
    (containerName, requestedCpus, requestedGpus, requestedRam, assignedCpus, assignedGpus, assignedRam)
VALUES (%(name)s, %(cpu)s, %(gpu)s, %(memory_gb)s, %(cpu)s, %(gpu)s, %(memory_gb)s);

-- container_update_request
UPDATE eas_worker_containers
SET requestedCpus = %(cpu)s, requestedGpus = %(gpu)s, requestedRam = %(memory_gb)s,
    assignedCpus = %(cpu)s, assignedGpus = %(gpu)s, assignedRam = %(memory_gb)s
WHERE containerName = %(name)s
    AND (requestedCpus <> %(cpu)s OR requestedGpus <> %(gpu)s OR requestedRam <> %(memory_gb)s);

-- container_assign
UPDATE eas_worker_containers SET assignedCpus = %(cpu)s, assignedGpus = %(gpu)s, assignedRam = %(memory_gb)s
WHERE containerName = %(name)s;

-- container_delete
DELETE FROM eas_worker_containers WHERE containerName = %(name)s;

-- containers_all
SELECT containerName, requestedCpus AS cpu, requestedGpus AS gpu, requestedRam AS memory_gb
FROM eas_worker_containers ORDER BY containerId;

-- task_type_id
SELECT taskTypeId AS id FROM eas_task_types WHERE taskTypeName = %(name)s;

-- task_type_insert
INSERT INTO eas_task_types (taskTypeName) VALUES (%(name)s);

-- task_types_all
SELECT taskTypeId, taskTypeName FROM eas_task_types ORDER BY taskTypeId;

-- task_containers_all
SELECT t.taskTypeName, c.containerName FROM eas_task_containers tc
JOIN eas_task_types t ON t.taskTypeId = tc.taskTypeId
JOIN eas_worker_containers c ON c.containerId = tc.containerId;

-- task_containers_delete
DELETE FROM eas_task_containers WHERE taskTypeId = %(type_id)s;

-- task_container_insert
INSERT INTO eas_task_containers (taskTypeId, containerId) VALUES (%(type_id)s, %(container_id)s);
