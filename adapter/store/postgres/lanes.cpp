#include "store/postgres/lanes.h"

namespace bhi::store::postgres {

void add_to_lanes(Pipeline& line, const Texts& lanes, const Numbers& parts, const Numbers& heads) {
  line.add(R"sql(
      INSERT INTO lane (lane, part, head)
      SELECT n.lane, n.part, n.head FROM unnest($1, $2, $3) AS n (lane, part, head) ORDER BY n.lane
      ON CONFLICT (lane) DO UPDATE SET head = least(lane.head, excluded.head))sql",
           lanes, parts, heads);
}

void take_lanes_of(Pipeline& line, const Numbers& rows) {
  line.add(
      "SELECT 1 FROM lane WHERE lane IN (SELECT i.lane FROM inbox i WHERE i.seq = ANY ($1)) ORDER BY lane FOR UPDATE",
      rows);
}

void set_lanes_of(Pipeline& line, const Numbers& rows) {
  line.add(R"sql(
      UPDATE lane SET head = n.head
      FROM (SELECT l.lane, (SELECT p.seq FROM inbox p WHERE p.lane = l.lane AND p.state = 'pending'
                            ORDER BY p.seq LIMIT 1) AS head
            FROM (SELECT DISTINCT i.lane FROM inbox i WHERE i.seq = ANY ($1)) l) n
      WHERE lane.lane = n.lane AND n.head IS NOT NULL AND lane.head <> n.head)sql",
           rows);
  line.add(R"sql(
      DELETE FROM lane WHERE lane IN (SELECT i.lane FROM inbox i WHERE i.seq = ANY ($1))
        AND NOT EXISTS (SELECT 1 FROM inbox p WHERE p.lane = lane.lane AND p.state = 'pending'))sql",
           rows);
}

void take_turns(Pipeline& line, const Texts& lanes, const Numbers& parts, const Flags& urgent) {
  line.add(R"sql(
      INSERT INTO turn (lane, part, urgent, seq, ready_at)
      SELECT n.lane, n.part, n.urgent, 0, NULL FROM unnest($1, $2, $3) AS n (lane, part, urgent) ORDER BY n.lane
      ON CONFLICT (lane) DO UPDATE SET urgent = turn.urgent)sql",
           lanes, parts, urgent);
}

void take_turns_of(Pipeline& line, const Numbers& rows) {
  line.add(R"sql(
      INSERT INTO turn (lane, part, urgent, seq, ready_at)
      SELECT DISTINCT o.lane, o.part, o.urgent, 0, NULL::bigint FROM outbox o WHERE o.seq = ANY ($1) ORDER BY o.lane
      ON CONFLICT (lane) DO UPDATE SET urgent = turn.urgent)sql",
           rows);
}

void set_turns(Pipeline& line, const Texts& lanes) {
  line.add(R"sql(
      UPDATE turn SET seq = n.seq, ready_at = n.ready_at
      FROM (SELECT l.lane, o.seq,
                   CASE WHEN EXISTS (SELECT 1 FROM outbox s WHERE s.lane = l.lane AND s.state = 'sent') THEN NULL
                        WHEN o.state IN ('retry-at', 'unknown') THEN greatest(o.not_before, 0)
                        ELSE 0 END AS ready_at
            FROM unnest($1) AS l (lane),
                 LATERAL (SELECT f.seq, f.state, f.not_before FROM outbox f
                          WHERE f.lane = l.lane AND f.state IN ('planned', 'sent', 'unknown', 'retry-at')
                          ORDER BY f.seq LIMIT 1) o) n
      WHERE turn.lane = n.lane AND (turn.seq, turn.ready_at) IS DISTINCT FROM (n.seq, n.ready_at))sql",
           lanes);
  line.add(R"sql(
      DELETE FROM turn WHERE lane = ANY ($1)
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.lane = turn.lane
                        AND o.state IN ('planned', 'sent', 'unknown', 'retry-at')))sql",
           lanes);
}

void set_turns_of(Pipeline& line, const Numbers& rows) {
  line.add(R"sql(
      UPDATE turn SET seq = n.seq, ready_at = n.ready_at
      FROM (SELECT l.lane, o.seq,
                   CASE WHEN EXISTS (SELECT 1 FROM outbox s WHERE s.lane = l.lane AND s.state = 'sent') THEN NULL
                        WHEN o.state IN ('retry-at', 'unknown') THEN greatest(o.not_before, 0)
                        ELSE 0 END AS ready_at
            FROM (SELECT DISTINCT r.lane FROM outbox r WHERE r.seq = ANY ($1)) l,
                 LATERAL (SELECT f.seq, f.state, f.not_before FROM outbox f
                          WHERE f.lane = l.lane AND f.state IN ('planned', 'sent', 'unknown', 'retry-at')
                          ORDER BY f.seq LIMIT 1) o) n
      WHERE turn.lane = n.lane AND (turn.seq, turn.ready_at) IS DISTINCT FROM (n.seq, n.ready_at))sql",
           rows);
  line.add(R"sql(
      DELETE FROM turn WHERE lane IN (SELECT r.lane FROM outbox r WHERE r.seq = ANY ($1))
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.lane = turn.lane
                        AND o.state IN ('planned', 'sent', 'unknown', 'retry-at')))sql",
           rows);
}

}  // namespace bhi::store::postgres
