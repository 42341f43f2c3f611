"""The least S3 client: signature version 4, one connection that is kept open, no retries, no buffering. Paths are plain ASCII."""

import datetime
import hashlib
import hmac
import http.client
import re
import time
from urllib.parse import quote, urlencode

from ..errors import SampleFailed

REGION = "us-east-1"


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Client:
    def __init__(self, host, port, access_key, secret_key):
        self._host = f"{host}:{port}"
        self._access_key = access_key
        self._secret_key = secret_key
        self._connection = http.client.HTTPConnection(host, port, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def make_bucket(self, bucket):
        self._ask("PUT", f"/{bucket}")

    def put(self, bucket, key, body):
        """Gives the seconds from the first byte that is sent to the answer; signing is not counted."""
        return self._ask("PUT", f"/{bucket}/{key}", body=body)[2]

    def get(self, bucket, key):
        return self._ask("GET", f"/{bucket}/{key}")[1]

    def remove(self, bucket, key):
        self._ask("DELETE", f"/{bucket}/{key}")

    def list(self, bucket, prefix):
        """All keys that begin with `prefix`, in order."""
        keys, token = [], None
        while True:
            query = {"list-type": "2", "prefix": prefix, **({"continuation-token": token} if token else {})}
            text = self._ask("GET", f"/{bucket}", query)[1].decode()
            keys += re.findall(r"<Key>([^<]*)</Key>", text)
            more = re.search(r"<NextContinuationToken>([^<]*)</NextContinuationToken>", text)
            if not more:
                return keys
            token = more.group(1)

    def begin_upload(self, bucket, key):
        text = self._ask("POST", f"/{bucket}/{key}", {"uploads": ""})[1].decode()
        return re.search(r"<UploadId>([^<]*)</UploadId>", text).group(1)

    def put_part(self, bucket, key, upload, number, body):
        headers = self._ask("PUT", f"/{bucket}/{key}", {"partNumber": str(number), "uploadId": upload}, body)[0]
        return headers["etag"]

    def end_upload(self, bucket, key, upload, etags):
        parts = "".join(f"<Part><PartNumber>{i}</PartNumber><ETag>{tag}</ETag></Part>" for i, tag in enumerate(etags, 1))
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        self._ask("POST", f"/{bucket}/{key}", {"uploadId": upload}, body)

    def _ask(self, method, path, query=None, body=b""):
        """(headers, body, seconds) of an answer that is no error."""
        query_text = urlencode(sorted((query or {}).items()), quote_via=quote)
        headers = self._signed(method, quote(path), query_text, body)
        begin = time.perf_counter()
        self._connection.request(method, f"{quote(path)}?{query_text}" if query_text else quote(path), body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - begin
        if answer.status >= 300:
            raise SampleFailed(f"{method} {path}: {answer.status} {text.decode(errors='replace')[:300]}")
        return {name.lower(): value for name, value in answer.getheaders()}, text, seconds

    def _signed(self, method, path, query_text, body):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": self._host, "x-amz-content-sha256": digest, "x-amz-date": now}
        names = ";".join(sorted(headers))
        canonical = "\n".join([method, path, query_text, *(f"{n}:{headers[n]}" for n in sorted(headers)), "", names, digest])
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self._secret_key}".encode()
        for part in scope.split("/"):
            key = _hmac(key, part)
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self._access_key}/{scope}, SignedHeaders={names}, "
                                    f"Signature={signature}")
        return headers
