"""When an asset asks to be built again: exactly when what it was built from has changed.

Dagster's own `eager()` asks whenever something upstream was materialized, also when not a figure of
it changed, and for all 47 prefectures when a national table changed in one of them. Here the
content decides: each materialization remembers the data versions of its inputs, and national
margins publish one version per prefecture.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph, BaseAssetNode
from dagster._core.definitions.data_version import (
    extract_data_provenance_from_entry,
    extract_data_version_from_entry,
)

# Metadata of a national frame: a version per prefecture, so that who reads only one prefecture's
# rows can tell whether they changed.
VERSIONS_BY_PREFECTURE: Final = "versions_by_prefecture"

Versions = Mapping[str, str]


class InputsChanged(dg.AutomationCondition[dg.AssetKey]):
    """True where an input's content is no longer the one that was built from.

    Not true while an input is itself to be built again: margins stand on margins, and a joint of
    some that are new and some that are old would fit neither. Never true for what was never built:
    a first build is asked for by a person.

    Args:
        by_prefecture: Inputs of which a partition reads only its own prefecture's rows.
    """

    def __init__(self, by_prefecture: Iterable[dg.AssetKey] = ()) -> None:
        self.by_prefecture = frozenset(by_prefecture)

    @property
    def name(self) -> str:
        """The name that the UI shows."""
        return "inputs_changed"

    def evaluate(
        self, context: dg.AutomationContext[dg.AssetKey]
    ) -> dg.AutomationResult[dg.AssetKey]:
        """Return the partitions of the candidates of which an input changed."""
        view, key = context.asset_graph_view, context.key
        look = _Look(view.asset_graph, view.instance)
        changed = {
            candidate
            for candidate in context.candidate_subset.expensively_compute_asset_partitions()
            if look.is_due(key, candidate.partition_key)
        }
        subset = view.get_asset_subset_from_asset_partitions(key, changed)
        return dg.AutomationResult(context, true_subset=subset)


class _Look:
    """Reads the graph and the events of one instance, each at most once per evaluation."""

    def __init__(self, graph: BaseAssetGraph[BaseAssetNode], instance: dg.DagsterInstance) -> None:
        self._graph = graph
        self._instance = instance
        self._changed: Callable[[dg.AssetKey, str | None], bool] = cache(self._inputs_changed)
        self._old: Callable[[dg.AssetKey, str | None], bool] = cache(self._is_old)
        self._version: Callable[[dg.AssetKey, str | None], str | None] = cache(self._find_version)
        self._by_prefecture: Callable[[dg.AssetKey, int | None], Versions] = cache(
            self._find_versions
        )

    def is_due(self, key: dg.AssetKey, partition: str | None) -> bool:
        """Return whether to build now: an input changed, and all inputs are of today."""
        return self._changed(key, partition) and not any(
            self._old(parent, at) for parent, at in self._parents(key, partition)
        )

    def _is_old(self, key: dg.AssetKey, partition: str | None) -> bool:
        """Return whether something is to be built again, or what it stands on."""
        if _condition(self._graph.get(key).automation_condition) is None:
            return False
        return self._changed(key, partition) or any(
            self._old(parent, at) for parent, at in self._parents(key, partition)
        )

    def _parents(
        self, key: dg.AssetKey, partition: str | None
    ) -> Iterator[tuple[dg.AssetKey, str | None]]:
        for parent in self._graph.get(key).parent_keys:
            yield parent, partition if self._graph.get(parent).is_partitioned else None

    def _inputs_changed(self, key: dg.AssetKey, partition: str | None) -> bool:
        condition = _condition(self._graph.get(key).automation_condition)
        by_prefecture = condition.by_prefecture if condition else frozenset()
        entry = self._materialization(key, partition)
        provenance = extract_data_provenance_from_entry(entry) if entry else None
        if provenance is None:
            return False
        for parent, at in self._parents(key, partition):
            now, used = self._version(parent, at), provenance.input_data_versions.get(parent)
            if now is None or (used is not None and used.value == now):
                continue
            if partition is None or parent not in by_prefecture:
                return True
            before = self._by_prefecture(parent, provenance.input_storage_ids.get(parent))
            after = self._by_prefecture(parent, None)
            if before.get(partition) is None or before.get(partition) != after.get(partition):
                return True
        return False

    def _materialization(self, key: dg.AssetKey, partition: str | None) -> dg.EventLogEntry | None:
        partitions = [partition] if partition is not None else None
        found = self._instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=key, asset_partitions=partitions), limit=1
        )
        return found.records[0].event_log_entry if found.records else None

    def _find_version(self, key: dg.AssetKey, partition: str | None) -> str | None:
        """Return the data version of the latest materialization or observation."""
        entry = self._materialization(key, partition)
        if entry is None:
            observed = self._instance.fetch_observations(key, limit=1).records
            entry = observed[0].event_log_entry if observed else None
        version = extract_data_version_from_entry(entry) if entry else None
        return version.value if version else None

    def _find_versions(self, key: dg.AssetKey, storage_id: int | None) -> Versions:
        """Return the versions by prefecture of one materialization, by default the latest."""
        found = self._instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=key, storage_ids=[storage_id] if storage_id is not None else None
            ),
            limit=1,
        ).records
        event = found[0].event_log_entry.asset_materialization if found else None
        value = event.metadata.get(VERSIONS_BY_PREFECTURE) if event else None
        content = value.value if isinstance(value, dg.JsonMetadataValue) else None
        return content if isinstance(content, dict) else {}


def _condition(condition: Any) -> InputsChanged | None:
    """Return the part of an asset's condition that is ours, if there is one."""
    if condition is None or isinstance(condition, InputsChanged):
        return condition
    parts = (_condition(child) for child in condition.children)
    return next((part for part in parts if part is not None), None)


def when_inputs_changed(
    by_prefecture: Iterable[dg.AssetKey] = (),
) -> dg.AutomationCondition[dg.AssetKey]:
    """Ask for a rebuild once per change of an input's content.

    Updates are remembered until they were asked for, so none is lost while a run is on its way, and
    a run that fails is not asked for again and again: the next update upstream asks anew.

    Args:
        by_prefecture: Inputs of which a partition reads only its own prefecture's rows.
    """
    condition = dg.AutomationCondition
    updated = condition.any_deps_updated().since(
        condition.newly_requested() | condition.newly_updated()
    )
    return (
        updated
        & ~condition.in_progress()
        & ~condition.any_deps_in_progress()
        & ~condition.any_deps_missing()
        & InputsChanged(by_prefecture)
    ).with_label("when_inputs_changed")
