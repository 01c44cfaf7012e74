-- After a restore of a PostgreSQL store, before a daemon starts: everything that may have been done since the copy was made
-- is looked up at its EHR before it is done again (the daemon makes Sent items Unknown when it starts). What waits for a
-- person keeps waiting, and remembers. The same as `bhi store restore` does on SQLite.
BEGIN;
UPDATE outbox SET state = 'sent', request_hash = CASE WHEN request_hash = '' THEN 'restored' ELSE request_hash END
  WHERE state IN ('planned', 'unknown', 'retry-at', 'sent');
UPDATE outbox SET request_hash = 'restored' WHERE state IN ('parked', 'dead') AND request_hash = '';
COMMIT;
