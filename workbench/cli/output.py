"""Frames and JSON on standard output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import polars as pl


def echo_frame(frame: pl.DataFrame, rows: int = 40) -> None:
    """Print a frame as a plain table, and say how many rows were left out."""
    import polars as pl

    if "year" in frame.columns:
        frame = frame.with_columns(pl.col("year").cast(pl.String))  # no amount: without separators
    with pl.Config(
        tbl_rows=rows, tbl_cols=-1, tbl_width_chars=200, fmt_str_lengths=60, tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True, tbl_formatting="ASCII_MARKDOWN", thousands_separator=",",
    ):  # fmt: skip
        click.echo(str(frame.head(rows)))
    if frame.height > rows:
        click.echo(f"... {frame.height - rows:,} more rows")


def echo_json(value: Any) -> None:
    """Print a value as JSON; dates and instants in ISO form."""
    click.echo(json.dumps(value, default=str, ensure_ascii=False, indent=2))
