"""The sandbox's incident system: a small product of its own, with the habits of real ones.

Authorization: `Authorization: Bearer TOKEN`. A wrong token, an unknown incident and a refused change are answered
with HTTP 200 and `{"ok": false, "error": {"code", "message"}}`; with `strict` set they are 401, 404 and 422.
Malformed JSON is always 400, an unknown path 404.

    GET    /api/me                        who the token belongs to
    GET    /api/agents                    {"items": [{"login", "name", "team", "active"}]}
    POST   /api/incidents                 {"title", ...} -> 201 {"ok", "incident"}; no idempotency key
    GET    /api/incidents                 list, see below
    GET    /api/incidents/ID              by id (42) or number (INC0000042)
    PATCH  /api/incidents/ID              {"state", "hold_reason", "assignee", "team", "priority", "custom", ...}
    GET    /api/incidents/ID/notes        {"items": [{"id", "author", "visibility", "text", "created_at"}]}
    POST   /api/incidents/ID/notes        {"text", "visibility": "internal" (default) | "public"} -> 201
    GET    /api/incidents/ID/links        {"items": [{"id", "url", "title", "created_by", "created_at"}]}
    POST   /api/incidents/ID/links        {"url", "title"} -> 201; the same url again -> 200 with the link that is there
    GET    /api/incidents/ID/history      {"items": [change]}
    POST   /api/rfcs                      {"title", "text", "incidents": [ID], "visibility": public (usual) | internal}
                                          -> 201 {"ok", "rfc": {"number": "CHG0000001", "url", "state", ...}}
    GET    /api/rfcs?q=WORDS&page=1       20 a page, newest first, without texts; any of the words counts
    GET    /api/rfcs/NUMBER               with "text", "incidents" and "decided_by"
    PATCH  /api/rfcs/NUMBER               {"state": requested|in_review|approved|rejected|implemented}
    GET    /api/changes?after=N&limit=M   changes of all incidents with id > N in the order of ids; {"items", "last_id"}

A change is {"id", "incident_id", "at", "by", "kind": created|field|note|link|rfc, "field", "old", "new"}.

List filters: `updated_since` (whole seconds, inclusive), `created_since`, `state` (names or codes, comma separated),
`q` (in title or description), `team`, `assignee`, `service`. Order: `order=updated` is by update time, then id;
`order=id` by id; without it the order is arbitrary, but the same every time.

Paging, chosen by the parameters (or named by `paging=`), at most 200 rows a page, 50 by default:

    page     page=1&per_page=50     {"items", "page", "per_page", "pages", "total"}
    offset   offset=0&limit=50      {"items", "offset", "limit", "total"}
    cursor   cursor=&limit=50       {"items", "next_cursor"}, null at the end
    next     paging=next&limit=50   {"items", "next"}: an absolute address or null; also as a Link header, rel="next"
    keyset   after_id=0&limit=50    {"items"} with id > after_id in the order of ids; the end is a page that is not full

States by name and code: new 1, in_progress 2, pending 3 (needs `hold_reason`), solved 6, closed 7, cancelled 8.
Closed and cancelled are final. A public note on a solved incident reopens it; an internal one does not.
A request for change is neither approved nor rejected by who opened it, and names no incident that is final.
A PATCH ignores keys it does not know, without a word.

Times are whole seconds. `time_format` (or the header X-Time-Format) chooses how they are written: iso_z (default),
iso_offset, epoch, local ("YYYY-MM-DD HH:MM:SS" in the account's zone). Times in requests may have any of these forms;
one without a zone is read in the account's zone, which `time_zone` in the sandbox's settings names (default UTC).
"""
