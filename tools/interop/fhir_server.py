"""The FHIR server under test, as this tool asks it: JSON over http or https, with the same ways to show who we are as the adapter."""
import base64
import dataclasses
import http.client
import json
import pathlib
import secrets
import ssl
import subprocess
import tempfile
import time
import urllib.parse


PATIENCE = 15  # times that a request is repeated after 429


@dataclasses.dataclass
class Auth:
    kind: str = "none"  # none, bearer, client-secret-basic, client-secret-post, smart
    token_file: str = ""
    client_id: str = ""
    secret_file: str = ""
    key_file: str = ""
    token_url: str = ""
    scopes: str = "system/*.cruds"


@dataclasses.dataclass
class Tls:
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    @property
    def json(self):
        return json.loads(self.text)

    def problem(self):
        """Status and issue codes, without texts that may tell of patients."""
        try:
            found = self.json
            codes = [issue.get("code", "?") for issue in found.get("issue", [])] or [str(found.get("error", ""))]
        except (ValueError, AttributeError):
            codes = ["no JSON"]
        return f"{self.status} {' '.join(codes)}".strip()


class Refused(Exception):
    """The server did not do what was asked; the message says what and how it answered."""


class FhirServer:
    def __init__(self, base, auth=None, tls=None):
        self.base, self.auth, self.tls = base.rstrip("/"), auth or Auth(), tls or Tls()
        self.connection, self.token, self.token_ends, self.calls = None, "", 0.0, 0
        self.origin = urllib.parse.urlsplit(self.base)[:2]

    # ---- asking ------------------------------------------------------------------------------------------------------

    def ask(self, method, path, body=None, headers=None, timeout=300):
        """`path`: below the base, or an absolute link of this server."""
        url = path if path.startswith(("http://", "https://")) else f"{self.base}/{path.lstrip('/')}"
        if urllib.parse.urlsplit(url)[:2] != self.origin:
            raise Refused(f"a link leads to another server than {self.base}")
        sent = {"Accept": "application/fhir+json", "Cache-Control": "no-cache", **self.credentials(), **(headers or {})}
        if body is not None:
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/fhir+json"
        answer = self.send(method, url, body, sent, timeout)
        for _ in range(PATIENCE):  # the daemon asks too, and both share what the server allows
            if answer.status != 429:
                break
            after = answer.headers.get("Retry-After", "")
            time.sleep(min(int(after), 60) if after.isdigit() else 5)
            answer = self.send(method, url, body, sent, timeout)
        return answer

    def send(self, method, url, body, headers, timeout=60):
        parts = urllib.parse.urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.calls += 1
        for attempt in (1, 2):  # a kept connection may have been closed by the server; a write on it did not arrive
            fresh = self.connection is None or self.connection.host != parts.hostname or self.connection.port != parts.port
            if fresh:
                self.close()
                self.connection = self.connect(parts, timeout)
            try:
                self.connection.request(method, target, body=body, headers=headers)
                response = self.connection.getresponse()
                return Answer(response.status, response.headers, response.read().decode("utf-8", "replace"))
            except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
                self.close()
                if fresh or attempt == 2:
                    raise

    def connect(self, parts, timeout):
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
        context = ssl.create_default_context(cafile=self.tls.ca_file or None)
        if self.tls.cert_file:
            context.load_cert_chain(self.tls.cert_file, self.tls.key_file or None)
        return http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=timeout, context=context)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, path):
        answer = self.ask("GET", path)
        if answer.status != 200:
            raise Refused(f"GET {path.split('?')[0]}: {answer.problem()}")
        return answer.json

    def search(self, resource_type, query):
        """All resources of a search, pages followed."""
        found, bundle = [], self.get(f"{resource_type}?{query}")
        while True:
            found += [entry["resource"] for entry in bundle.get("entry", [])
                      if entry.get("resource", {}).get("resourceType") == resource_type]
            following = [link["url"] for link in bundle.get("link", []) if link["relation"] == "next"]
            if not following:
                return found
            bundle = self.get(following[0])

    # ---- who we are --------------------------------------------------------------------------------------------------

    def credentials(self):
        if self.auth.kind == "none":
            return {}
        if self.auth.kind == "bearer":
            return {"Authorization": "Bearer " + read_secret(self.auth.token_file)}
        if time.monotonic() > self.token_ends:
            self.renew()
        return {"Authorization": "Bearer " + self.token}

    def token_url(self):
        if not self.auth.token_url:
            answer = self.send("GET", self.base + "/.well-known/smart-configuration", None, {"Accept": "application/json"})
            if answer.status != 200:
                raise Refused(f".well-known/smart-configuration: {answer.problem()}; say --token-url")
            self.auth.token_url = answer.json["token_endpoint"]
        return self.auth.token_url

    def renew(self):
        form, headers = {"grant_type": "client_credentials", "scope": self.auth.scopes}, {}
        url = self.token_url()
        if self.auth.kind == "smart":
            form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            form["client_assertion"] = assertion(self.auth.key_file, self.auth.client_id, url)
        elif self.auth.kind == "client-secret-basic":
            pair = ":".join(urllib.parse.quote(part, safe="") for part in (self.auth.client_id, read_secret(self.auth.secret_file)))
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form.update(client_id=self.auth.client_id, client_secret=read_secret(self.auth.secret_file))
        headers.update({"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"})
        answer = self.send("POST", url, urllib.parse.urlencode(form).encode(), headers)
        if answer.status != 200:
            raise Refused(f"token endpoint: {answer.problem()}")
        self.token = answer.json["access_token"]
        life = int(answer.json.get("expires_in", 60))
        self.token_ends = time.monotonic() + max(life - 15, life / 2)
        return life


def read_secret(path):
    return pathlib.Path(path).read_text().strip()


# ---- the signed assertion of SMART Backend Services ------------------------------------------------------------------


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True).stdout


def assertion(key_file, client_id, token_url):
    """RS384 or ES384, whichever the key is for. `kid`: its RFC 7638 thumbprint, as the adapter's own key set has it."""
    key_set = subprocess.run([bhi(), "keys", "show", key_file], capture_output=True, text=True, check=True).stdout
    key = json.loads(key_set)["keys"][0]
    algorithm = "RS384" if key["kty"] == "RSA" else "ES384"
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": token_url, "exp": now + 240, "iat": now, "jti": secrets.token_hex(16)}
    head = {"alg": algorithm, "typ": "JWT", "kid": key["kid"]}
    signed = ".".join(url64(json.dumps(part).encode()) for part in (head, claims))
    with tempfile.NamedTemporaryFile() as message:
        message.write(signed.encode())
        message.flush()
        signature = openssl("dgst", "-sha384", "-sign", key_file, message.name)
    return signed + "." + url64(signature if algorithm == "RS384" else fixed_width(signature))


def fixed_width(der, size=48):
    """r and s of an ECDSA signature in DER, each in `size` bytes (RFC 7518, 3.4)."""
    def integer(at):
        length = der[at + 1]
        return der[at + 2:at + 2 + length].lstrip(b"\0").rjust(size, b"\0"), at + 2 + length
    at = 2 if der[1] < 0x80 else 3
    r, at = integer(at)
    s, _ = integer(at)
    return r + s


def bhi():
    from stack import BIN  # the programs of the build under test
    return str(BIN / "bhi")
