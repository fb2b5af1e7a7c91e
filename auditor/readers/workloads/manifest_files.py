"""Every file that is read as manifests, for readers that need more of an object than its images."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked
from auditor.plan.model import Plan
from auditor.readers.workloads.gitops_releases import only_for_releases
from auditor.readers.workloads.manifests import Manifests, is_object, items_of
from auditor.readers.workloads.plan_files import sources_of
from auditor.readers.workloads.plan_releases import plan_releases, release_sources
from auditor.readers.workloads.schemas import documents_of, without_definitions


def manifest_files(plan: Plan) -> Iterator[tuple[Manifests, bytes]]:
    """Yield the files of the plan's workloads and the renderings of its releases. Observed clusters are left out."""
    if not plan.workloads:
        return
    found = plan_releases(plan)
    alone = frozenset(only_for_releases(plan, found))
    for number, workload in enumerate(plan.workloads):
        if number not in alone:
            yield from sources_of(plan, number, workload)
    yield from release_sources(plan, found)


def objects_with(
    files: tuple[tuple[Manifests, bytes], ...], needles: tuple[bytes, ...] = ()
) -> Iterator[tuple[Manifests, Marked]]:
    """Yield every object. With `needles`, only those of documents that contain one. Unreadable documents are left out.

    The reader of images reports unreadable documents.
    """
    for source, data in files:
        if needles and not any(needle in data for needle in needles):
            continue
        if needles and source.origins is None and data.count(b"\n---") > 0:
            yield from _from_documents(source, data, needles)
        else:
            yield from ((source, item) for item in items_of(source, data) if isinstance(item, Marked) and is_object(item))


def _from_documents(source: Manifests, data: bytes, needles: tuple[bytes, ...]) -> Iterator[tuple[Manifests, Marked]]:
    lines = 0
    for document in documents_of(without_definitions(data)[0]):
        if any(needle in document for needle in needles):
            # Empty lines before the document keep the numbers of its lines.
            items = items_of(source, b"\n" * lines + document)
            yield from ((source, item) for item in items if isinstance(item, Marked) and is_object(item))
        lines += document.count(b"\n")


def namespace_of(source: Manifests, item: Marked) -> str:
    """Return the namespace of an object: its own, else that of its chart; empty if neither states one."""
    return item.text_at("metadata", "namespace") or source.namespace


def owner_of(source: Manifests, item: Marked) -> str:
    """Return an object as people name it: `Deployment shop/web`."""
    namespace = namespace_of(source, item)
    name = item.text_at("metadata", "name") or item.text_at("metadata", "generateName")
    return f"{item.text_at('kind')} {f'{namespace}/' if namespace else ''}{name}"
