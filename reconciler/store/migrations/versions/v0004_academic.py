"""Academic records: attendance, behaviour, assessment, post-16 aims; their cursors, parked keys and held runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "academic_cursor",
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("mapping_version", sa.Text(), nullable=False),
        sa.Column("covered_to", sa.Date(), nullable=False),
        sa.Column("whole_on", sa.Date(), nullable=False),
        sa.Column("students", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("attachment", "feed", "academic_year", "entity", name=op.f("pk_academic_cursor")),
    )
    op.create_table(
        "academic_state",
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("base_run", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("attachment", "feed", "academic_year", name=op.f("pk_academic_state")),
    )
    op.create_table(
        "assessment_results",
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("source_id", sa.String(length=300), nullable=False),
        sa.Column("student_id", sa.String(length=120), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("assessment_type", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=True),
        sa.Column("term", sa.String(length=60), nullable=True),
        sa.Column("year_group", sa.String(length=40), nullable=True),
        sa.Column("result", sa.String(length=60), nullable=False),
        sa.Column("is_grade", sa.String(length=5), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("first_load", sa.Integer(), nullable=False),
        sa.Column("changed_load", sa.Integer(), nullable=False),
        sa.Column("left_load", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("attachment", "feed", "academic_year", "source_id", name=op.f("pk_assessment_results")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_assessment_results_read_by",
        "assessment_results",
        ["attachment", "feed", "academic_year", "student_id", "on_date"],
        unique=False,
    )
    op.create_table(
        "attendance_marks",
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("source_id", sa.String(length=300), nullable=False),
        sa.Column("student_id", sa.String(length=120), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("session", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.Column("statistical_class", sa.String(length=20), nullable=False),
        sa.Column("minutes_late", sa.String(length=4), nullable=True),
        sa.Column("class_id", sa.String(length=120), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("first_load", sa.Integer(), nullable=False),
        sa.Column("changed_load", sa.Integer(), nullable=False),
        sa.Column("left_load", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("attachment", "feed", "academic_year", "source_id", name=op.f("pk_attendance_marks")),
        comment="Attendance: a copy for management, never the register: that is kept by the student's home school.",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_attendance_marks_read_by",
        "attendance_marks",
        ["attachment", "feed", "academic_year", "student_id", "on_date"],
        unique=False,
    )
    op.create_table(
        "behaviour_events",
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("source_id", sa.String(length=300), nullable=False),
        sa.Column("student_id", sa.String(length=120), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("event_code", sa.String(length=40), nullable=False),
        sa.Column("points", sa.String(length=10), nullable=True),
        sa.Column("class_id", sa.String(length=120), nullable=True),
        sa.Column("staff_id", sa.String(length=120), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("first_load", sa.Integer(), nullable=False),
        sa.Column("changed_load", sa.Integer(), nullable=False),
        sa.Column("left_load", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("attachment", "feed", "academic_year", "source_id", name=op.f("pk_behaviour_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_behaviour_events_read_by",
        "behaviour_events",
        ["attachment", "feed", "academic_year", "student_id", "on_date"],
        unique=False,
    )
    op.create_table(
        "post16_aims",
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("source_id", sa.String(length=300), nullable=False),
        sa.Column("student_id", sa.String(length=120), nullable=False),
        sa.Column("aim_code", sa.String(length=40), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("planned_end_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=60), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("first_load", sa.Integer(), nullable=False),
        sa.Column("changed_load", sa.Integer(), nullable=False),
        sa.Column("left_load", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("attachment", "feed", "academic_year", "source_id", name=op.f("pk_post16_aims")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_post16_aims_read_by", "post16_aims", ["attachment", "feed", "academic_year", "student_id"], unique=False
    )
    op.create_table(
        "academic_held",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("change_set", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["number"], ["run.number"], name=op.f("fk_academic_held_number_run")),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_academic_held")),
    )
    op.create_table(
        "academic_parked",
        sa.Column("attachment", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("academic_year", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("student_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("parked_run", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parked_run"], ["run.number"], name=op.f("fk_academic_parked_parked_run_run")),
        sa.PrimaryKeyConstraint(
            "attachment", "feed", "academic_year", "entity", "student_id", "source_id", name=op.f("pk_academic_parked")
        ),
        sqlite_with_rowid=False,
    )
    # ### end Alembic commands ###
