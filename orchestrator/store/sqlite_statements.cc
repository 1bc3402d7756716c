#include "orchestrator/store/sqlite_queries.h"

namespace towline::store {

SqliteQueryStatements::SqliteQueryStatements(SqliteConnection& c)
    : begin(c, "BEGIN"),
      end(c, "COMMIT"),
      machine_id(c, "SELECT id FROM machines WHERE tenant=? AND machine=?"),
      machine_name(c, "SELECT tenant, machine FROM machines WHERE id=?"),
      machines_of_tenant(c,
                         "SELECT id FROM machines WHERE tenant=? AND instr(machine, '/')=0"),
      revision_hash(c, "SELECT hash FROM revisions WHERE id=?"),
      revision_uses(c, "SELECT uses FROM revisions WHERE hash=?"),
      find(c,
           "SELECT key, machine, name, revision, status, started, stopped, redrives, redriven, "
           "map_execution, map_run, item FROM executions WHERE machine=? AND name=?"),
      get(c,
          "SELECT key, machine, name, revision, status, started, stopped, redrives, redriven, "
          "map_execution, map_run, item FROM executions WHERE key=?"),
      list(c,
           "SELECT key FROM executions WHERE machine=? AND status=? AND key<? "
           "ORDER BY key DESC LIMIT ?"),
      children(c,
               "SELECT key, machine, name, revision, status, started, stopped, redrives, redriven, "
               "map_execution, map_run, item FROM executions "
               "WHERE map_execution=? AND map_run=? AND item>=? ORDER BY item"),
      list_children(c,
                    "SELECT key FROM executions WHERE map_execution=? AND map_run=? AND item<? "
                    "AND status BETWEEN ? AND ? ORDER BY item DESC LIMIT ?"),
      map_run(c,
              "SELECT execution, run, id, open, progress, spec FROM map_runs "
              "WHERE execution=? AND run=?"),
      map_run_by_id(c,
                    "SELECT execution, run, id, open, progress, spec FROM map_runs WHERE id=?"),
      map_runs(c,
               "SELECT execution, run, id, open, progress, spec FROM map_runs "
               "WHERE execution=? ORDER BY run"),
      count(c, "SELECT count(*) FROM executions WHERE machine=? AND status=0"),
      steps(c, "SELECT id, first_id, events FROM steps WHERE id BETWEEN ? AND ? ORDER BY id"),
      steps_far(c,
                "SELECT first_seq, first_id, events FROM steps_far "
                "WHERE execution=? AND first_seq>=? ORDER BY first_seq"),
      steps_backwards(c,
                      "SELECT id, first_id, events FROM steps WHERE id BETWEEN ? AND ? "
                      "ORDER BY id DESC"),
      steps_far_backwards(c,
                          "SELECT first_seq, first_id, events FROM steps_far "
                          "WHERE execution=? AND first_seq<=? ORDER BY first_seq DESC"),
      snapshot(c, "SELECT last_seq, state FROM snapshots WHERE execution=?"),
      task(c,
           "SELECT task, state, attempt, worker, incarnation, head, body FROM tasks "
           "WHERE execution=? AND task=?"),
      tasks(c,
            "SELECT task, state, attempt, worker, incarnation, head, body FROM tasks "
            "WHERE execution=? ORDER BY task"),
      timers(c, "SELECT seq, kind, due FROM timers WHERE execution=? ORDER BY seq, kind"),
      evidence(c,
               "SELECT task, time, worker, attempt, what, data FROM evidence "
               "WHERE execution=? ORDER BY task, number"),
      payload_in_use(c, "SELECT 1 FROM payload_uses WHERE sha256=? LIMIT 1") {}

}  // namespace towline::store
