"""The operator's page in a real browser: every view, every act with its question, and what it must not do."""
import hashlib
import os
import pathlib
import tempfile
import unittest

import browser
from browser import Browser
from operator_test import Mode
from stack import until

TOKEN = "o" * 40
APP_TOKEN = "a" * 40
SHOTS = os.environ.get("BHI_SCREENSHOTS")  # a folder: pictures of every view


@unittest.skipIf(browser.missing(), f"the page is not looked at: {browser.missing()}")
class Console(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="bhi-browser-")
        cls.stack = Mode()
        cls.stack.mode = "dry-run"
        cls.stack.tokens = "tokens:\n" + "".join(
            f"  - {{name: {role}-1, role: {role}, hash: {hashlib.sha256(token.encode()).hexdigest()}}}\n"
            for role, token in (("operator", TOKEN), ("bhi-app", APP_TOKEN)))
        cls.stack.adapter.headers["Authorization"] = f"Bearer {TOKEN}"
        cls.stack.__enter__()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.addClassCleanup(cls.stack.__exit__, None, None, None)
        until("rehearsed items", lambda: len(cls.stack.items(trouble="dry-run")) >= 3, timeout=60)
        cls.browser = Browser(pathlib.Path(cls.temporary.name))
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.open(self.stack.adapter.base + "/admin")
        self.browser.run("sessionStorage.clear(); location.hash = ''; location.reload()")
        self.shown("plans")
        self.browser.errors()  # without a token the first questions are refused; said by the page

    def tearDown(self):
        self.assertEqual([message for message in self.browser.errors() if "Content Security Policy" in message or "Error" in message], [])

    def enter(self, token=TOKEN):
        self.browser.type("#token", token)
        self.browser.click("#token-form button[type=submit]")
        until("something to be shown", lambda: self.browser.text("#view") and self.browser.text("#status") == "")

    def shown(self, view):
        until(f"the view {view}", lambda: self.browser.run("return document.querySelector('#view').dataset.shown") == view)

    def go(self, view):
        self.browser.click(f"#tab-{view}")
        self.shown(view)
        until("the answer", lambda: self.browser.run("return document.querySelector('#view').children.length") > 0)
        if SHOTS:
            self.browser.screenshot(pathlib.Path(SHOTS) / f"{view}.png")

    def press(self, name):
        """A button by what a screen reader says of it."""
        self.browser.run("document.querySelector(`button[aria-label=\"${arguments[0]}\"]`).click()", name)

    def test_without_a_token_nothing_is_shown_but_what_to_do(self):
        until("the refusal", lambda: "Enter a token of role operator" in self.browser.text("#status"))
        self.assertEqual(self.browser.text("#view"), "")
        self.browser.type("#token", APP_TOKEN)
        self.browser.click("#token-form button[type=submit]")
        until("the refusal", lambda: "needs the role operator" in self.browser.text("#status"))
        self.assertNotIn(APP_TOKEN, self.browser.run("return document.documentElement.outerHTML"))

    def test_the_page_takes_nothing_from_elsewhere_and_keeps_the_token_in_its_tab(self):
        page = self.stack.adapter.ask("GET", "/admin", headers={"Authorization": ""})
        self.assertEqual(page.status, 200)
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        self.assertIn("frame-ancestors 'none'", page.headers["Content-Security-Policy"])
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        for text in (page.text, self.stack.adapter.ask("GET", "/admin/console.js").text, self.stack.adapter.ask("GET", "/admin/console.css").text):
            self.assertNotIn("http://", text)
            self.assertNotIn("https://", text)
            self.assertNotIn("innerHTML", text)
        self.enter()
        self.assertEqual(self.browser.run("return [sessionStorage.getItem('token'), localStorage.length, document.cookie]"), [TOKEN, 0, ""])
        self.assertNotIn(TOKEN, self.browser.run("return location.href"))
        self.browser.click("#forget")
        self.assertIsNone(self.browser.run("return sessionStorage.getItem('token')"))
        self.assertEqual(self.browser.text("#view"), "")

    def test_the_views_say_what_the_api_says_and_name_nobody(self):
        self.enter()
        self.go("plans")
        plans = self.browser.text("#view")
        for words in ("dry run: nothing is sent", "care-plan", "CarePlan update", "QuestionnaireResponse create, Observation create", "Flag"):
            self.assertIn(words, plans)
        self.go("queue")
        self.assertIn("dry run: POST Observation", self.browser.text("#view"))
        self.go("sources")
        self.assertIn("lastUpdated", self.browser.text("#view"))
        self.go("quarantine")
        self.assertIn("put aside", self.browser.text("#view"))
        self.go("safety")
        self.assertIn("dry run: POST Flag", self.browser.text("#view"))
        self.stack.adapter.headers["Authorization"] = f"Bearer {APP_TOKEN}"
        try:
            names = [part for patient in self.stack.patients() for part in patient["name"].split() if len(part) > 3]
        finally:
            self.stack.adapter.headers["Authorization"] = f"Bearer {TOKEN}"
        self.assertTrue(names)
        for view in ("plans", "queue", "sources", "quarantine", "safety"):
            self.go(view)
            text = self.browser.text("#view")
            self.assertEqual([name for name in names if name in text], [], view)

    def test_items_are_previewed_discarded_and_released_after_a_question(self):
        self.enter()
        self.go("queue")
        seq = next(item["seq"] for item in self.stack.items(trouble="dry-run", artifact="screening-result"))
        self.press(f"Preview item {seq}")
        until("the preview", lambda: "what would be sent" in self.browser.text("#preview"))
        self.assertIn("POST Observation", self.browser.text("#preview"))
        self.assertIn('"resourceType": "Observation"', self.browser.text("#preview"))
        if SHOTS:
            self.browser.screenshot(pathlib.Path(SHOTS) / "preview.png")

        self.press(f"Discard item {seq}")
        until("the question", lambda: self.browser.run("return document.querySelector('#ask').open"))
        if SHOTS:
            self.browser.screenshot(pathlib.Path(SHOTS) / "question.png")
        self.browser.run("document.querySelector('#ask button[value=no]').click()")
        self.assertEqual(self.state(seq), "parked", "nothing happens without a yes")
        self.press(f"Discard item {seq}")
        self.browser.type("#ask-input", "entered twice")
        self.browser.click("#ask-yes")
        until("the item to be dead", lambda: self.state(seq) == "dead")
        until("the page to say so", lambda: f"Item {seq} is discarded" in self.browser.text("#status"))

        self.press(f"Release item {seq}")
        self.browser.click("#ask-yes")
        until("another rehearsal", lambda: self.state(seq) == "parked")
        self.assertEqual(self.stack.writes(), [], "it is still a dry run")

    def test_the_tabs_are_walked_by_keyboard(self):
        self.enter()
        self.browser.run("document.querySelector('#tab-plans').focus()")
        self.browser.type("#tab-plans", "\ue014")  # arrow to the right
        self.shown("queue")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "tab-queue")
        self.assertEqual(self.browser.run("return document.querySelectorAll('[role=tab][aria-selected=true]').length"), 1)
        unnamed = self.browser.run("return [...document.querySelectorAll('input, select')].filter((one) => !one.labels.length).map((one) => one.id)")
        self.assertEqual(unnamed, [])

    def state(self, seq):
        return self.stack.adapter.get(f"/admin/outbox/{seq}?preview=false")["item"]["state"]


if __name__ == "__main__":
    unittest.main()
