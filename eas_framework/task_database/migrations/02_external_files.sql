-- Size and times of the files outside the store that an attempt read (JSON), beside their checksums in contentFields.
ALTER TABLE eas_scheduling_attempt ADD COLUMN externalFiles LONGTEXT;
