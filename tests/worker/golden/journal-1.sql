-- The journal of an agent of 0.1.0, schema version 1.
PRAGMA journal_mode = WAL;
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE job (
  token TEXT NOT NULL, attempt INTEGER NOT NULL, stage INTEGER NOT NULL,
  at_most_once INTEGER NOT NULL, part INTEGER NOT NULL, type TEXT NOT NULL,
  since INTEGER NOT NULL, process_group INTEGER, birth TEXT, result TEXT NOT NULL,
  PRIMARY KEY (token, attempt)) WITHOUT ROWID;
PRAGMA user_version = 1;
INSERT INTO meta VALUES ('incarnation', 1764000000000), ('synced', 12);
INSERT INTO job VALUES
  ('offered', 1, 1, 1, 0, 'slow', 0, NULL, NULL, ''),
  ('running', 3, 2, 0, 2, 'slow', 1763999990000, 4711, 'boot:99', ''),
  ('again', 1, 2, 0, 0, 'rerun', 1763999991000, 4712, 'boot:99', ''),
  ('done', 2, 3, 0, 7, 'slow', 1763999980000, NULL, NULL,
   '{"token":"done","attempt":2,"status":"succeeded","output":{"sum":57},"startedAt":"2025-11-24T15:59:40.000Z","finishedAt":"2025-11-24T15:59:45.000Z"}');
