-- Size and times of the files outside the store that an attempt read (JSON), beside their checksums in contentFields.
ALTER TABLE eas_scheduling_attempt ADD COLUMN externalFiles LONGTEXT;
-- Patterns of the file names that a job keeps beside its final files (JSON list); NULL keeps all.
ALTER TABLE eas_job ADD COLUMN keptFiles LONGTEXT;
-- When the file of a version was deleted, because all that needed it had passed.
ALTER TABLE eas_product_version ADD COLUMN droppedTime DOUBLE;
-- Rows that go with the row they refer to are found by an index.
CREATE INDEX eas_task_containers_container ON eas_task_containers (containerId);
CREATE INDEX eas_outbox_attempt ON eas_outbox (schedulingAttemptId);
CREATE INDEX eas_task_late_input_product ON eas_task_late_input (inputId);
