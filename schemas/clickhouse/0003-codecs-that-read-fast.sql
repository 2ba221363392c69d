-- What trends and FINAL read of every row unpacks in a third of the time, for 1.1 bytes a row: docs/decisions/0004-store-layout.md.
-- Parts that are there keep their codecs until they are merged.
ALTER TABLE {database}._events {on_cluster}
    MODIFY COLUMN occurred_second CODEC(Delta(4), LZ4HC(5)),
    MODIFY COLUMN revision CODEC(LZ4),
    MODIFY COLUMN stored_at CODEC(Delta(8), LZ4),
    MODIFY COLUMN device CODEC(LZ4HC(5));

-- Statistics would be gathered of every column at every insert and merge, and nothing here is planned by them.
ALTER TABLE {database}._events {on_cluster} MODIFY SETTING auto_statistics_types = '';
