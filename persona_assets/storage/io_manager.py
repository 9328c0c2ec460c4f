"""Dagster's door to the lake: assets hand over frames and receive frames."""

import hashlib
from base64 import b64encode
from pathlib import Path

import dagster as dg
import polars as pl

from persona_assets.storage import lake
from persona_assets.storage.paths import data_root, lake_dir


class LakeIOManager(dg.ConfigurableIOManager):
    """Stores each asset as Parquet under one root, a file per prefecture where partitioned.

    A run over several prefectures hands over one frame with the rows of all of them; an input of
    several prefectures is one frame too, in the order of the partition keys. A partition that an
    unpartitioned asset depends on may be missing: the asset decides whether that matters.
    """

    root: str | None = None

    @property
    def lake_root(self) -> Path:
        """The folder of the Parquet files."""
        return lake_dir(Path(self.root) if self.root else data_root())

    def handle_output(self, context: dg.OutputContext, obj: pl.DataFrame) -> None:
        """Write one frame, split by prefecture if the asset is partitioned."""
        name = "/".join(context.asset_key.path)
        if not context.has_asset_partitions:
            path = lake.table_path(self.lake_root, name)
            lake.write_frame(obj, path)
            context.add_output_metadata({"dagster/row_count": obj.height, "path": str(path)})
            return
        keys = context.asset_partition_keys
        if len(keys) == 1:
            path = lake.write_partition(obj, self.lake_root, name, keys[0])
            context.add_output_metadata(
                {"dagster/partition_row_count": obj.height, "path": str(path)}
            )
            return
        unasked = set(obj["prefecture"].unique()) - set(keys)
        if unasked:
            raise lake.LakeError(
                f"asset '{name}': rows of {sorted(map(str, unasked))} were not asked for"
            )
        for key in keys:
            lake.write_partition(obj.filter(pl.col("prefecture") == key), self.lake_root, name, key)

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        """Read one frame: the table, the partition, or all partitions that exist."""
        name = "/".join(context.asset_key.path)
        if not context.has_asset_partitions:
            return lake.read_table(self.lake_root, name)
        keys = context.asset_partition_keys
        if len(keys) == 1:
            return lake.read_partition(self.lake_root, name, keys[0])
        found = [k for k in keys if lake.partition_path(self.lake_root, name, k).exists()]
        if not found:
            raise lake.LakeError(f"asset '{name}' has no partition; materialize it first")
        return pl.concat([lake.read_partition(self.lake_root, name, key) for key in found])


def data_version(frame: pl.DataFrame) -> dg.DataVersion:
    """Return the version of a frame's content: the same rows and columns, the same version.

    Dagster's own default hashes what went in. Ours hashes what came out, so that a rebuild which
    changes nothing stops there.
    """
    return dg.DataVersion(lake.content_hash(frame))


def versions_by_prefecture(frame: pl.DataFrame) -> dict[str, str]:
    """Return a version of each prefecture's rows, for who reads no others."""
    parts = frame.partition_by("prefecture", as_dict=True, maintain_order=True)
    return {
        str(key): hashlib.sha256(part.write_csv().encode()).hexdigest()[:16]
        for (key,), part in parts.items()
    }


def png_metadata(png: bytes) -> dg.MarkdownMetadataValue:
    """Return a picture as metadata that the UI shows."""
    return dg.MetadataValue.md(f"![plot](data:image/png;base64,{b64encode(png).decode()})")


def markdown_table(frame: pl.DataFrame, limit: int = 25) -> str:
    """Return the first rows of a frame as a Markdown table."""
    shown = frame.head(limit)
    lines = ["| " + " | ".join(shown.columns) + " |", "|" + " --- |" * shown.width]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in shown.rows()]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.1f}"
    return str("" if value is None else value).replace("|", "\\|").replace("\n", " ")
