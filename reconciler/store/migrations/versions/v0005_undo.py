"""Which scope each run changed; of runs before this, only the last one of each scope is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_change",
        sa.Column("run", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.number"], name=op.f("fk_run_change_run_run")),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_run_change")),
    )
    op.create_index("ix_run_change_scope", "run_change", ["attachment", "feed", "academic_year"], unique=False)
    op.execute(
        "INSERT INTO run_change (run, attachment, feed, academic_year, undone_by) "
        "SELECT run.number, feed_state.attachment, feed_state.feed, feed_state.academic_year, '' "
        "FROM feed_state JOIN run ON run.run = feed_state.base_run"
    )
