-- By the minute for the hour, by the quarter of an hour for the day. Everybody asked for has a row.
SELECT who.kind, who.id, r.minute AS reset, t.of_hour, t.minute,
       t.messages, t.recipients, t.bytes, t.new_recipients
FROM unnest($1::text[], $2::bigint[]) AS who(kind, id)
LEFT JOIN postcote.sent_reset r ON r.kind = who.kind AND r.id = who.id
LEFT JOIN LATERAL (
    SELECT g.of_hour, s.minute / g.minutes * g.minutes AS minute,
           least(sum(s.messages), 9223372036854775807)::bigint AS messages,
           least(sum(s.recipients), 9223372036854775807)::bigint AS recipients,
           least(sum(s.bytes), 9223372036854775807)::bigint AS bytes,
           least(sum(s.new_recipients), 9223372036854775807)::bigint AS new_recipients
    FROM postcote.sent s
    JOIN (VALUES (true, $4::bigint, 1), (false, $5::bigint, 15)) AS g(of_hour, since, minutes)
      ON s.minute >= g.since
    WHERE s.kind = who.kind AND s.id = who.id AND s.writer IS DISTINCT FROM $3 AND s.minute >= $5
      AND (r.minute IS NULL OR s.minute > r.minute)
    GROUP BY 1, 2) t ON true
ORDER BY who.kind, who.id
