"""Serves a dashboard over a log: what test L14 attacks; prints the port when it is there."""

import sys

from cascade.log import open_log
from cascade.serve.dashboard import dashboard
from cascade.serve.live import Live
from cascade.serve.page import View
from cascade.serve.server import make_server

path, port, header_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
with open_log(path, read_only=True) as log, Live(log) as live:
    live.made(View(period="all"))
    make_server(dashboard(live, log), host="127.0.0.1", port=port, key=None, header_s=header_s).run()
