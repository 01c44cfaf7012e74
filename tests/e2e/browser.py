"""A real browser without a window, driven by WebDriver (https://www.w3.org/TR/webdriver2/) with the standard library alone."""
import base64
import http.client
import json
import shutil
import subprocess

from stack import free_port, until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of a reference to an element


def missing():
    """Why there is no browser; empty when there is one."""
    lacking = [program for program in ("chromium", "chromedriver") if shutil.which(program) is None]
    return f"{' and '.join(lacking)} not installed (tools/packages)" if lacking else ""


class Browser:
    def __init__(self, folder, width=1280, height=900):
        self.port = free_port()
        self.log = open(folder / "chromedriver.log", "ab")
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=self.log, stderr=self.log)
        self.session = None
        until("the driver to answer", lambda: self.call("GET", "/status")["ready"], timeout=60)
        arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", f"--window-size={width},{height}",
                     f"--user-data-dir={folder / 'browser'}"]
        wanted = {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}}
        self.session = self.call("POST", "/session", {"capabilities": wanted})["sessionId"]

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{method} {path}: {value['error']}: {value['message'][:300]}")
        return value

    def ask(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector="body"):
        return self.run("const one = document.querySelector(arguments[0]); return one ? one.innerText : ''", selector)

    def find(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.ask("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        self.ask("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def errors(self):
        """What the page complained about: scripts that failed, what its policy refused."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def close(self):
        try:
            if self.session is not None:
                self.call("DELETE", f"/session/{self.session}")
        finally:
            self.driver.terminate()
            self.driver.wait(20)
            self.log.close()
