"""A store that speaks S3, for the tests: moto's, one request at a time.

usage: server.py PORT LOG

One at a time, because conditional writes must not race each other. Each request is a line in LOG. A bucket
whose name begins with `unconditional` ignores conditions, as some stores do. In one whose name begins with
`held`, the manifest of a release waits until there is a file LOG.BUCKET.
"""

import os
import sys
import threading
import time

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple


class Quiet(WSGIRequestHandler):
    """Says nothing of requests: the log does."""

    def log(self, *_):
        pass


def one_at_a_time(application, log):
    lock = threading.Lock()

    def answer(environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        print(method, path, file=log, flush=True)
        if method == "PUT" and path.startswith("/held") and "/releases/" in path:
            while not os.path.exists(log.name + "." + path.split("/")[1]):
                time.sleep(0.02)
        with lock:
            if path.startswith("/unconditional"):
                environ.pop("HTTP_IF_MATCH", None)
                environ.pop("HTTP_IF_NONE_MATCH", None)
            return [b"".join(application(environ, start_response))]

    return answer


port, log = int(sys.argv[1]), open(sys.argv[2], "a", encoding="utf-8")
application = DomainDispatcherApplication(create_backend_app)
run_simple("127.0.0.1", port, one_at_a_time(application, log), threaded=True, request_handler=Quiet)
