"""A web server on this machine that gives out files, whole or in part, and can break off."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Files:
    """What the server has, and what it was asked.

    Attributes:
        content: Files by their path.
        breaks: For each of the next answers how many bytes it ends after; None is all of them.
        without: Headers and abilities that the server does not have: ETag, Range, Content-Length.
        asked: Each request's path and its Range.
    """

    def __init__(self):
        self.content, self.breaks, self.without, self.asked = {}, [], set(), []
        self.address = ""


@contextmanager
def serving():
    files = Files()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            given = self.headers.get("Range")
            files.asked.append((self.path, given))
            if self.path not in files.content:
                self.send_error(404, "Not Found")
                return
            whole = files.content[self.path]
            mark = f'"{hashlib.md5(whole).hexdigest()}"'
            first = int(given.removeprefix("bytes=").rstrip("-")) if given else 0
            is_part = bool(given) and "Range" not in files.without and self.headers.get("If-Range") == mark
            if is_part and first >= len(whole):
                self.send_error(416)
                return
            body = whole[first:] if is_part else whole
            self.send_response(206 if is_part else 200)
            if "Content-Length" not in files.without:
                self.send_header("Content-Length", str(len(body)))
            if "ETag" not in files.without:
                self.send_header("ETag", mark)
            self.end_headers()
            limit = files.breaks.pop(0) if files.breaks else None
            self.wfile.write(body[:limit])

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    files.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
