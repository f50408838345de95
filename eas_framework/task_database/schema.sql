-- Tables of the task database, in the words that every engine understands.
-- AUTO_ID is the backend's type of a primary key that counts by itself; WHERE of an index is left out for engines
-- that know none. Times are unix seconds, UTC.

CREATE TABLE eas_schema_version (
    version INTEGER NOT NULL PRIMARY KEY,
    appliedTime DOUBLE NOT NULL
);

CREATE TABLE eas_worker_containers (
    containerId AUTO_ID,
    containerName VARCHAR(128) NOT NULL UNIQUE,
    requestedCpus DOUBLE NOT NULL,
    requestedGpus DOUBLE NOT NULL,
    requestedRam DOUBLE NOT NULL,
    assignedCpus DOUBLE NOT NULL,
    assignedGpus DOUBLE NOT NULL,
    assignedRam DOUBLE NOT NULL
);

CREATE TABLE eas_task_types (
    taskTypeId AUTO_ID,
    taskTypeName VARCHAR(128) NOT NULL UNIQUE
);

CREATE TABLE eas_task_containers (
    taskTypeId INTEGER NOT NULL,
    containerId INTEGER NOT NULL,
    PRIMARY KEY (taskTypeId, containerId),
    FOREIGN KEY (taskTypeId) REFERENCES eas_task_types (taskTypeId) ON DELETE CASCADE,
    FOREIGN KEY (containerId) REFERENCES eas_worker_containers (containerId) ON DELETE CASCADE
);
CREATE INDEX eas_task_containers_container ON eas_task_containers (containerId);

CREATE TABLE eas_job (
    jobId AUTO_ID,
    jobName VARCHAR(255) NOT NULL,
    digest CHAR(64) NOT NULL UNIQUE,
    rootTask INTEGER,
    seed BIGINT NOT NULL,
    jobText LONGTEXT NOT NULL,
    sourceFile VARCHAR(1024),
    createdTime DOUBLE NOT NULL,
    finishedTime DOUBLE,
    state VARCHAR(16) NOT NULL,
    replaces INTEGER,
    keepOld INTEGER NOT NULL DEFAULT 0,
    keptFiles LONGTEXT
);
CREATE INDEX eas_job_name ON eas_job (jobName);

-- Task descriptors as written; every child of a loop shares one row.
CREATE TABLE eas_task_description (
    descriptionId AUTO_ID,
    sha256 CHAR(64) NOT NULL UNIQUE,
    text LONGTEXT NOT NULL
);

CREATE TABLE eas_task (
    taskId AUTO_ID,
    parentTask INTEGER,
    childIndex INTEGER NOT NULL DEFAULT 0,
    jobId INTEGER,
    createdTime DOUBLE NOT NULL,
    isFullyConfigured INTEGER NOT NULL DEFAULT 0,
    taskTypeId INTEGER NOT NULL,
    jobName VARCHAR(255),
    taskName VARCHAR(255) NOT NULL DEFAULT '',
    workingDirectory VARCHAR(512) NOT NULL,
    descriptionId INTEGER,
    evaluatedNames LONGTEXT,
    state VARCHAR(16) NOT NULL DEFAULT 'waiting',
    unmetDependencies INTEGER,
    openChildren INTEGER NOT NULL DEFAULT 0,
    failedChildren INTEGER NOT NULL DEFAULT 0,
    isExpanded INTEGER NOT NULL DEFAULT 0,
    blockedBy INTEGER,
    blockedReason VARCHAR(1024),
    openAttemptId INTEGER UNIQUE,
    attemptsLeft INTEGER NOT NULL DEFAULT 3,
    maxAttempts INTEGER NOT NULL DEFAULT 3,
    timeLimit DOUBLE,
    memoryLimit DOUBLE,
    generation INTEGER NOT NULL DEFAULT 0,
    seed BIGINT NOT NULL DEFAULT 0,
    FOREIGN KEY (parentTask) REFERENCES eas_task (taskId) ON DELETE CASCADE,
    FOREIGN KEY (jobId) REFERENCES eas_job (jobId) ON DELETE CASCADE,
    FOREIGN KEY (taskTypeId) REFERENCES eas_task_types (taskTypeId),
    FOREIGN KEY (descriptionId) REFERENCES eas_task_description (descriptionId)
);
CREATE INDEX eas_task_parent ON eas_task (parentTask, childIndex);
CREATE INDEX eas_task_state ON eas_task (state, taskId);
CREATE INDEX eas_task_uncounted ON eas_task (isFullyConfigured, unmetDependencies);
CREATE INDEX eas_task_blocked ON eas_task (blockedBy);
CREATE INDEX eas_task_job ON eas_task (jobId, taskTypeId, state);
CREATE INDEX eas_task_job_state ON eas_task (jobId, state, taskId);
CREATE INDEX eas_task_job_seed ON eas_task (jobId, seed);

CREATE TABLE eas_worker_host (
    hostId AUTO_ID,
    hostname VARCHAR(255) NOT NULL UNIQUE
);

-- Where attempts ran: Python, packages and their versions, git commit, CPU; attempts alike share one row.
CREATE TABLE eas_environment (
    environmentId AUTO_ID,
    sha256 CHAR(64) NOT NULL UNIQUE,
    text LONGTEXT NOT NULL
);

-- A smaller priority goes first: it is minus the depth of the task in its job, so that started chains end soon.
CREATE TABLE eas_scheduling_attempt (
    schedulingAttemptId AUTO_ID,
    taskId INTEGER NOT NULL,
    taskTypeId INTEGER NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    state VARCHAR(16) NOT NULL DEFAULT 'created',
    isQueued INTEGER GENERATED ALWAYS AS (state = 'queued') VIRTUAL,
    isRunning INTEGER GENERATED ALWAYS AS (state = 'running') VIRTUAL,
    isFinished INTEGER GENERATED ALWAYS AS (state IN ('passed', 'failed', 'cancelled', 'lost')) VIRTUAL,
    queuedTime DOUBLE,
    notBefore DOUBLE NOT NULL DEFAULT 0,
    hostId INTEGER,
    workerId VARCHAR(64),
    claimToken CHAR(32),
    leaseUntil DOUBLE,
    startTime DOUBLE,
    latestHeartbeat DOUBLE,
    endTime DOUBLE,
    allProductsPassedQc INTEGER,
    errorFail INTEGER NOT NULL DEFAULT 0,
    errorText LONGTEXT,
    runTimeWallClock DOUBLE,
    runTimeCpu DOUBLE,
    runTimeCpuIncChildren DOUBLE,
    maxMemory DOUBLE,
    evaluatedDescription LONGTEXT,
    contentKey CHAR(64),
    contentFields LONGTEXT,
    externalFiles LONGTEXT,
    environmentId INTEGER,
    FOREIGN KEY (taskId) REFERENCES eas_task (taskId) ON DELETE CASCADE,
    FOREIGN KEY (hostId) REFERENCES eas_worker_host (hostId),
    FOREIGN KEY (environmentId) REFERENCES eas_environment (environmentId)
);
CREATE INDEX eas_attempt_task ON eas_scheduling_attempt (taskId, state);
CREATE INDEX eas_attempt_queue ON eas_scheduling_attempt (state, priority, schedulingAttemptId);
CREATE INDEX eas_attempt_type_queue ON eas_scheduling_attempt (state, taskTypeId, schedulingAttemptId);
CREATE INDEX eas_attempt_worker ON eas_scheduling_attempt (workerId, state);
CREATE INDEX eas_attempt_content ON eas_scheduling_attempt (contentKey);

-- Supervisors that hold leases: who they are, so that a dead one is noticed at once on its own host.
CREATE TABLE eas_worker (
    workerId VARCHAR(64) NOT NULL PRIMARY KEY,
    hostId INTEGER NOT NULL,
    processId INTEGER NOT NULL,
    processStart DOUBLE NOT NULL,
    startedTime DOUBLE NOT NULL,
    heartbeatTime DOUBLE NOT NULL,
    executors INTEGER NOT NULL DEFAULT 0,
    stoppedTime DOUBLE,
    FOREIGN KEY (hostId) REFERENCES eas_worker_host (hostId)
);

-- Attempts that must still be announced to a queue outside the database.
CREATE TABLE eas_outbox (
    outboxId AUTO_ID,
    schedulingAttemptId INTEGER NOT NULL,
    createdTime DOUBLE NOT NULL,
    publishAfter DOUBLE NOT NULL,
    FOREIGN KEY (schedulingAttemptId) REFERENCES eas_scheduling_attempt (schedulingAttemptId) ON DELETE CASCADE
);
CREATE INDEX eas_outbox_attempt ON eas_outbox (schedulingAttemptId);

CREATE TABLE eas_log_messages (
    messageId AUTO_ID,
    generatedByTaskExecution INTEGER,
    timestamp DOUBLE NOT NULL,
    severity INTEGER NOT NULL,
    message LONGTEXT NOT NULL,
    FOREIGN KEY (generatedByTaskExecution) REFERENCES eas_scheduling_attempt (schedulingAttemptId) ON DELETE CASCADE
);
CREATE INDEX eas_log_attempt ON eas_log_messages (generatedByTaskExecution, messageId);
CREATE INDEX eas_log_severity ON eas_log_messages (severity, messageId);

CREATE TABLE eas_semantic_type (
    semanticTypeId AUTO_ID,
    name VARCHAR(255) NOT NULL UNIQUE
);

-- A product without a generator is one that a later task of a control-flow sibling is expected to make.
CREATE TABLE eas_product (
    productId AUTO_ID,
    generatorTask INTEGER,
    plannedTime DOUBLE NOT NULL,
    directoryName VARCHAR(512) NOT NULL,
    filename VARCHAR(255) NOT NULL,
    semanticType INTEGER,
    mimeType VARCHAR(64),
    UNIQUE (directoryName, filename),
    UNIQUE (generatorTask, semanticType),
    FOREIGN KEY (generatorTask) REFERENCES eas_task (taskId) ON DELETE CASCADE,
    FOREIGN KEY (semanticType) REFERENCES eas_semantic_type (semanticTypeId)
);

CREATE TABLE eas_product_version (
    productVersionId AUTO_ID,
    productId INTEGER NOT NULL,
    generatedByTaskExecution INTEGER NOT NULL,
    repositoryId VARCHAR(64) NOT NULL UNIQUE,
    createdTime DOUBLE NOT NULL,
    modifiedTime DOUBLE NOT NULL,
    fileMD5 CHAR(32) NOT NULL,
    fileSHA256 CHAR(64) NOT NULL,
    fileSize BIGINT NOT NULL,
    passedQc INTEGER,
    droppedTime DOUBLE,
    UNIQUE (productId, generatedByTaskExecution),
    FOREIGN KEY (productId) REFERENCES eas_product (productId) ON DELETE CASCADE,
    FOREIGN KEY (generatedByTaskExecution) REFERENCES eas_scheduling_attempt (schedulingAttemptId) ON DELETE CASCADE
);
CREATE INDEX eas_version_attempt ON eas_product_version (generatedByTaskExecution);

CREATE TABLE eas_metadata_keys (
    keyId AUTO_ID,
    name VARCHAR(64) NOT NULL UNIQUE
);

CREATE TABLE eas_metadata_item (
    itemId AUTO_ID,
    taskId INTEGER,
    schedulingAttemptId INTEGER,
    productId INTEGER,
    productVersionId INTEGER,
    setAtTime DOUBLE NOT NULL,
    metadataKey INTEGER NOT NULL,
    valueType VARCHAR(8) NOT NULL,
    valueFloat DOUBLE,
    valueString LONGTEXT,
    valueJson LONGTEXT,
    FOREIGN KEY (taskId) REFERENCES eas_task (taskId) ON DELETE CASCADE,
    FOREIGN KEY (schedulingAttemptId) REFERENCES eas_scheduling_attempt (schedulingAttemptId) ON DELETE CASCADE,
    FOREIGN KEY (productId) REFERENCES eas_product (productId) ON DELETE CASCADE,
    FOREIGN KEY (productVersionId) REFERENCES eas_product_version (productVersionId) ON DELETE CASCADE,
    FOREIGN KEY (metadataKey) REFERENCES eas_metadata_keys (keyId)
);
-- Of each row one index holds one entry, where the engine can leave the others out.
CREATE UNIQUE INDEX eas_metadata_of_task ON eas_metadata_item (taskId, metadataKey) WHERE taskId IS NOT NULL;
CREATE UNIQUE INDEX eas_metadata_of_attempt ON eas_metadata_item (schedulingAttemptId, metadataKey)
    WHERE schedulingAttemptId IS NOT NULL;
CREATE UNIQUE INDEX eas_metadata_of_product ON eas_metadata_item (productId, metadataKey) WHERE productId IS NOT NULL;
CREATE UNIQUE INDEX eas_metadata_of_version ON eas_metadata_item (productVersionId, metadataKey)
    WHERE productVersionId IS NOT NULL;

CREATE TABLE eas_task_input (
    taskId INTEGER NOT NULL,
    inputId INTEGER NOT NULL,
    semanticType INTEGER NOT NULL,
    isMet INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (taskId, semanticType),
    FOREIGN KEY (taskId) REFERENCES eas_task (taskId) ON DELETE CASCADE,
    FOREIGN KEY (inputId) REFERENCES eas_product (productId) ON DELETE CASCADE,
    FOREIGN KEY (semanticType) REFERENCES eas_semantic_type (semanticTypeId)
);
CREATE INDEX eas_task_input_product ON eas_task_input (inputId, isMet);

CREATE TABLE eas_task_metadata_input (
    taskId INTEGER NOT NULL,
    inputId INTEGER NOT NULL,
    isMet INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (taskId, inputId),
    FOREIGN KEY (taskId) REFERENCES eas_task (taskId) ON DELETE CASCADE,
    FOREIGN KEY (inputId) REFERENCES eas_task (taskId) ON DELETE CASCADE
);
CREATE INDEX eas_task_metadata_input_source ON eas_task_metadata_input (inputId, isMet);

-- Consumers of a file that an open control-flow task may still make.
CREATE TABLE eas_task_late_input (
    taskId INTEGER NOT NULL,
    inputId INTEGER NOT NULL,
    awaitsTask INTEGER NOT NULL,
    PRIMARY KEY (taskId, inputId, awaitsTask),
    FOREIGN KEY (taskId) REFERENCES eas_task (taskId) ON DELETE CASCADE,
    FOREIGN KEY (inputId) REFERENCES eas_product (productId) ON DELETE CASCADE,
    FOREIGN KEY (awaitsTask) REFERENCES eas_task (taskId) ON DELETE CASCADE
);
CREATE INDEX eas_task_late_input_product ON eas_task_late_input (inputId);
CREATE INDEX eas_task_late_input_awaits ON eas_task_late_input (awaitsTask);
