-- schema_version
SELECT MAX(version) AS version FROM eas_schema_version;

-- schema_versions_applied
SELECT version, appliedTime FROM eas_schema_version ORDER BY version;

-- schema_version_insert
INSERT INTO eas_schema_version (version, appliedTime) VALUES (%(version)s, CURRENT_UNIX_TIME);
