"""Where an archive lies, in a folder or in a bucket of a MinIO server, and what it holds, told in the same way for both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minio import Minio

from storage.minio_server import Server
from tests import trees


@dataclass(frozen=True)
class Place:
    """`server` and `bucket` where it is no folder; `environment`: with which Sohoa gets there."""

    location: str
    data: Path  #: the folder below which its catalogue lies
    server: Server | None = None
    bucket: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def objects(self) -> dict[str, str]:
        """Key -> digest; JSON is compared without times."""
        return trees.objects(Path(self.location)) if self.server is None else trees.compared(self._stored(self.server))

    def rows(self) -> dict[str, list[Any]]:
        """All rows of the catalogue, order and times aside."""
        (catalogue,) = self.data.rglob("catalogue.sqlite")
        return trees.rows_of(catalogue)

    def remove(self) -> None:
        """Its disk for the next one; earlier versions in a bucket stay."""
        if self.server is None:
            shutil.rmtree(self.location, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)

    def _stored(self, server: Server) -> Iterator[tuple[str, bytes]]:
        client = Minio(endpoint=server.endpoint, access_key=server.user, secret_key=server.secret, secure=False)
        for found in client.list_objects(self.bucket, recursive=True):
            with closing(client.get_object(self.bucket, str(found.object_name))) as answer:
                yield str(found.object_name), bytes(answer.read())


def in_folder(archive: Path) -> Place:
    return Place(str(archive), archive / ".sohoa")


def in_bucket(server: Server, bucket: str, data: Path) -> Place:
    """`data`: where the catalogue is to lie, for this archive alone."""
    return Place(server.location(bucket), data, server, bucket, server.environment() | {"SOHOA_ARCHIVE__DATA": str(data)})
