-- What was done about dead letters. Rows are only added, and each is named by the attempt and the part of the record, so that writing
-- one again changes nothing and two writers cannot spoil each other's; a letter's state follows from all of its rows, in any order.
CREATE TABLE IF NOT EXISTS {database}._dead_letter_actions {on_cluster}
(
    tenant          LowCardinality(String),
    dead_letter_key FixedString(16) CODEC(NONE),
    attempt         String CODEC(ZSTD(1)),
    part            UInt32,
    parts           UInt32,
    action          LowCardinality(String),
    covers          UInt64,
    requested_at    DateTime64(3, 'UTC'),
    requested_by    String CODEC(ZSTD(1)),
    version         LowCardinality(String),
    reason          String CODEC(ZSTD(3)),
    detail          String CODEC(ZSTD(3)),
    stored_at       DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
)
ENGINE = {engine:_dead_letter_actions()}
ORDER BY (tenant, dead_letter_key, attempt, part);

-- One row a letter. An attempt that failed in any part failed; it is complete once all of its parts are stored. `covers` is how often
-- the letter had been seen when the attempt began: a letter that was seen more often than its best complete attempt covers is open again,
-- whatever the clocks of those who saw it say. A discard holds until a complete attempt covers as much.
CREATE OR REPLACE VIEW {database}._dead_letter_states {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    letters.tenant AS tenant, letters.dead_letter_key AS dead_letter_key, first_seen, last_seen, seen, source_kind, letters.reason AS reason,
    letters.detail AS detail, origin, bytes, length, shipper,
    multiIf(
        ifNull(replayed_covers, 0) >= seen, 'replayed',
        ifNull(discarded_covers, 0) > ifNull(replayed_covers, 0), 'discarded',
        'open') AS state,
    toBool(state = 'open' AND ifNull(replayed_covers, 0) > 0) AS reopened,
    ifNull(attempts, 0) AS attempts,
    if(ifNull(attempts, 0) = 0, NULL, last_attempt.1) AS attempted_at,
    if(ifNull(attempts, 0) = 0, NULL, last_attempt.2) AS attempt_reason,
    if(ifNull(attempts, 0) = 0, NULL, last_attempt.3) AS attempt_detail,
    multiIf(
        ifNull(discarded_covers, 0) > ifNull(replayed_covers, 0), discard.1,
        ifNull(replayed_covers, 0) > 0, replay.1,
        NULL) AS closed_at,
    multiIf(
        ifNull(discarded_covers, 0) > ifNull(replayed_covers, 0), discard.2,
        ifNull(replayed_covers, 0) > 0, replay.2,
        NULL) AS closed_by,
    multiIf(
        ifNull(discarded_covers, 0) > ifNull(replayed_covers, 0), discard.3,
        ifNull(replayed_covers, 0) > 0, replay.3,
        NULL) AS closed_version,
    if(state = 'discarded', discard.4, NULL) AS discard_reason
FROM
(
    SELECT
        tenant,
        dead_letter_key,
        min(received_at) AS first_seen,
        max(received_at) AS last_seen,
        count() AS seen,
        argMax(source_kind, (received_at, sighting)) AS source_kind,
        argMax(reason, (received_at, sighting)) AS reason,
        argMax(detail, (received_at, sighting)) AS detail,
        argMax(origin, (received_at, sighting)) AS origin,
        argMax(bytes, (length(bytes), received_at, sighting)) AS bytes,
        argMax(length, (received_at, sighting)) AS length,
        argMax(tuple(shipper), (received_at, sighting)).1 AS shipper
    FROM {database}._dead_letters FINAL
    GROUP BY tenant, dead_letter_key
) AS letters
LEFT JOIN
(
    SELECT
        tenant,
        dead_letter_key,
        countIf(result != 'discarded') AS attempts,
        maxIf(covered, result = 'stored') AS replayed_covers,
        maxIf(covered, result = 'discarded') AS discarded_covers,
        argMaxIf((at, failure.1, failure.2), (at, attempt), result != 'discarded') AS last_attempt,
        argMinIf((at, by, by_version), (-toInt64(covered), at, attempt), result = 'stored') AS replay,
        argMaxIf((at, by, by_version, words), (covered, at, attempt), result = 'discarded') AS discard
    FROM
    (
        SELECT
            tenant,
            dead_letter_key,
            attempt,
            max(covers) AS covered,
            max(requested_at) AS at,
            max(requested_by) AS by,
            max(version) AS by_version,
            argMinIf((toNullable(reason), toNullable(detail)), part, action = 'failed') AS failure,
            maxIf(reason, action = 'discarded') AS words,
            multiIf(
                countIf(action = 'discarded') > 0, 'discarded',
                countIf(action = 'failed') > 0, 'failed',
                count() = max(parts), 'stored',
                'under_way') AS result
        FROM {database}._dead_letter_actions FINAL
        GROUP BY tenant, dead_letter_key, attempt
    )
    GROUP BY tenant, dead_letter_key
) AS actions ON letters.tenant = actions.tenant AND letters.dead_letter_key = actions.dead_letter_key;

CREATE OR REPLACE VIEW {database}.dead_letters {on_cluster} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    tenant, lower(hex(dead_letter_key)) AS dead_letter_key, first_seen, last_seen, seen, source_kind, reason, detail, origin, bytes, length,
    shipper, state, reopened, attempts, attempted_at, attempt_reason, attempt_detail, closed_at, closed_by, closed_version, discard_reason
FROM {database}._dead_letter_states;
