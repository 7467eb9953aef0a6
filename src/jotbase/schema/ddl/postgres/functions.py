"""Functions that operators call in PostgreSQL, where its own mean another thing or are missing.

In charge of their definition. Must not know who calls them.
"""

from __future__ import annotations

#: The message by which a statement asks for a computed value.
ASKED = "jotbase.computed"

#: A list's items as an array, whose order is that of its items, null the greatest (9.19).
_ITEMS = """
CREATE OR REPLACE FUNCTION "jotbase"."items"(listed jsonb) RETURNS jsonb[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog AS $body$
  SELECT CASE WHEN jsonb_typeof(listed) = 'array' THEN
    ARRAY(SELECT nullif(item, 'null'::jsonb)
      FROM jsonb_array_elements(listed) WITH ORDINALITY AS each(item, place) ORDER BY place) END
$body$
"""

#: A moment as the clocks of a zone show it; in an unknown zone, in UTC.
_ZONED = """
CREATE OR REPLACE FUNCTION "jotbase"."zoned"(moment timestamptz, zone text) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog SET timezone = 'UTC' AS $body$
BEGIN
  PERFORM set_config('timezone', zone, true);
  RETURN to_json(moment) #>> '{}';
EXCEPTION WHEN invalid_parameter_value THEN
  PERFORM set_config('timezone', 'UTC', true);
  RETURN to_json(moment) #>> '{}';
END $body$
"""

#: What the project's code makes of a row, out of what is known of it; where that is nothing, the
#: server is asked by an INFO, which every client is sent (20.11), and null stands for it.
_COMPUTED = f"""
CREATE OR REPLACE FUNCTION "jotbase"."computed"(known jsonb, field text, of text) RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT AS $body$
DECLARE name text := pg_catalog.md5(field || of);
BEGIN
  IF NOT pg_catalog.jsonb_exists(known, name) THEN
    RAISE INFO USING MESSAGE = '{ASKED}', DETAIL = of, HINT = field;
  END IF;
  RETURN known -> name;
END $body$
"""

CREATE_FUNCTIONS = (_ITEMS, _ZONED, _COMPUTED)
