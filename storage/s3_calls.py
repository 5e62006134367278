"""How an S3 server is spoken to: what may pass is tried again, what it refuses comes out as an error of the house."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import urllib3
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from pipeline.errors import NotWritten, Unreachable
from storage.objects import NoSuchObject
from storage.patience import Patience

T = TypeVar("T")

#: The object is not there.
MISSING = {"NoSuchKey", "NoSuchObject", "NoSuchVersion"}
#: It may be otherwise in a moment. A body that broke off is sent again: a server whose disk is full says so only the second time at times.
_AGAIN = {
    "IncompleteBody", "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "XMinioServerNotInitialized",
    "SlowDownRead", "SlowDownWrite", "XMinioReadQuorum", "XMinioWriteQuorum",
}  # fmt: skip
_DENIED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled"}

#: What a server says -> what we say of it.
_NAMED = {
    "disk_full": {"XMinioStorageFull", "InsufficientStorage", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded"},
    "file_too_big": {"EntityTooLarge"},
    "s3_denied": _DENIED,
    "s3_clock": {"RequestTimeTooSkewed"},
    "s3_no_bucket": {"NoSuchBucket"},
    "s3_altered_on_the_way": {"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"},
    "s3_busy": _AGAIN,
}


class S3Calls:
    """Part of the store, see `storage/s3.py`."""

    _patience: Patience

    def _client_call(self, what: Callable[[], T]) -> T:
        """`what()`, with the server's own refusals as they come."""
        try:
            return what()
        except S3Error:
            raise
        except (urllib3.exceptions.HTTPError, MinioException, ConnectionError) as e:
            raise Unreachable("store_unreachable", where=str(self), error=type(e).__name__) from e

    def _call(self, what: Callable[[], T], *, key: str = "", writing: bool = False) -> T:
        """`what()`, tried again while the failure may pass; failures come out as errors of the house."""
        waits = self._patience.waits()
        while True:
            wait = None
            try:
                answer = what()
            except S3Error as e:
                if e.code in MISSING:
                    raise NoSuchObject("no_such_object", object=key) from e
                if e.code not in _AGAIN or (wait := next(waits, None)) is None:
                    raise self._told(str(e.code), writing) from e
                self._patience.away(str(self), str(e.code), wait)
            except (urllib3.exceptions.HTTPError, ServerError, InvalidResponseError, ConnectionError) as e:
                if _is_distrust(e) or (wait := next(waits, None)) is None:
                    raise Unreachable("store_unreachable", where=str(self), error=type(e).__name__) from e
                self._patience.away(str(self), type(e).__name__, wait)
            else:
                self._patience.back(str(self))
                return answer
            time.sleep(wait)

    def _told(self, code: str, writing: bool) -> NotWritten | Unreachable:
        name = next((name for name, codes in _NAMED.items() if code in codes), "s3_refused")
        return NotWritten(name, where=str(self), error=code) if writing or name == "disk_full" else Unreachable(name, where=str(self), error=code)


def _is_distrust(error: Exception) -> bool:
    """A certificate that is not trusted is not trusted in a minute either."""
    return isinstance(getattr(error, "reason", None) or error, urllib3.exceptions.SSLError)
