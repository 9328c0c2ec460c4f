"""A server on loopback that speaks the OpenAI chat protocol, with faults as a test scripts them.

It answers from a script, one step per request, and then from `usual`. It keeps what it was asked,
with its headers, and the most requests that it had in hand at once.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MODEL = "test-model"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Reply:
    """One response: a completion with `content`, an HTTP error of a `status`, or any `body`."""

    content: str | None = None
    status: int = 200
    finish_reason: str = "stop"
    refusal: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "scripted"
    delay: float = 0.0
    usage: tuple[int, int] | None = (100, 20)
    hang_up: bool = False
    body: str | None = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    headers: Message
    body: Mapping[str, Any]

    @property
    def messages(self) -> list[dict[str, str]]:
        return self.body["messages"]

    @property
    def user(self) -> str:
        """The message that tells of the person."""
        return self.messages[1]["content"]


Answerer = Callable[[Asked], Reply]


class ChatServer:
    """The server; used as a context, it listens until the block ends.

    Args:
        usual: Answers whatever the script does not.
        script: The first replies, in the order of the requests.
    """

    def __init__(self, usual: Answerer, script: Iterable[Reply | Answerer] = ()) -> None:
        self.asked: list[Asked] = []
        self.most_in_flight = 0
        self._in_flight = 0
        self._usual = usual
        self._script = list(script)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply_to(self, asked: Asked) -> Reply:
        """Note a request and return what to say."""
        with self._lock:
            self.asked.append(asked)
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            answer = self._script.pop(0) if self._script else self._usual
        reply = answer if isinstance(answer, Reply) else answer(asked)
        time.sleep(reply.delay)
        return reply

    def replied(self) -> None:
        with self._lock:
            self._in_flight -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        chat = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == "/v1/models":
                    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "test"}
                    self.say(200, json.dumps({"object": "list", "data": [model]}))
                else:
                    self.say(404, json.dumps(error("no such path")))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/v1/chat/completions":
                    self.say(404, json.dumps(error("no such path")))
                    return
                reply = chat.reply_to(Asked(self.path, self.headers, json.loads(body)))
                # Before the bytes go out: whoever has them may ask again at once.
                chat.replied()
                if reply.hang_up:
                    self.close_connection = True
                    self.connection.close()
                    return
                if reply.body is not None:
                    text = reply.body
                else:
                    ok = reply.status == 200
                    text = json.dumps(completion(reply) if ok else error(reply.message))
                self.say(reply.status, text, {"Content-Type": reply.content_type, **reply.headers})

            def say(self, status: int, text: str, headers: Mapping[str, str] = _JSON) -> None:
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        return Handler


def completion(reply: Reply) -> dict[str, Any]:
    """Return a reply as the protocol's chat completion."""
    message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    body: dict[str, Any] = {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason}],
    }
    if reply.usage:
        prompt, written = reply.usage
        body["usage"] = {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        }
    return body


def error(message: str) -> dict[str, Any]:
    """Return the protocol's error body."""
    return {"error": {"message": message, "type": "test", "param": None, "code": None}}
