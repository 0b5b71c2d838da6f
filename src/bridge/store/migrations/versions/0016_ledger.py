"""The ledger of exclusions: rows that are only added. What was stored of exclusions becomes its first rows."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

from bridge.kpi.ledger import BEGINNING, Row, row_hash, written_evidence

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_GUARDED = ("kpi_ledger", "kpi_head")
_REFUSAL = "the ledger is only ever added to"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENTS = frozenset({"at", "recorded_at", "expires_at"})
_COLUMNS = (
    *("id", "kind", "at", "recorded_at", "exclusion", "incident_id", "incident", "promotion_id", "policy", "rule_id"),
    *("rule_version", "approver", "actor", "because", "reason", "evidence", "expires_at", "previous", "hash"),
)
_VIEW = """
CREATE VIEW exclusion AS
SELECT s.id, s.incident_id, s.promotion_id, s.policy, s.rule_version, s.at AS started_at,
  coalesce(w.value, '') AS started_because, e.at AS ended_at, coalesce(e.because, '') AS ended_because
FROM kpi_ledger s
LEFT JOIN kpi_ledger e ON e.exclusion = s.id AND e.kind = 'ended'
LEFT JOIN kpi_name w ON w.id = s.reason
WHERE s.kind = 'started'
"""


def upgrade() -> None:
    _tables()
    _take_over()
    op.drop_table("exclusion")
    op.execute(_VIEW)
    _guard()


def _tables() -> None:
    texts = ("policy", "rule_id", "rule_version", "approver", "actor", "because", "reason", "evidence")
    op.create_table(
        "kpi_ledger",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("exclusion", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("promotion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_kpi_ledger_incident_id"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotion.id"], name="fk_kpi_ledger_promotion_id"),
        sa.PrimaryKeyConstraint("id", name="pk_kpi_ledger"),
    )
    for name in ("incident_id", "promotion_id", "exclusion"):
        op.create_index(f"ix_kpi_ledger_{name}", "kpi_ledger", [name])
    ended = sa.text("kind = 'ended'")
    op.create_index(
        "uq_kpi_ledger_ended", "kpi_ledger", ["exclusion"], unique=True, sqlite_where=ended, postgresql_where=ended
    )
    op.create_table(
        "kpi_head",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kpi_head"),
    )
    op.create_table(
        "kpi_name",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "kind", "value", "digest")),
        sa.PrimaryKeyConstraint("id", name="pk_kpi_name"),
        sa.UniqueConstraint("kind", "digest", name="uq_kpi_name_kind_digest"),
    )


def _take_over() -> None:
    """The rows that there are, in the order in which what they tell happened."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "SELECT x.id, x.incident_id, i.source, i.external_id, x.promotion_id, x.policy, p.rule_id, x.rule_version,"
            " p.approved_by, x.started_at, x.started_because, x.ended_at, x.ended_because FROM exclusion x"
            " JOIN incident i ON i.id = x.incident_id JOIN promotion p ON p.id = x.promotion_id ORDER BY x.id"
        )
    ).all()
    steps = [(one.started_at, 0, one) for one in found]
    steps += [(one.ended_at, 1, one) for one in found if one.ended_at is not None]
    numbers: dict[int, int] = {}
    names: dict[tuple[str, str], str] = {}
    previous, rows = BEGINNING, []
    for seq, (at, ends, one) in enumerate(sorted(steps, key=lambda step: (step[0], step[1], step[2].id)), 1):
        numbers.setdefault(one.id, seq)
        row = Row(
            seq=seq,
            kind="ended" if ends else "started",
            at=_moment(at),
            recorded_at=_moment(at),
            exclusion=numbers[one.id],
            incident_id=one.incident_id,
            incident=f"{one.source} #{one.external_id}",
            promotion_id=one.promotion_id,
            policy=one.policy,
            rule_id=one.rule_id,
            rule_version=one.rule_version,
            approver=_name(names, "person", one.approved_by),
            actor="",
            because=one.ended_because if ends else "promoted",
            reason="" if ends else _name(names, "text", one.started_because),
            evidence=written_evidence({"taken over": "stored before the ledger was kept"}),
            expires_at=None,
            previous=previous,
        )
        previous = row_hash(previous, row)
        stored = {name: getattr(row, name) for name in _COLUMNS if name not in {"id", "hash"}}
        micros = {name: _micros(stored[name]) for name in _MOMENTS}
        rows.append({**stored, **micros, "id": seq, "hash": previous})
    if rows:
        ledger = sa.table("kpi_ledger", *(sa.column(name) for name in _COLUMNS))
        op.bulk_insert(ledger, rows)
    if names:
        table = sa.table("kpi_name", *(sa.column(name) for name in ("id", "kind", "value", "digest")))
        op.bulk_insert(
            table,
            [{"id": number, "kind": kind, "value": value, "digest": _digest(value)}
             for (kind, value), number in names.items()],
        )  # fmt: skip


def _name(names: dict[tuple[str, str], str], kind: str, value: str) -> str:
    return names.setdefault((kind, value), f"{kind[0]}-{secrets.token_hex(8)}") if value else ""


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def _guard() -> None:
    """The database itself refuses to change or remove a row."""
    if op.get_bind().dialect.name == "sqlite":
        for table in _GUARDED:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION kpi_only_added() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for table in _GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION kpi_only_added()"
        )
