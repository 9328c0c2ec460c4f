"""Reads a page as a browser would, for tests of what it loads, links and says."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects what a page loads, its links, ids and visible text, and checks that tags nest."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.ids, self.tags, self.text = [], [], [], [], []
        self._open = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self._note(tag, dict(attrs))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self._note(tag, dict(attrs))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self._open):
            self.text.append(data)

    def _note(self, tag, attrs):
        self.tags.append(tag)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        for name, value in attrs.items():
            assert not name.startswith("on"), f"{tag} has a script in {name}"
            if name in ("src", "href", "xlink:href", "srcset", "data", "poster", "action"):
                (self.links if tag == "a" else self.loads).append(value)
