"""Between the daemon and the server: every write arrives, and the answer to its first attempt is lost. The worst that a network does."""
import http.client
import http.server
import threading
import urllib.parse

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class LossyProxy:
    def __init__(self, base):
        parts = urllib.parse.urlsplit(base)
        proxy = self
        self.lost, self.seen, self.lock = 0, set(), threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=300)
                try:  # the Host header stays: links of the server lead through us again
                    connection.request(self.command, self.path, body=body or None, headers=dict(self.headers.items()))
                    answer = connection.getresponse()
                    content = answer.read()
                finally:
                    connection.close()
                if proxy.loses(self.command, self.path, body):
                    self.close_connection = True  # it was done over there; nobody here will know
                    return
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = pass_on

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}{parts.path}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def loses(self, method, path, body):
        if method not in ("POST", "PUT"):
            return False
        with self.lock:
            key = (method, path, body)
            first = key not in self.seen
            self.seen.add(key)
            self.lost += first
            return first

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
