#!/usr/bin/env python3
"""AWS Signature Version 4, written from its description and independent of the C++ signer.

  sigv4_check.py    checks itself against the examples that the S3 documentation publishes
"""

import hashlib
import hmac
import sys
import urllib.parse

ALGORITHM = "AWS4-HMAC-SHA256"


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def canonical_query(raw):
    pairs = urllib.parse.parse_qsl(raw, keep_blank_values=True)
    quoted = [(urllib.parse.quote(k, safe="-_.~"), urllib.parse.quote(v, safe="-_.~"))
              for k, v in pairs]
    return "&".join(f"{k}={v}" for k, v in sorted(quoted))


def signature(method, target, headers, signed_names, secret, region, service="s3"):
    """`headers` maps lower-case names to values; `target` is the path and ?query as sent."""
    path, _, query = target.partition("?")
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in signed_names]
    canonical = "\n".join([method, path, canonical_query(query), "".join(lines),
                           ";".join(signed_names), headers["x-amz-content-sha256"]])
    time = headers["x-amz-date"]
    scope = f"{time[:8]}/{region}/{service}/aws4_request"
    text = "\n".join([ALGORITHM, time, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (time[:8], region, service, "aws4_request"):
        key = mac(key, part)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def fault(method, target, headers, body, keys, region):
    """What S3 would find wrong with a signed request: (code, message), or None.

    `keys` maps access key ids to (secret, session token or None).
    """
    given = headers.get("authorization", "")
    if not given.startswith(ALGORITHM + " "):
        return "AccessDenied", "the request is not signed"
    fields = dict(field.strip().split("=", 1) for field in given[len(ALGORITHM):].split(","))
    key_id, day, its_region, service, ending = fields["Credential"].split("/")
    if key_id not in keys:
        return "InvalidAccessKeyId", "The access key does not exist in our records."
    secret, token = keys[key_id]
    if headers.get("x-amz-security-token") != token:
        return "InvalidToken", "The provided token is malformed or otherwise invalid."
    if its_region != region:
        return "AuthorizationHeaderMalformed", f"the region '{its_region}' is wrong"
    if (service, ending, day) != ("s3", "aws4_request", headers["x-amz-date"][:8]):
        return "AuthorizationHeaderMalformed", "the scope is wrong"
    names = fields["SignedHeaders"].split(";")
    if names != sorted(names) or "host" not in names:
        return "SignatureDoesNotMatch", "the signed headers are not sorted or lack the host"
    if any(name.startswith("x-amz-") and name not in names for name in headers):
        return "AccessDenied", "an x-amz- header is not signed"
    if headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
        return "XAmzContentSHA256Mismatch", "the body is not the one that was signed"
    if signature(method, target, headers, names, secret, region) != fields["Signature"]:
        return "SignatureDoesNotMatch", "The signature we calculated does not match."
    return None


EMPTY = hashlib.sha256(b"").hexdigest()
DATE = "20130524T000000Z"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PUBLISHED = (
    ("GET", "/test.txt", {"range": "bytes=0-9", "x-amz-content-sha256": EMPTY},
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
    ("PUT", "/test%24file.text",
     {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()},
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
    ("GET", "/?lifecycle=", {"x-amz-content-sha256": EMPTY},
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    ("GET", "/?max-keys=2&prefix=J", {"x-amz-content-sha256": EMPTY},
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
)


def main():
    wrong = 0
    for method, target, headers, expected in PUBLISHED:
        headers = {**headers, "host": "examplebucket.s3.amazonaws.com", "x-amz-date": DATE}
        got = signature(method, target, headers, sorted(headers), SECRET, "us-east-1")
        if got != expected:
            print(f"{method} {target}: {got}, published is {expected}")
            wrong += 1
    print(f"sigv4: {len(PUBLISHED)} published examples, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
