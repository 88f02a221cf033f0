-- Numbers only grow, and what is told again changes nothing.
INSERT INTO postcote.sent AS known
    (kind, id, minute, writer, messages, recipients, bytes, new_recipients)
SELECT *
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[],
            $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
ON CONFLICT (kind, id, minute, writer) DO UPDATE
    SET messages = greatest(known.messages, excluded.messages),
        recipients = greatest(known.recipients, excluded.recipients),
        bytes = greatest(known.bytes, excluded.bytes),
        new_recipients = greatest(known.new_recipients, excluded.new_recipients),
        changed_in = pg_current_xact_id()
    WHERE (known.messages, known.recipients, known.bytes, known.new_recipients)
        IS DISTINCT FROM (excluded.messages, excluded.recipients, excluded.bytes, excluded.new_recipients)
