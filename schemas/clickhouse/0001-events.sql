-- The first tables and the views over them. Templates: {database}, {on_cluster} (empty on a single server), {engine:TABLE(arguments)}
-- (ReplacingMergeTree(arguments), or its replicated form). Readers are granted the views; every name with an underscore is ours.
-- Why these keys, codecs and indexes: docs/decisions/0004-store-layout.md.

-- One row per copy of an event; the copy with the highest revision is the event. Sorting key and partition use only ingredients of the
-- event key, so all copies of one event meet in one partition. `stored_at` is the server's clock. What events repeat within themselves is
-- kept once: `texts` holds the message, the correlation id, an activity id that is no GUID, and the data's values side by side, where the
-- codec finds the repeats; `computer_rest` is what follows the device in the computer's name, or NUL and the whole name;
-- `collected_delay` counts ticks of 100 ns since `occurred_at`. The ALIAS columns give them their public names.
CREATE TABLE IF NOT EXISTS {database}._events {on_cluster}
(
    tenant          LowCardinality(String),
    occurred_second DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    event_key       FixedString(16) CODEC(NONE),
    revision        UInt64 CODEC(ZSTD(1)),
    occurred_at     DateTime64(7, 'UTC') CODEC(Delta(8), ZSTD(1)),
    collected_delay Nullable(Int64) CODEC(ZSTD(1)),
    stored_at       DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    computer_rest   String CODEC(ZSTD(1)),
    device          String CODEC(ZSTD(1)),
    device_id       Nullable(String),
    channel         LowCardinality(Nullable(String)),
    provider        LowCardinality(Nullable(String)),
    event_id        UInt16,
    version         Nullable(UInt8),
    level           Nullable(UInt8),
    task            Nullable(UInt16),
    opcode          Nullable(UInt8),
    keywords        Nullable(String),
    record_id       Nullable(UInt64) CODEC(ZSTD(1)),
    user_sid        Nullable(String) CODEC(ZSTD(1)),
    user            Nullable(String) CODEC(ZSTD(1)),
    process_id      Nullable(UInt32) CODEC(T64, ZSTD(1)),
    thread_id       Nullable(UInt32) CODEC(T64, ZSTD(1)),
    activity_guid   UUID CODEC(ZSTD(1)),
    texts           Array(Nullable(String)) CODEC(ZSTD(3)),
    data_names      Array(String),
    shipper         String,
    fingerprint     Nullable(String) CODEC(ZSTD(1)),
    sync_engine     LowCardinality(String),
    scope           LowCardinality(String),
    outcome         LowCardinality(String),
    code            LowCardinality(Nullable(String)),
    codes           Array(String),
    aadsts          Nullable(UInt32),
    symbol          Nullable(String),
    category        LowCardinality(Nullable(String)),
    transient       Nullable(String),
    entry           LowCardinality(Nullable(String)),
    confidence      Float64,
    candidates      LowCardinality(String),
    rule            Nullable(String),
    collection      Nullable(String),
    duration_ms     Nullable(Float64),
    incident_id     Nullable(String),
    os_build        Nullable(UInt32),
    os_ubr          Nullable(UInt32),
    join_type       Nullable(String),
    catalog_version UInt16,
    computer        String ALIAS if(startsWith(computer_rest, char(0)), substring(computer_rest, 2), concat(device, computer_rest)),
    collected_at    Nullable(DateTime64(7, 'UTC')) ALIAS CAST(addNanoseconds(occurred_at, collected_delay * 100), 'Nullable(DateTime64(7, \'UTC\'))'),
    message         Nullable(String) ALIAS texts[1],
    correlation_id  Nullable(String) ALIAS texts[2],
    activity_id     Nullable(String) ALIAS if(activity_guid = toUUID('00000000-0000-0000-0000-000000000000'), texts[3], toString(activity_guid)),
    data            Map(String, String) ALIAS mapFromArrays(data_names, arrayMap(text -> assumeNotNull(text), arraySlice(texts, 4))),
    INDEX event_key_index event_key TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX occurred_at_index occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = {engine:_events(revision)}
PARTITION BY (toYYYYMM(occurred_second), tenant)
ORDER BY (occurred_second, event_key)
SETTINGS min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;

-- One row a sighting of a record that could not become an event; writing a sighting again changes nothing.
CREATE TABLE IF NOT EXISTS {database}._dead_letters {on_cluster}
(
    tenant          LowCardinality(String),
    dead_letter_key FixedString(16) CODEC(NONE),
    sighting        String CODEC(ZSTD(1)),
    received_at     DateTime64(7, 'UTC') CODEC(Delta(8), ZSTD(1)),
    source_kind     LowCardinality(String),
    reason          LowCardinality(String),
    detail          String CODEC(ZSTD(3)),
    origin          String CODEC(ZSTD(3)),
    bytes           String CODEC(ZSTD(3)),
    length          UInt64 CODEC(ZSTD(1)),
    shipper         LowCardinality(Nullable(String)),
    stored_at       DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = {engine:_dead_letters()}
ORDER BY (tenant, dead_letter_key, sighting);

-- The catalog and the error codes, one set of rows per catalog version; readers see the newest version.
CREATE TABLE IF NOT EXISTS {database}._catalog {on_cluster}
(
    catalog_version UInt16,
    entry           String,
    kind            LowCardinality(String),
    title           String,
    summary         String,
    engines         Array(LowCardinality(String)),
    category        LowCardinality(String),
    transient       LowCardinality(Nullable(String)),
    next_steps      Array(String),
    kb              Nullable(String),
    fixed_in_build  Nullable(String),
    status          LowCardinality(String),
    facts_needed    Array(LowCardinality(String)),
    sources         Array(LowCardinality(String)),
    seed_lines      Nullable(String),
    notes           Nullable(String)
)
ENGINE = {engine:_catalog()}
ORDER BY (catalog_version, entry);

CREATE TABLE IF NOT EXISTS {database}._codes {on_cluster}
(
    catalog_version UInt16,
    code            String,
    kind            LowCardinality(String),
    symbol          Nullable(String),
    category        LowCardinality(String),
    cause           String,
    transient       LowCardinality(String),
    relevance       LowCardinality(String),
    documented      Bool,
    confidence      LowCardinality(String),
    entries         Array(LowCardinality(String)),
    sources         Array(LowCardinality(String)),
    note            Nullable(String)
)
ENGINE = {engine:_codes()}
ORDER BY (catalog_version, code);

-- A catalog version is shown once all of its rows are there: this row is written last.
CREATE TABLE IF NOT EXISTS {database}._catalog_versions {on_cluster}
(
    catalog_version UInt16,
    published_at    DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {engine:_catalog_versions()}
ORDER BY catalog_version;

-- The newest row says from when on events are shown (retention). No row: everything is.
CREATE TABLE IF NOT EXISTS {database}._retention {on_cluster}
(
    set_at  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    floor   DateTime('UTC')
)
ENGINE = {engine:_retention()}
ORDER BY set_at;

CREATE VIEW IF NOT EXISTS {database}.events {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    lower(hex(event_key)) AS event_key, tenant, computer, device, device_id, channel, provider, event_id, version, level, task, opcode,
    keywords, record_id, occurred_at, collected_at, stored_at, user_sid, user, process_id, thread_id, activity_id, correlation_id,
    message, data, shipper, fingerprint, sync_engine, scope, outcome, code, codes, aadsts, symbol, category, transient, entry,
    confidence,
    JSONExtract(candidates, 'Array(Tuple(entry String, confidence Float64, missing Array(String)))') AS candidates,
    rule, collection, duration_ms, incident_id, os_build, os_ubr, join_type, catalog_version, revision
FROM {database}._events FINAL
WHERE occurred_second >= (SELECT argMax(floor, set_at) FROM {database}._retention);

CREATE VIEW IF NOT EXISTS {database}.trends_hourly {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant, toStartOfHour(occurred_second) AS hour, sync_engine, scope, outcome, channel, provider, event_id, code, category, entry,
    count() AS events,
    countIf(outcome = 'failure' AND scope = 'roaming') AS failures,
    uniqExact(device) AS devices,
    uniqExact(coalesce(user_sid, user)) AS users
FROM {database}._events FINAL
WHERE occurred_second >= (SELECT argMax(floor, set_at) FROM {database}._retention)
GROUP BY tenant, hour, sync_engine, scope, outcome, channel, provider, event_id, code, category, entry;

CREATE VIEW IF NOT EXISTS {database}.dead_letters {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant,
    lower(hex(key)) AS dead_letter_key,
    min(received_at) AS first_seen,
    max(received_at) AS last_seen,
    count() AS seen,
    argMax(source_kind, (received_at, sighting)) AS source_kind,
    argMax(reason, (received_at, sighting)) AS reason,
    argMax(detail, (received_at, sighting)) AS detail,
    argMax(origin, (received_at, sighting)) AS origin,
    argMax(bytes, (received_at, sighting)) AS bytes,
    argMax(length, (received_at, sighting)) AS length,
    argMax(tuple(shipper), (received_at, sighting)).1 AS shipper
FROM (SELECT dead_letter_key AS key, * EXCEPT dead_letter_key FROM {database}._dead_letters FINAL)
GROUP BY tenant, key;

CREATE VIEW IF NOT EXISTS {database}.catalog {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT * FROM {database}._catalog FINAL
WHERE catalog_version = (SELECT max(catalog_version) FROM {database}._catalog_versions);

CREATE VIEW IF NOT EXISTS {database}.codes {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT * FROM {database}._codes FINAL
WHERE catalog_version = (SELECT max(catalog_version) FROM {database}._catalog_versions);
