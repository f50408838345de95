-- metadata_key_id
SELECT keyId AS id FROM eas_metadata_keys WHERE name = %(name)s;

-- metadata_key_insert
INSERT INTO eas_metadata_keys (name) VALUES (%(name)s);

-- metadata_key_names
SELECT keyId AS id, name FROM eas_metadata_keys;

-- semantic_type_id
SELECT semanticTypeId AS id FROM eas_semantic_type WHERE name = %(name)s;

-- semantic_type_insert
INSERT INTO eas_semantic_type (name) VALUES (%(name)s);

-- host_id
SELECT hostId AS id FROM eas_worker_host WHERE hostname = %(name)s;

-- host_insert
INSERT INTO eas_worker_host (hostname) VALUES (%(name)s);
